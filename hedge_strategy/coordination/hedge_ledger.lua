-- The ledger of one market: one maker order a call. Keys, arguments and answers: see ledger_store.lua, which stands
-- before this text.
--
-- `forgotten`: Redis does not hold what the caller knew, nothing was done. `stale`: the fencing number is not the
-- newest, nothing was done. `broken`: a promise would not hold, nothing was done. Else what each operation says. Rows
-- are flat lists of names and values, with one hedge at most, so that answers stay short however many hedges an order
-- has had.
local HEDGE = {'state', 'lots', 'token', 'fencing', 'client_order_index', 'claimed_at_ms', 'kind', 'payload', 'hash',
  'nonce', 'key_index', 'expires_at_ms', 'executed_lots', 'executed_quote', 'venue_order_index', 'reason',
  'settled_at_ms'}

local refusal = forgotten()
if refusal then return answer('forgotten', refusal) end

-- page: 1 after  2 how many. KEYS 2 is the index, the name is empty. Answers {'page', {name, row} …}.
if operation == 'page' then
  local page = {}
  for i, found in ipairs(redis.call('ZRANGEBYLEX', OPEN, argument[1], '+', 'LIMIT', 0, argument[2])) do
    local unsettled = redis.call('HGET', PREFIX .. found, 'unsettled')
    local fields = {'side', 'filled', 'hedged', 'in_flight', 'final', 'unsettled'}
    if unsettled and unsettled ~= '' then
      for _, field in ipairs(HEDGE) do fields[#fields + 1] = unsettled .. ':' .. field end
    end
    local flat = {}
    for k, value in ipairs(redis.call('HMGET', PREFIX .. found, unpack(fields))) do
      if value then
        flat[#flat + 1] = fields[k]
        flat[#flat + 1] = value
      end
    end
    page[i] = {found, flat}
  end
  return answer('page', page)
end

if operation ~= 'observe' and operation ~= 'read' then
  local newest = stale()
  if newest then return answer('stale', newest) end
end

-- One read of all that is needed: the order, and by operation the claim's token or the hedge.
local attempt = argument[1]
local wanted = {}
if operation == 'claim' then
  wanted = {'token:' .. argument[7]}
elseif operation == 'advance' or operation == 'settle' then
  wanted = {attempt .. ':state', attempt .. ':lots', attempt .. ':executed_lots', 'settled_before'}
end
local order, held = read_order(name, wanted)

local function is_open()
  return order.in_flight > 0 or not order.final or order.filled > order.hedged
end

local function is_quiet()
  return order.in_flight == 0 and order.filled == order.hedged and not order.final
end

local has_row = order.side and not order.is_compact
local was_open = has_row and is_open()
local was_quiet = has_row and is_quiet()

-- One write of all that changes. An order that is done loses its row.
local changes = {}
local function set(field, value)
  changes[#changes + 1] = field
  changes[#changes + 1] = value
end

local function write()
  if #changes == 0 then return end
  count_change()
  if order.is_compact then
    keep_in_window(name, order)
  elseif not is_open() then
    order.executed = order.executed or has_row and last_executed(name, order) or '0'
    compact(name, order)
  else
    redis.call('HSET', ROW, unpack(changes))
    if not was_open then redis.call('ZADD', OPEN, 0, name) end
    if is_quiet() then
      redis.call('ZADD', QUIET_ROWS, now_ms(), name)
    elseif was_quiet then
      redis.call('ZREM', QUIET_ROWS, name)
    end
  end
  tidy()
end

local function row(with_attempt)
  local flat = {'side', order.side, 'filled', text(order.filled), 'hedged', text(order.hedged), 'in_flight',
    text(order.in_flight), 'final', order.final and '1' or '0'}
  if with_attempt then
    local fields = {}
    for i, field in ipairs(HEDGE) do fields[i] = with_attempt .. ':' .. field end
    local values = redis.call('HMGET', ROW, unpack(fields))
    for i, field in ipairs(fields) do
      if values[i] then
        flat[#flat + 1] = field
        flat[#flat + 1] = values[i]
      end
    end
  end
  return flat
end

-- read: 1 with all hedges. Answers {'line', row} or {'none'}.
if operation == 'read' then
  if not order.side then return answer('none') end
  if argument[1] == '1' and not order.is_compact then return answer('line', redis.call('HGETALL', ROW)) end
  return answer('line', row())
end

-- Whether a fill of an order that is in no row and not in the window belongs to an order that left it. Times count as
-- well as trades, because an order's last trade may never have been told. Nil where they do not tell: neither is known,
-- or the trade is old and the time is new, as one wrong trade id far ahead of all others would make it.
local function is_long_finished(trade_id, filled_at_ms)
  local watermark = redis.call('HMGET', MARKER, 'finished_trade_id', 'finished_at_ms')
  if not watermark[1] then return false end
  local behind_ms = tonumber(watermark[2]) - tonumber(filled_at_ms)
  local has_time = filled_at_ms ~= '0' and watermark[2] ~= '0' and behind_ms <= HISTORY_MAX_MS
  if trade_id ~= '0' and at_or_below(trade_id, watermark[1]) then
    if has_time and behind_ms < -CLEARLY_LATER_MS then return nil end
    return true
  end
  if has_time then return behind_ms >= 0 end
  if trade_id == '0' then return nil end
  return false
end

-- Brings a row back for an order in the window that has filled further: hedged as it was, attempts go on.
local function reopen()
  leave_window(name)
  order.is_compact = false
  changes = {'side', order.side, 'hedged', text(order.hedged), 'in_flight', '0', 'attempts', text(order.attempts),
    'unsettled', '', 'seen_at_ms', text(now_ms()), 'trade_id', order.trade_id, 'filled_at_ms', order.filled_at_ms,
    'settled_before', text(order.attempts)}
  if order.attempts > 0 and order.executed ~= '?' then
    set(text(order.attempts - 1) .. ':executed_lots', order.executed)
  end
  order.executed = nil
end

-- 1 side  2 filled lots  3 filled quote  4 final  5 last trade id  6 time of the last fill, ms.
local function note_fill()
  local side, filled, is_final = argument[1], tonumber(argument[2]), argument[4] == '1'
  if not order.side then
    order.side = side
    changes = {'side', side, 'filled', '0', 'quote', '0', 'hedged', '0', 'in_flight', '0', 'final', '0',
      'attempts', '0', 'unsettled', '', 'seen_at_ms', text(now_ms())}
  elseif order.is_compact and filled > order.filled then
    reopen()
    -- It was said to be final and was not, or it is not yet: what is said now holds.
    order.final = is_final
    set('final', is_final and '1' or '0')
  end
  if filled > order.filled then
    set('filled', argument[2])
    set('quote', argument[3])
    redis.call('HINCRBY', TOTALS, 'filled:' .. side, text(filled - order.filled))
    order.filled = filled
  end
  if is_final and not order.final then
    set('final', '1')
    order.final = true
  end
  local filled_at_ms = text(math.min(tonumber(argument[6]), now_ms() + CLOCKS_DIFFER_MS))
  if not at_or_below(argument[5], order.trade_id) then
    order.trade_id = argument[5]
    set('trade_id', order.trade_id)
  end
  if not at_or_below(filled_at_ms, order.filled_at_ms) then
    order.filled_at_ms = filled_at_ms
    set('filled_at_ms', order.filled_at_ms)
  end
end

if operation == 'observe' or operation == 'claim' then
  if order.side and order.side ~= argument[1] then
    return answer('contradicted', 'is a ' .. order.side .. ', not a ' .. argument[1])
  end
  if not order.side then
    local is_done = is_long_finished(argument[5], argument[6])
    if is_done then return answer('finished') end
    if is_done == nil then
      return answer('contradicted', 'is not known, and its trade and time do not tell whether it was finished long ago')
    end
  end
end

-- observe: as note_fill. Answers {'line', row} or {'finished'}.
if operation == 'observe' then
  note_fill()
  write()
  return answer('line', row())
end

-- claim: as note_fill, then 7 claim token  8 most lots  9 client order index of attempt 0  10 attempts an order may
-- take  11 lots that were signed ahead, empty for none  12 client order index of that  13 … names and values to store of
-- it. Answers {'new', attempt, its client order index, lots, state}, {'claimed' (by this token before) | 'busy' |
-- 'nothing', attempt, row} or {'finished'}. A new claim of exactly the hedge that was signed ahead is `sent` from the
-- first, with its bytes; of any other hedge those bytes never leave.
if operation == 'claim' then
  local token, known = argument[7], held[1]
  local unhedged = math.max(order.filled, tonumber(argument[2])) - order.hedged
  local is_free = not known and order.unsettled == '' and unhedged > 0
  if is_free and order.attempts >= tonumber(argument[10]) then
    return answer('broken', 'all ' .. argument[10] .. ' hedges of the order are used up')
  end
  note_fill()
  if not is_free then
    local with = known or order.unsettled
    local flat = with == '' and row() or row(with)
    write()
    return answer(known and 'claimed' or with == '' and 'nothing' or 'busy', with, flat)
  end
  local lots = math.min(unhedged, tonumber(argument[8]))
  local number, index = text(order.attempts), text(tonumber(argument[9]) + order.attempts)
  local is_prepared = argument[11] == text(lots) and argument[12] == index
  local hedge = {'state', is_prepared and 'sent' or 'reserved', 'lots', text(lots), 'token', token, 'fencing', fencing,
    'client_order_index', index, 'claimed_at_ms', text(now_ms())}
  if is_prepared then
    for i = 13, #argument do hedge[#hedge + 1] = argument[i] end
  end
  order.in_flight = lots
  for i = 1, #hedge, 2 do set(number .. ':' .. hedge[i], hedge[i + 1]) end
  set('attempts', text(order.attempts + 1))
  set('unsettled', number)
  set('in_flight', text(lots))
  set('token:' .. token, number)
  write()
  redis.call('HINCRBY', TOTALS, 'in_flight', text(lots))
  redis.call('ZADD', UNFINISHED, 0, name)
  return answer('new', number, index, text(lots), hedge[2])
end

local state, lots, booked = held[1], tonumber(held[2] or '0'), held[3]
if order.is_compact and tonumber(attempt) < order.attempts then
  -- All of its hedges are settled; how much the last one did is still known.
  state = 'settled'
  booked = tonumber(attempt) == order.attempts - 1 and order.executed ~= '?' and order.executed or nil
elseif not state and held[4] and tonumber(attempt) < tonumber(held[4]) then
  state = 'settled'  -- before the order was in the window
end
if not state then return answer('broken', 'there is no hedge ' .. attempt) end

local function may_follow(sources)
  return string.find(' ' .. sources .. ' ', ' ' .. state .. ' ', 1, true)
end

-- advance: 2 to state  3 legal states before it, spaces between  4 reason  5 … names and values to store.
if operation == 'advance' then
  local to, fields = argument[2], {}
  for i = 5, #argument, 2 do fields[#fields + 1] = attempt .. ':' .. argument[i] end
  local stored = #fields > 0 and redis.call('HMGET', ROW, unpack(fields)) or {}
  for i, field in ipairs(fields) do
    local value = argument[4 + 2 * i]
    if stored[i] and stored[i] ~= value then return answer('broken', 'another ' .. field .. ' is stored') end
    if not stored[i] and state == to then return answer('broken', 'is ' .. to .. ' without a ' .. field) end
    set(field, value)
  end
  if state == to then return answer('advanced') end
  if not may_follow(argument[3]) then
    return answer('broken', 'hedge ' .. attempt .. ' is ' .. state .. ' and cannot become ' .. to)
  end
  set(attempt .. ':state', to)
  if argument[4] ~= '' then set(attempt .. ':reason', argument[4]) end
  count_change()
  redis.call('HSET', ROW, unpack(changes))
  return answer('advanced')
end

-- settle: 2 executed lots  3 executed quote  4 B's order index  5 reason  6 legal states before it, spaces between.
-- Answers {'line', row}.
if operation == 'settle' then
  local executed = tonumber(argument[2])
  if state == 'settled' then
    if booked and booked ~= argument[2] then
      return answer('broken', 'hedge ' .. attempt .. ' was settled with ' .. booked .. ' lots, not ' .. argument[2])
    end
    return answer('line', row())
  end
  if not may_follow(argument[6]) then
    return answer('broken', 'hedge ' .. attempt .. ' is ' .. state .. ' and cannot be settled')
  end
  if executed > lots then
    return answer('broken',
      'hedge ' .. attempt .. ' executed ' .. argument[2] .. ' lots of ' .. text(lots) .. ' claimed')
  end
  if state == 'dead' and executed > 0 then
    return answer('broken', 'hedge ' .. attempt .. ' is dead, yet executed ' .. argument[2] .. ' lots')
  end
  order.hedged = order.hedged + executed
  order.in_flight = 0
  order.executed = argument[2]
  local stem = attempt .. ':'
  changes = {'hedged', text(order.hedged), 'in_flight', '0', 'unsettled', '', stem .. 'state', 'settled',
    stem .. 'executed_lots', argument[2], stem .. 'executed_quote', argument[3], stem .. 'venue_order_index',
    argument[4], stem .. 'settled_at_ms', text(now_ms())}
  if argument[5] ~= '' then set(stem .. 'reason', argument[5]) end
  write()
  if is_open() then redis.call('HDEL', ROW, stem .. 'payload') end
  redis.call('HINCRBY', TOTALS, 'in_flight', text(-lots))
  redis.call('HINCRBY', TOTALS, 'hedged:' .. order.side, argument[2])
  redis.call('ZREM', UNFINISHED, name)
  return answer('line', row())
end

return redis.error_reply('no such operation')
