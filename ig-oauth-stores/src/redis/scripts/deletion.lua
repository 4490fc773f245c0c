-- ARGV: the hash.
local found = redis.call('HMGET', base .. ':deletion:' .. ARGV[1], 'status', 'requested_at',
  'expires_at')
return found[1] and found
