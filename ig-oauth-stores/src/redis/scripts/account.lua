-- ARGV: client, user.
return read_account(ARGV[1], ARGV[2])
