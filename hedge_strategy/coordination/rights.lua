-- Tries every command that the other scripts and their callers give, on a key of its own and on a channel that nobody
-- hears. Answers the names of those that this login may not give.
-- KEYS 1 a key that nothing else uses
-- ARGV 1 a channel that nobody hears
local key, channel = KEYS[1], ARGV[1]

local tried = {
  {'DEL', key}, {'SET', key, '1', 'PX', '1000'}, {'GET', key}, {'EXISTS', key}, {'PTTL', key}, {'DEL', key},
  {'HSET', key, 'a', '1'}, {'HGET', key, 'a'}, {'HMGET', key, 'a'}, {'HGETALL', key}, {'HINCRBY', key, 'a', '1'},
  {'HDEL', key, 'b'}, {'PEXPIRE', key, '1000'}, {'DEL', key},
  {'ZADD', key, '1', 'a'}, {'ZCARD', key}, {'ZRANGE', key, '0', '0'}, {'ZRANGEBYLEX', key, '-', '+'},
  {'ZRANGEBYSCORE', key, '0', '0'}, {'ZREM', key, 'b'}, {'ZPOPMIN', key}, {'DEL', key},
  {'XADD', key, '*', 'a', '1'}, {'XGROUP', 'CREATE', key, 'group', '0'},
  {'XREADGROUP', 'GROUP', 'group', 'one', 'COUNT', '1', 'STREAMS', key, '>'},
  {'XAUTOCLAIM', key, 'group', 'one', '0', '0'}, {'XPENDING', key, 'group'}, {'XINFO', 'CONSUMERS', key, 'group'},
  {'XACK', key, 'group', '0-1'}, {'XRANGE', key, '-', '+', 'COUNT', '1'}, {'XTRIM', key, 'MAXLEN', '0'}, {'DEL', key},
  {'TIME'}, {'PUBLISH', channel, ''}, {'SCAN', '0', 'COUNT', '1'},
}

local refused, seen = {}, {}
for _, command in ipairs(tried) do
  local answer = redis.pcall(unpack(command))
  local failure = type(answer) == 'table' and answer.err or ''
  if string.find(failure, 'NOPERM', 1, true) or string.find(failure, 'user executing the script', 1, true) then
    if not seen[command[1]] then
      seen[command[1]] = true
      refused[#refused + 1] = command[1]
    end
  end
end
return refused
