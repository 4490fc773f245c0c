-- KEYS: claim. ARGV: owner, until, now, seconds to keep. Gives whether it was made.
local held = redis.call('HMGET', KEYS[1], 'owner', 'until')
if held[1] and held[1] ~= ARGV[2] and tonumber(held[2]) > tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'until', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
