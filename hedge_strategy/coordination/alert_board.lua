-- The alert board.
-- KEYS 1 standing (hash: subject -> notice)  2 notices (hash: id -> notice)  3 their order (sorted set, ms)
--      4 deliveries (hash: id -> by which channels)
-- ARGV 1 operation

-- put: 2 id  3 subject  4 notice  5 whether it stands, 1 or 0  6 when, ms  7 how many are kept.
if ARGV[1] == 'put' then
  if ARGV[5] == '1' then
    redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
  else
    redis.call('HDEL', KEYS[1], ARGV[3])
  end
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
  redis.call('ZADD', KEYS[3], ARGV[6], ARGV[2])
  for _ = 1, redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[7]) do
    local oldest = redis.call('ZPOPMIN', KEYS[3])[1]
    redis.call('HDEL', KEYS[2], oldest)
    redis.call('HDEL', KEYS[4], oldest)
  end
  return 1
end

-- delivered: 2 id  3 by which channels. Answers 0 where the notice is gone.
if ARGV[1] == 'delivered' then
  if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then return 0 end
  redis.call('HSET', KEYS[4], ARGV[2], ARGV[3])
  return 1
end

-- recent: 2 how many at most. Answers notices and deliveries (empty: none is known yet), oldest first.
if ARGV[1] == 'recent' then
  local found = {}
  for _, id in ipairs(redis.call('ZRANGE', KEYS[3], -tonumber(ARGV[2]), -1)) do
    found[#found + 1] = redis.call('HGET', KEYS[2], id)
    found[#found + 1] = redis.call('HGET', KEYS[4], id) or ''
  end
  return found
end

-- standing. Answers notices.
if ARGV[1] == 'standing' then
  local found = redis.call('HGETALL', KEYS[1])
  local notices = {}
  for i = 2, #found, 2 do notices[#notices + 1] = found[i] end
  return notices
end

return redis.error_reply('no such operation')
