-- ARGV: the hash.
end_session(ARGV[1])
