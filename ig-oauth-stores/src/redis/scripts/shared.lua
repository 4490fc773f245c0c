-- What all scripts start with.
--
-- KEYS[1] is the prefix as a hash tag, "{ig_oauth}". Every other name begins with it, so a cluster
-- keeps them all in one slot and a script may reach any of them. Client ids come last in a name: they
-- may hold any character, and user ids hold digits only.
--
--   :session:<hash>               one session
--   :account:<user>:<client>      one account
--   :sessions:<user>:<client>     the hashes of an account's sessions, by when they end
--   :known:<id>:<client>          the users of an app that have this further id
--   :users:<client>               the users of an app, in the order of their ids
--   :expiry:<client>              the same, by when their tokens stop working
--   :claim:<key>                  one claim
--   :deletion:<hash>              one deletion request
--
-- Each name has an end by Redis' own clock, later than that of any record it stands for. What an
-- index still names when its record has gone is left out when it is met, and removed.

local base = KEYS[1]

-- How many entries of an index are looked at on the side.
local FEW = 10

local function session_key(hash) return base .. ':session:' .. hash end
local function account_key(client, user) return base .. ':account:' .. user .. ':' .. client end
local function sessions_key(client, user) return base .. ':sessions:' .. user .. ':' .. client end
local function known_key(client, id) return base .. ':known:' .. id .. ':' .. client end
local function users_key(client) return base .. ':users:' .. client end
local function expiry_key(client) return base .. ':expiry:' .. client end

-- Whether one moment is after another. As texts: Lua's numbers would round the last moments there are.
local function is_after(one, other)
  if #one ~= #other then return #one > #other end
  return one > other
end

-- Lets a name that stands for several records live as long as the longest of them.
local function prolong(key, life)
  if redis.call('TTL', key) < tonumber(life) then redis.call('EXPIRE', key, life) end
end

-- Further ids are a JSON list of texts of digits, so no JSON is needed to read them.
local function each_id(list) return string.gmatch(list, '"(%d+)"') end
local function has_id(list, id) return string.find(list, '"' .. id .. '"', 1, true) ~= nil end

-- The first list, and of the second what the first has not.
local function joined(list, others)
  local all = {}
  for id in each_id(list) do all[#all + 1] = id end
  for id in each_id(others) do
    if not has_id(list, id) then all[#all + 1] = id end
  end
  if #all == 0 then return '[]' end
  return '["' .. table.concat(all, '","') .. '"]'
end

local function read_account(client, user)
  local found = redis.call('HMGET', account_key(client, user), 'client', 'user', 'further_ids',
    'token', 'scopes', 'issued_at', 'expires_at')
  return found[1] and found
end

local function leave_indexes(client, user)
  redis.call('ZREM', users_key(client), user)
  redis.call('ZREM', expiry_key(client), user)
end

-- Ends all sessions of an account. How many there were.
local function end_sessions(client, user)
  local key, ended = sessions_key(client, user), 0
  for _, hash in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    ended = ended + redis.call('DEL', session_key(hash))
  end
  redis.call('DEL', key)
  return ended
end

-- Ends one session.
local function end_session(hash)
  local key = session_key(hash)
  local whose = redis.call('HMGET', key, 'client', 'user')
  if whose[1] then
    redis.call('DEL', key)
    redis.call('ZREM', sessions_key(whose[1], whose[2]), hash)
  end
end

-- Writes the account of ARGV 1 to 8: client, user, further ids, token, scopes, when it was issued,
-- when it expires, and how many seconds to keep it.
local function write_account(further_ids)
  local client, user, expires_at, life = ARGV[1], ARGV[2], ARGV[7], ARGV[8]
  local key, users, expiry = account_key(client, user), users_key(client), expiry_key(client)
  redis.call('HSET', key, 'client', client, 'user', user, 'further_ids', further_ids,
    'token', ARGV[4], 'scopes', ARGV[5], 'issued_at', ARGV[6], 'expires_at', expires_at)
  redis.call('EXPIRE', key, life)
  for id in each_id(further_ids) do
    redis.call('SADD', known_key(client, id), user)
    prolong(known_key(client, id), life)
  end
  redis.call('ZADD', users, 0, user)
  prolong(users, life)
  redis.call('ZADD', expiry, expires_at, user)
  prolong(expiry, life)
  -- Accounts that Redis has forgotten leave the indexes with time, also where nobody reads them.
  for _, other in ipairs(redis.call('ZRANGE', expiry, 0, FEW - 1)) do
    if redis.call('EXISTS', account_key(client, other)) == 0 then leave_indexes(client, other) end
  end
end

-- The same, further ids joined with those that are there.
local function put_account()
  local client, user, further_ids = ARGV[1], ARGV[2], ARGV[3]
  local earlier = redis.call('HGET', account_key(client, user), 'further_ids')
  if earlier then
    further_ids = joined(further_ids, earlier)
  else
    -- A user who returns after the account was deleted starts anew.
    end_sessions(client, user)
  end
  write_account(further_ids)
end

-- Removes an account with all that leads to it, and its sessions.
local function forget_account(client, user)
  local key = account_key(client, user)
  for id in each_id(redis.call('HGET', key, 'further_ids')) do
    redis.call('SREM', known_key(client, id), user)
  end
  redis.call('DEL', key)
  leave_indexes(client, user)
  end_sessions(client, user)
end

-- The users of an app that are known by an id.
local function known_by(client, id)
  local users = {}
  if redis.call('EXISTS', account_key(client, id)) == 1 then users[1] = id end
  for _, user in ipairs(redis.call('SMEMBERS', known_key(client, id))) do
    -- A user who was forgotten may have come back without this id.
    local further_ids = redis.call('HGET', account_key(client, user), 'further_ids')
    if not further_ids or not has_id(further_ids, id) then
      redis.call('SREM', known_key(client, id), user)
    elseif user ~= id then
      users[#users + 1] = user
    end
  end
  return users
end
