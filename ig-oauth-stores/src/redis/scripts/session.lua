-- ARGV: the hash. Gives the fields of the account, then those of the session.
local session = redis.call('HMGET', session_key(ARGV[1]), 'client', 'user', 'created_at',
  'last_seen_at', 'expires_at')
if not session[1] then return false end
local account = read_account(session[1], session[2])
if not account then return false end
for _, field in ipairs({ARGV[1], session[3], session[4], session[5]}) do
  account[#account + 1] = field
end
return account
