-- The hedgers that share markets.
-- KEYS 1 states (hash: name -> JSON)  2 until when each counts as alive (sorted set, ms)
-- ARGV 1 operation  2 name  3 command that publishes  4 channel of the bell, empty: it does not ring
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- tell: 5 state  6 life in ms. Throws out who is dead; answers 1 where this one was not known, and names and states of
-- those that live. Nobody lives longer than a life from now: once this clock has been set back, the dead would.
local is_new = 0
if ARGV[1] == 'tell' then
  local latest_ms = now_ms + tonumber(ARGV[6])
  for _, ahead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], string.format('(%.0f', latest_ms), '+inf')) do
    redis.call('ZADD', KEYS[2], latest_ms, ahead)
  end
  is_new = redis.call('HSET', KEYS[1], ARGV[2], ARGV[5])
  redis.call('ZADD', KEYS[2], now_ms + tonumber(ARGV[6]), ARGV[2])
  for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now_ms)) do
    redis.call('HDEL', KEYS[1], dead)
    redis.call('ZREM', KEYS[2], dead)
  end
elseif ARGV[1] == 'leave' then
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('ZREM', KEYS[2], ARGV[2])
elseif ARGV[1] == 'read' then
  local living = {}
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], string.format('(%.0f', now_ms), '+inf')) do
    living[#living + 1] = name
    living[#living + 1] = redis.call('HGET', KEYS[1], name)
  end
  return living
elseif ARGV[1] ~= 'ring' then
  return redis.error_reply('no such operation')
end

if ARGV[4] ~= '' then
  redis.call(ARGV[3], ARGV[4], ARGV[2])
end
return {is_new, redis.call('HGETALL', KEYS[1])}
