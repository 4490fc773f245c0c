-- KEYS: session. ARGV: its hash.
local owner = redis.call('HMGET', KEYS[1], 'client_id', 'user_id')
if not owner[1] then return end
redis.call('DEL', KEYS[1])
redis.call('SREM', sessions_key(owner[1], owner[2]), ARGV[2])
