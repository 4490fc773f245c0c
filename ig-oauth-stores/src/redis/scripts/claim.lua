-- ARGV: the key, the owner, until when, the present, and how many seconds to keep it. Gives whether
-- the claim was made.

local key, owner = base .. ':claim:' .. ARGV[1], ARGV[2]
local held = redis.call('HMGET', key, 'owner', 'until')
if held[1] and held[1] ~= owner and is_after(held[2], ARGV[4]) then return 0 end
if is_after(ARGV[3], ARGV[4]) then
  redis.call('HSET', key, 'owner', owner, 'until', ARGV[3])
  redis.call('EXPIRE', key, ARGV[5])
else
  redis.call('DEL', key)
end
return 1
