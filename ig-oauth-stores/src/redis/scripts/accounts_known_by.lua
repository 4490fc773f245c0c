-- KEYS: the set of users an id stands for. ARGV: client, id. Gives user and parts of each account.
local client, id = ARGV[2], ARGV[3]
local users, found = redis.call('SMEMBERS', KEYS[1]), {}
if redis.call('SISMEMBER', KEYS[1], id) == 0 then users[#users + 1] = id end
table.sort(users)
for _, user in ipairs(users) do
    local account = read_account(client, user)
    if account[2] then
        found[#found + 1] = user
        for _, part in ipairs(account) do found[#found + 1] = part end
    end
end
return found
