-- ARGV: client, the user after whom to start or nothing, how many, and the moment before which their
-- tokens stop working, or nothing for all. Gives accounts and the user after whom to go on, or nothing
-- at the end.
--
-- Scores round the last moments there are, so accounts that expire at the moment itself may be among
-- them; the caller looks at each.
local client, after, most, before = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

-- Other work waits for a script, so none looks at more entries than take some milliseconds.
local AT_ONCE, STEP = 5000, 1000

local expiry, users, last = expiry_key(client), {}, ''

-- The next users in order, and where to go on.
local function walk(step)
  local from = '-'
  if after ~= '' then from = '(' .. after end
  local walked = redis.call('ZRANGEBYLEX', users_key(client), from, '+', 'LIMIT', 0, step)
  if #walked == step then last = walked[step] end
  return walked
end

if before == '' then
  users = walk(most)
elseif redis.call('ZCOUNT', expiry, '-inf', before) <= AT_ONCE then
  -- Few expire: they are put in order here.
  local due = {}
  for _, user in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', before)) do
    if user > after then due[#due + 1] = user end
  end
  table.sort(due)
  for at = 1, math.min(#due, most) do users[at] = due[at] end
  if #due > most then last = users[most] end
else
  -- Many expire: a walk in order soon meets enough of them.
  for _, user in ipairs(walk(STEP)) do
    local ends = redis.call('ZSCORE', expiry, user)
    if ends and tonumber(ends) <= tonumber(before) then
      users[#users + 1] = user
      if #users == most then
        last = user
        break
      end
    end
  end
end

local found = {}
for _, user in ipairs(users) do
  local account = read_account(client, user)
  if account then
    found[#found + 1] = account
  else
    leave_indexes(client, user)
  end
end
return {found, last}
