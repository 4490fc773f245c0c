-- Every script is given the prefix of keys first.
local prefix = ARGV[1]

local function account_key(client, user) return prefix .. ':account:' .. user .. ':' .. client end
local function sessions_key(client, user) return prefix .. ':sessions:' .. user .. ':' .. client end
local function session_key(hash) return prefix .. ':session:' .. hash end
local function accounts_key(client) return prefix .. ':accounts:' .. client end
local function known_key(client, id) return prefix .. ':known:' .. id .. ':' .. client end

-- The parts of an account, as replies give them and arguments bring them.
local function read_account(client, user)
    return redis.call('HMGET', account_key(client, user),
        'further_ids', 'sealed_token', 'scopes', 'issued_at', 'expires_at')
end

-- Lets a key live for so many seconds more, unless it lives longer anyway.
local function live_on(key, seconds)
    local left = redis.call('TTL', key)
    if left >= 0 and left >= tonumber(seconds) then return end
    redis.call('EXPIRE', key, seconds)
end

-- Writes an account, and the sets by which its further ids (digits, separated by spaces) find it.
local function write_account(client, user, further, token, scopes, issued, expires, seconds)
    local key = account_key(client, user)
    redis.call('HSET', key, 'further_ids', further, 'sealed_token', token, 'scopes', scopes,
        'issued_at', issued, 'expires_at', expires)
    redis.call('EXPIRE', key, seconds)
    redis.call('ZADD', accounts_key(client), 0, user)
    for id in string.gmatch(further, '%d+') do
        redis.call('SADD', known_key(client, id), user)
        live_on(known_key(client, id), seconds)
    end
end

-- The same, keeping the ids that are known already. With it go a few names of accounts that Redis
-- has let expire: each write looks at three, so the list does not outgrow the accounts.
local function put_account(client, user, further, token, scopes, issued, expires, seconds)
    local given = ' ' .. further .. ' '
    local present = redis.call('HGET', account_key(client, user), 'further_ids')
    for id in string.gmatch(present or '', '%d+') do
        if not string.find(given, ' ' .. id .. ' ', 1, true) then further = further .. ' ' .. id end
    end
    write_account(client, user, further, token, scopes, issued, expires, seconds)
    for _, name in ipairs(redis.call('ZRANDMEMBER', accounts_key(client), 3)) do
        if redis.call('EXISTS', account_key(client, name)) == 0 then
            redis.call('ZREM', accounts_key(client), name)
        end
    end
end

local function end_sessions(client, user)
    local ended = 0
    for _, hash in ipairs(redis.call('SMEMBERS', sessions_key(client, user))) do
        ended = ended + redis.call('DEL', session_key(hash))
    end
    redis.call('DEL', sessions_key(client, user))
    return ended
end

