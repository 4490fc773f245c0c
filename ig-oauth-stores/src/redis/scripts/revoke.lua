-- ARGV: client, the id. Gives how many accounts there were.
local client, users = ARGV[1], known_by(ARGV[1], ARGV[2])
for _, user in ipairs(users) do forget_account(client, user) end
return #users
