-- ARGV: the key, the owner.
local key = base .. ':claim:' .. ARGV[1]
if redis.call('HGET', key, 'owner') == ARGV[2] then redis.call('DEL', key) end
