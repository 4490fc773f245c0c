-- KEYS: the set of users an id stands for. ARGV: client, id. Gives how many accounts there were.
local client, id = ARGV[2], ARGV[3]
local users, revoked = redis.call('SMEMBERS', KEYS[1]), 0
if redis.call('SISMEMBER', KEYS[1], id) == 0 then users[#users + 1] = id end
for _, user in ipairs(users) do
    -- Also where Redis has let the account expire: no session may come alive at the next login.
    end_sessions(client, user)
    local further = redis.call('HGET', account_key(client, user), 'further_ids')
    for other in string.gmatch(further or '', '%d+') do
        redis.call('SREM', known_key(client, other), user)
    end
    revoked = revoked + redis.call('DEL', account_key(client, user))
    redis.call('ZREM', accounts_key(client), user)
end
redis.call('DEL', KEYS[1])
return revoked
