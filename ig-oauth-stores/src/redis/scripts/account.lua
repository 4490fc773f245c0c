-- ARGV: client, user. Gives the account's parts; nothing when it is missing.
local account = read_account(ARGV[2], ARGV[3])
if not account[2] then return {} end
return account
