-- ARGV: the hash, the status that must be there or nothing, the present; then the record: its status,
-- when it was requested, when it expires, and how many seconds to keep it. Gives whether it was kept.
local key, present = base .. ':deletion:' .. ARGV[1], ''
local found = redis.call('HMGET', key, 'status', 'expires_at')
if found[1] and is_after(found[2], ARGV[3]) then present = found[1] end
if present ~= ARGV[2] then return 0 end
redis.call('HSET', key, 'status', ARGV[4], 'requested_at', ARGV[5], 'expires_at', ARGV[6])
redis.call('EXPIRE', key, ARGV[7])
return 1
