-- ARGV: the hash, the status, when it was requested, when it expires, and how many seconds to keep it.
local key = base .. ':deletion:' .. ARGV[1]
redis.call('HSET', key, 'status', ARGV[2], 'requested_at', ARGV[3], 'expires_at', ARGV[4])
redis.call('EXPIRE', key, ARGV[5])
