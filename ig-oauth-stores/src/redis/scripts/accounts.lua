-- ARGV: client, the user after whom to start or nothing, and how many. Gives accounts and the user
-- after whom to go on, or nothing at the end.
local client, after, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local from = '-'
if after ~= '' then from = '(' .. after end
local users = redis.call('ZRANGEBYLEX', users_key(client), from, '+', 'LIMIT', 0, most)
local found = {}
for _, user in ipairs(users) do
  local account = read_account(client, user)
  if account then
    found[#found + 1] = account
  else
    leave_indexes(client, user)
  end
end
local last = ''
if #users == most then last = users[most] end
return {found, last}
