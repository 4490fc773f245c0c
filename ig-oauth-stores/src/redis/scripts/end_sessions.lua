-- ARGV: client, user. Gives how many sessions there were.
return end_sessions(ARGV[2], ARGV[3])
