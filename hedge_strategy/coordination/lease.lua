-- The lease of one market. Answers {verdict, owner, fencing, lane, remaining ms}.
-- KEYS 1 lease (hash, expires)  2 fence (hash, never expires)
-- ARGV 1 operation  2 owner  3 fencing  4 lane  5 life in ms
local operation, owner, fencing, lane, life_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function answer(verdict)
  local held = redis.call('HMGET', KEYS[1], 'owner', 'fencing', 'lane')
  return {verdict, held[1], held[2], held[3], redis.call('PTTL', KEYS[1])}
end

local function write(number)
  redis.call('HSET', KEYS[1], 'owner', owner, 'fencing', number, 'lane', lane)
  redis.call('PEXPIRE', KEYS[1], life_ms)
  return answer('owned')
end

local held = redis.call('HMGET', KEYS[1], 'owner', 'fencing')

if operation == 'read' then
  if not held[1] then return {'free'} end
  return answer('held')
end

if operation == 'acquire' then
  if held[1] == owner then return write(held[2]) end
  if held[1] then return answer('held') end
  local time = redis.call('TIME')
  local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local last = tonumber(redis.call('HGET', KEYS[2], 'number') or '0')
  local number = string.format('%.0f', math.max(last + 1, now_ms))
  redis.call('HSET', KEYS[2], 'number', number, 'owner', owner)
  return write(number)
end

-- A lease whose number is not the newest cannot be: acquiring writes both. Comparing with the lease is enough.
if held[1] ~= owner or held[2] ~= fencing then return {'lost'} end
if operation == 'renew' then -- by far the most frequent: nothing of it changes but its end
  redis.call('PEXPIRE', KEYS[1], life_ms)
  return {'owned', owner, fencing, lane, life_ms}
end
if operation == 'release' then
  redis.call('DEL', KEYS[1])
  return {'released'}
end
return redis.error_reply('no such operation')
