-- ARGV: client, user. Gives how many there were.
return end_sessions(ARGV[1], ARGV[2])
