-- Whether this user may do here what the other scripts do: read, write and set an end.
redis.call('HSET', base .. ':check', 'at', '0')
redis.call('EXPIRE', base .. ':check', '1')
