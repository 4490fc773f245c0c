-- KEYS: account. ARGV: an account (2 to 9), then the sealed token that must be present.
local present = redis.call('HMGET', KEYS[1], 'sealed_token', 'further_ids')
if present[1] ~= ARGV[10] then return 0 end
local client, user = ARGV[2], ARGV[3]
for id in string.gmatch(present[2] or '', '%d+') do
    redis.call('SREM', known_key(client, id), user)
end
write_account(client, user, ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
return 1
