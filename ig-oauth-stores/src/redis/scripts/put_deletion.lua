-- KEYS: deletion request. ARGV: status, requested, expires, seconds to keep.
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'requested_at', ARGV[3], 'expires_at', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
