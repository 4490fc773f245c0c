-- ARGV: client, user, and the token that must be there. Gives whether it was.
local client, user = ARGV[1], ARGV[2]
if redis.call('HGET', account_key(client, user), 'token') ~= ARGV[3] then return 0 end
forget_account(client, user)
return 1
