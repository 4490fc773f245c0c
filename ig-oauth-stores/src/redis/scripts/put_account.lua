-- ARGV 1 to 8: the account, as write_account has them. Then the session, if one begins: its hash, when
-- it was created, when last seen, when it expires, and how many seconds to keep it.
put_account()
if ARGV[9] then
  local client, user, hash, expires_at, life = ARGV[1], ARGV[2], ARGV[9], ARGV[12], ARGV[13]
  end_session(hash)
  local key, sessions = session_key(hash), sessions_key(client, user)
  redis.call('HSET', key, 'client', client, 'user', user, 'created_at', ARGV[10],
    'last_seen_at', ARGV[11], 'expires_at', expires_at)
  redis.call('EXPIRE', key, life)
  redis.call('ZADD', sessions, expires_at, hash)
  prolong(sessions, life)
  for _, other in ipairs(redis.call('ZRANGE', sessions, 0, FEW - 1)) do
    if redis.call('EXISTS', session_key(other)) == 0 then redis.call('ZREM', sessions, other) end
  end
end
