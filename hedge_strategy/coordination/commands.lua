-- Commands of the user.
-- KEYS 1 log (stream)  2 standing (hash: market -> id and command)
-- ARGV 1 market, `*` for all  2 command (JSON)  3 channel  4 how many commands the log keeps. Answers the command's id.
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'command', ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], id .. ' ' .. ARGV[2])
redis.call('PUBLISH', ARGV[3], id)
return id
