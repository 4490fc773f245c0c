-- KEYS: session. ARGV: an account (2 to 9), then hash, created, seen, expires and seconds to keep.
local client, user = ARGV[2], ARGV[3]
put_account(client, user, ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
redis.call('HSET', KEYS[1], 'client_id', client, 'user_id', user,
    'created_at', ARGV[11], 'last_seen_at', ARGV[12], 'expires_at', ARGV[13])
redis.call('EXPIRE', KEYS[1], ARGV[14])
-- Sessions that Redis has let expire leave the set of the account at its next login.
local sessions = sessions_key(client, user)
for _, hash in ipairs(redis.call('SMEMBERS', sessions)) do
    if redis.call('EXISTS', session_key(hash)) == 0 then redis.call('SREM', sessions, hash) end
end
redis.call('SADD', sessions, ARGV[10])
live_on(sessions, ARGV[14])
