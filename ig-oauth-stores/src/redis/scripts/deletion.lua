-- KEYS: deletion request.
local request = redis.call('HMGET', KEYS[1], 'status', 'requested_at', 'expires_at')
if not request[1] then return {} end
return request
