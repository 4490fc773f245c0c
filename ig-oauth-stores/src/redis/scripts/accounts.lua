-- KEYS: the app's accounts. ARGV: client, the user to start after (empty: at the first), the moment
-- before which tokens end (empty: any), how many accounts at most, how many names to look at.
-- Gives the user to go on after (empty: there is nothing more), then user and parts of each account.
local client, after, before = ARGV[2], ARGV[3], tonumber(ARGV[4])
local limit, budget = tonumber(ARGV[5]), tonumber(ARGV[6])
local from = after == '' and '-' or '(' .. after
local names = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, budget)
local found, go_on = {''}, ''
if #names == budget then go_on = names[#names] end
for _, user in ipairs(names) do
    if limit == 0 then break end
    local account = read_account(client, user)
    if not account[2] then
        redis.call('ZREM', KEYS[1], user)
    elseif not before or tonumber(account[5]) < before then
        found[#found + 1] = user
        for _, part in ipairs(account) do found[#found + 1] = part end
        limit = limit - 1
    end
end
found[1] = go_on
return found
