-- ARGV: the hash, when it was last seen, when it expires, and how many seconds to keep it.
local hash, expires_at, life = ARGV[1], ARGV[3], ARGV[4]
local key = session_key(hash)
local whose = redis.call('HMGET', key, 'client', 'user')
if not whose[1] then return end
redis.call('HSET', key, 'last_seen_at', ARGV[2], 'expires_at', expires_at)
redis.call('EXPIRE', key, life)
local sessions = sessions_key(whose[1], whose[2])
redis.call('ZADD', sessions, expires_at, hash)
prolong(sessions, life)
