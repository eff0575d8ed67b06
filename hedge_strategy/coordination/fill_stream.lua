-- The stream of one market's fills.
-- KEYS 1 stream
-- ARGV 1 operation
local operation = ARGV[1]

-- publish: 2 field  3 message  4 how to publish  5 channel. Answers the entry's id.
if operation == 'publish' then
  local id = redis.call('XADD', KEYS[1], '*', ARGV[2], ARGV[3])
  redis.call(ARGV[4], ARGV[5], ARGV[3])
  return id
end

-- open: 2 group. Makes the group, from the first entry on. Answers 1, or 0 where there was one.
if operation == 'open' then
  if redis.call('EXISTS', KEYS[1]) == 1 then
    for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
      for i = 1, #flat, 2 do
        if flat[i] == 'name' and flat[i + 1] == ARGV[2] then return 0 end
      end
    end
  end
  redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[2], '0', 'MKSTREAM')
  return 1
end

-- acknowledge: 2 group  3 … ids. Answers how many were pending.
-- Entries are given out in order. So what was given out and is not pending is acknowledged, and everything below the
-- oldest pending entry, or, where none is pending, up to the last one given out, is done with. It goes to the last entry,
-- not by whole nodes: B takes a stream that holds anything for one that is to be read.
if operation == 'acknowledge' then
  local count = 0
  for i = 3, #ARGV do count = count + redis.call('XACK', KEYS[1], ARGV[2], ARGV[i]) end
  if count > 0 then
    local oldest = redis.call('XPENDING', KEYS[1], ARGV[2])[2]
    if not oldest then
      for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
        local group = {}
        for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
        if group.name == ARGV[2] then
          local at_ms, number = string.match(group['last-delivered-id'], '(%d+)-(%d+)')
          oldest = string.format('%s-%.0f', at_ms, tonumber(number) + 1)
        end
      end
    end
    redis.call('XTRIM', KEYS[1], 'MINID', '=', oldest)
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
