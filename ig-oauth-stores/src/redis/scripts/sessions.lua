-- KEYS: the set of an account's sessions. Gives hash, created, seen and expires of each.
local found = {}
for _, hash in ipairs(redis.call('SMEMBERS', KEYS[1])) do
    local times = redis.call('HMGET', session_key(hash), 'created_at', 'last_seen_at', 'expires_at')
    if times[1] then
        found[#found + 1] = hash
        for _, time in ipairs(times) do found[#found + 1] = time end
    end
end
return found
