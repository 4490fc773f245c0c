-- KEYS: claim. ARGV: owner.
if redis.call('HGET', KEYS[1], 'owner') == ARGV[2] then redis.call('DEL', KEYS[1]) end
