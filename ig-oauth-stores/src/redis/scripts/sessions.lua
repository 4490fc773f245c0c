-- ARGV: client, user. Gives all sessions, expired ones that are still there included.
local key, found = sessions_key(ARGV[1], ARGV[2]), {}
for _, hash in ipairs(redis.call('ZRANGE', key, 0, -1)) do
  local session = redis.call('HMGET', session_key(hash), 'created_at', 'last_seen_at', 'expires_at')
  if session[1] then
    found[#found + 1] = {hash, session[1], session[2], session[3]}
  else
    redis.call('ZREM', key, hash)
  end
end
return found
