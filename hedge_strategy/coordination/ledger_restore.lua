-- Opening a ledger: its first epoch, or its rebuilding. Keys and arguments: see ledger_store.lua, which stands before
-- this text. The caller's epoch and sequence are not looked at: 1 is the epoch that is to be.
--
-- While a ledger is rebuilt its marker has no epoch, so that nobody may use it; the epoch is written last.
local epoch = argument[1]
local newest = stale()
if newest then return answer('stale', newest) end
local is_open = marker.epoch == epoch and not marker.restoring

-- first: opens an empty ledger. Answers {'opened'}.
if operation == 'first' then
  if is_open then return answer('opened') end
  if marker.restoring then return answer('forgotten', 'it is being rebuilt for epoch ' .. marker.restoring) end
  if marker.epoch then return answer('forgotten', 'it is in epoch ' .. marker.epoch .. ' already') end
  if marker.sequence ~= '0' or redis.call('EXISTS', OPEN, UNFINISHED, TOTALS, WINDOW) > 0 then
    return answer('forgotten', 'it holds orders, but has no epoch')
  end
  redis.call('HSET', MARKER, 'epoch', epoch)
  count_change()
  return answer('opened')
end

-- begin: 2 how many rows to delete in this call. Answers {'begun'}, {'clearing'} where more is left, or {'opened'}.
if operation == 'begin' then
  if is_open then return answer('opened') end
  redis.call('HDEL', MARKER, 'epoch', 'finished_trade_id', 'finished_at_ms')
  redis.call('HSET', MARKER, 'restoring', epoch)
  count_change()
  local popped = redis.call('ZPOPMIN', OPEN, argument[2])
  for i = 1, #popped, 2 do redis.call('DEL', PREFIX .. popped[i]) end
  if redis.call('EXISTS', OPEN) == 1 then return answer('clearing') end
  redis.call('DEL', UNFINISHED, TOTALS, WINDOW, FINISHED, QUIET, QUIET_ROWS)
  return answer('begun')
end

if operation == 'open' and is_open then return answer('opened') end
if marker.restoring ~= epoch then return answer('forgotten', 'it is not being rebuilt for epoch ' .. epoch) end

-- row: 2 side  3 filled  4 filled quote  5 hedged  6 attempts  7 final  8 trade id  9 time of the last fill, ms
-- 10 … names and values of the unsettled hedge, which is the last attempt. Answers {'row'}.
if operation == 'row' then
  local filled, hedged, attempts = tonumber(argument[3]), tonumber(argument[5]), tonumber(argument[6])
  local order = {side = argument[2], filled = filled, attempts = attempts, final = argument[7] == '1',
    trade_id = argument[8], filled_at_ms = argument[9], executed = '?'}
  count_change()
  redis.call('DEL', ROW)
  for _, index in ipairs({OPEN, UNFINISHED, QUIET_ROWS}) do redis.call('ZREM', index, name) end
  leave_window(name)
  local has_hedge = #argument > 9
  if order.final and filled == hedged and not has_hedge then
    keep_in_window(name, order)
    return answer('row')
  end
  local fields, in_flight = {}, 0
  local number = text(attempts - 1)
  for i = 10, #argument, 2 do
    if argument[i] == 'lots' then in_flight = tonumber(argument[i + 1]) end
    if argument[i] == 'token' then
      fields[#fields + 1] = 'token:' .. argument[i + 1]
      fields[#fields + 1] = number
    end
    fields[#fields + 1] = number .. ':' .. argument[i]
    fields[#fields + 1] = argument[i + 1]
  end
  redis.call('HSET', ROW, 'side', order.side, 'filled', argument[3], 'quote', argument[4], 'hedged', argument[5],
    'in_flight', text(in_flight), 'final', argument[7], 'attempts', argument[6], 'unsettled', has_hedge and number or '',
    'settled_before', text(has_hedge and attempts - 1 or attempts), 'trade_id', order.trade_id,
    'filled_at_ms', order.filled_at_ms, 'seen_at_ms', text(now_ms()), unpack(fields))
  redis.call('ZADD', OPEN, 0, name)
  if has_hedge then redis.call('ZADD', UNFINISHED, 0, name) end
  if filled == hedged and not has_hedge then redis.call('ZADD', QUIET_ROWS, now_ms(), name) end
  tidy()
  return answer('row')
end

-- open: 2, 3 watermark: trade id and time  4 … names and values of the totals. Answers {'opened'}.
if operation == 'open' then
  if argument[2] ~= '0' or argument[3] ~= '0' then
    local held = redis.call('HMGET', MARKER, 'finished_trade_id', 'finished_at_ms')
    redis.call('HSET', MARKER, 'finished_trade_id', largest(held[1] or '0', argument[2]),
      'finished_at_ms', largest(held[2] or '0', argument[3]))
  end
  redis.call('HSET', TOTALS, unpack(argument, 4))
  redis.call('HDEL', MARKER, 'restoring')
  redis.call('HSET', MARKER, 'epoch', epoch)
  count_change()
  return answer('opened')
end

return redis.error_reply('no such operation')
