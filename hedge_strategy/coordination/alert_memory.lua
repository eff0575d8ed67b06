-- What the alerter remembers, and which alerter is the one that acts.
-- KEYS 1 keeper (string, expires)  2 memory (hash)
-- ARGV 1 operation  2 who
local keeper = redis.call('GET', KEYS[1])

-- hold: 3 life in ms. Answers whether it is the keeper now, and whether anything is remembered.
if ARGV[1] == 'hold' then
  local is_mine = not keeper or keeper == ARGV[2]
  if is_mine then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
  return {is_mine and 1 or 0, redis.call('EXISTS', KEYS[2])}
end

-- release.
if ARGV[1] == 'release' then
  if keeper == ARGV[2] then redis.call('DEL', KEYS[1]) end
  return 1
end

-- load. Answers names and contents.
if ARGV[1] == 'load' then return redis.call('HGETALL', KEYS[2]) end

-- save: 3 … names and contents; an empty content forgets. Answers 0 where another is the keeper; nothing was done then.
if ARGV[1] == 'save' then
  if keeper ~= ARGV[2] then return 0 end
  for i = 3, #ARGV, 2 do
    if ARGV[i + 1] == '' then
      redis.call('HDEL', KEYS[2], ARGV[i])
    else
      redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    end
  end
  return 1
end

return redis.error_reply('no such operation')
