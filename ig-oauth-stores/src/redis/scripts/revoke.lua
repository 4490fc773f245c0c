-- ARGV: client, the id. Gives how many accounts there were.
local client, users = ARGV[1], known_by(ARGV[1], ARGV[2])
for _, user in ipairs(users) do
  local key = account_key(client, user)
  for id in each_id(redis.call('HGET', key, 'further_ids')) do
    redis.call('SREM', known_key(client, id), user)
  end
  redis.call('DEL', key)
  leave_indexes(client, user)
  end_sessions(client, user)
end
return #users
