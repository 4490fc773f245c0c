-- ARGV 1 to 8: the account, as write_account has them; 9: the token that must be there.
local client, user, further_ids = ARGV[1], ARGV[2], ARGV[3]
local found = redis.call('HMGET', account_key(client, user), 'token', 'further_ids')
if found[1] ~= ARGV[9] then return 0 end
for id in each_id(found[2]) do
  if not has_id(further_ids, id) then redis.call('SREM', known_key(client, id), user) end
end
write_account(further_ids)
return 1
