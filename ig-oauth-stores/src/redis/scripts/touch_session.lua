-- KEYS: session. ARGV: seen, expires, seconds to keep.
local owner = redis.call('HMGET', KEYS[1], 'client_id', 'user_id')
if not owner[1] then return end
redis.call('HSET', KEYS[1], 'last_seen_at', ARGV[2], 'expires_at', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
live_on(sessions_key(owner[1], owner[2]), ARGV[4])
