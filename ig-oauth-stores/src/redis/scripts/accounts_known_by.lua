-- ARGV: client, the id.
local found = {}
for _, user in ipairs(known_by(ARGV[1], ARGV[2])) do
  found[#found + 1] = read_account(ARGV[1], user)
end
return found
