-- The status board.
-- KEYS 1 states (hash: name -> JSON)  2 until when each holds (sorted set, ms)
-- ARGV 1 operation
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- write: 2 life in ms  3 ... names and states. Also throws out some that are over.
if ARGV[1] == 'write' then
  local until_ms = now_ms + tonumber(ARGV[2])
  for i = 3, #ARGV, 2 do
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    redis.call('ZADD', KEYS[2], until_ms, ARGV[i])
  end
  for _, over in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now_ms, 'LIMIT', 0, 10)) do
    redis.call('HDEL', KEYS[1], over)
    redis.call('ZREM', KEYS[2], over)
  end
  return 1
end

-- remove: 2 name.
if ARGV[1] == 'remove' then
  redis.call('HDEL', KEYS[1], ARGV[2])
  return redis.call('ZREM', KEYS[2], ARGV[2])
end

-- read: 2 how many at most. Answers names and states.
if ARGV[1] == 'read' then
  local found = {}
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], string.format('(%.0f', now_ms), '+inf', 'LIMIT', 0, ARGV[2]))
  do
    found[#found + 1] = name
    found[#found + 1] = redis.call('HGET', KEYS[1], name)
  end
  return found
end

return redis.error_reply('no such operation')
