-- The stream of one market's fills.
-- KEYS 1 stream
-- ARGV 1 operation
local operation = ARGV[1]

-- publish: 2 field  3 message  4 channel. Answers the entry's id.
if operation == 'publish' then
  local id = redis.call('XADD', KEYS[1], '*', ARGV[2], ARGV[3])
  redis.call('PUBLISH', ARGV[4], ARGV[3])
  return id
end

-- acknowledge: 2 group  3 … ids, oldest first. Answers how many were pending.
-- Entries are given out in order, so whatever is older than an entry that was pending was given out as well; of those,
-- the ones that are no longer pending are acknowledged. Hence everything below the oldest pending entry, or, where
-- none is pending, below the newest one acknowledged here, is done with. An id that was not pending proves nothing.
if operation == 'acknowledge' then
  local count, newest = 0, nil
  for i = 3, #ARGV do
    if redis.call('XACK', KEYS[1], ARGV[2], ARGV[i]) == 1 then
      count = count + 1
      newest = ARGV[i]
    end
  end
  if newest then
    local pending = redis.call('XPENDING', KEYS[1], ARGV[2])
    redis.call('XTRIM', KEYS[1], 'MINID', '~', pending[1] > 0 and pending[2] or newest)
  end
  return count
end

-- forget: 2 group  3 this consumer  4 idle for at least, in ms. Answers how many consumers were dropped.
-- Looking and dropping are one step: dropping a consumer that has entries pending would lose them.
if operation == 'forget' then
  local dropped = 0
  for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[2])) do
    local consumer = {}
    for i = 1, #flat, 2 do consumer[flat[i]] = flat[i + 1] end
    if consumer.name ~= ARGV[3] and consumer.pending == 0 and consumer.idle >= tonumber(ARGV[4]) then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[2], consumer.name)
      dropped = dropped + 1
    end
  end
  return dropped
end

return redis.error_reply('no such operation')
