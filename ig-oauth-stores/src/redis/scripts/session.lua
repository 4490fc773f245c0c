-- KEYS: session. Gives the session's parts and its account's; nothing when either is missing.
local session = redis.call('HMGET', KEYS[1],
    'client_id', 'user_id', 'created_at', 'last_seen_at', 'expires_at')
if not session[1] then return {} end
local account = read_account(session[1], session[2])
if not account[2] then return {} end
for _, part in ipairs(account) do session[#session + 1] = part end
return session
