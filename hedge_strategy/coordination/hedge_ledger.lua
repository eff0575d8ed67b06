-- The ledger of one market: one maker order a call.
--
-- KEYS 1 the order's row (hash)  2 open orders  3 unfinished orders (sorted sets of order names)  4 totals (hash)
--      5 fence (hash)
-- ARGV 1 operation  2 the order's name  3 fencing number, empty for `observe` and `page`  4 … see each operation
--
-- Answers start with a verdict. `stale`: the fencing number is not the newest, nothing was done. `broken`: a promise
-- would not hold, nothing was done. Else what each operation says. Rows are flat lists of names and values, with one
-- hedge at most, so that answers stay short however many hedges an order has had.
--
-- Lots are below 2^48, sums of them below 2^53, so Lua's doubles hold them exactly; they are written with %.0f, because
-- tostring() rounds at 14 digits. Order indexes do not fit and never become numbers here.
local operation, name, fencing = ARGV[1], ARGV[2], ARGV[3]
local ROW, OPEN, UNFINISHED, TOTALS, FENCE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local HEDGE = {'state', 'lots', 'token', 'fencing', 'client_order_index', 'claimed_at_ms', 'kind', 'payload', 'hash',
  'nonce', 'key_index', 'expires_at_ms', 'executed_lots', 'executed_quote', 'venue_order_index', 'reason',
  'settled_at_ms'}

local function text(number)
  return string.format('%.0f', number)
end

local function now_ms()
  local time = redis.call('TIME')
  return text(tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
end

-- page: 4 after  5 how many. KEYS 1 is the prefix of rows, 2 the index. Answers {name, row} pairs, no verdict.
if operation == 'page' then
  local page = {}
  for i, found in ipairs(redis.call('ZRANGEBYLEX', OPEN, ARGV[4], '+', 'LIMIT', 0, ARGV[5])) do
    local unsettled = redis.call('HGET', ROW .. found, 'unsettled')
    local fields = {'side', 'filled', 'hedged', 'in_flight', 'final', 'unsettled'}
    if unsettled and unsettled ~= '' then
      for _, field in ipairs(HEDGE) do fields[#fields + 1] = unsettled .. ':' .. field end
    end
    local flat = {}
    for k, value in ipairs(redis.call('HMGET', ROW .. found, unpack(fields))) do
      if value then
        flat[#flat + 1] = fields[k]
        flat[#flat + 1] = value
      end
    end
    page[i] = {found, flat}
  end
  return page
end

if operation ~= 'observe' then
  local newest = redis.call('HGET', FENCE, 'number')
  if newest ~= fencing then return {'stale', newest or ''} end
end

-- One read of all that is needed: the order, and by operation the claim's token or the hedge.
local attempt = ARGV[4]
local extra = operation == 'claim' and {'token:' .. ARGV[8]}
  or operation ~= 'observe' and {attempt .. ':state', attempt .. ':lots', attempt .. ':executed_lots'} or {}
local held = redis.call('HMGET', ROW, 'side', 'filled', 'hedged', 'in_flight', 'final', 'attempts', 'unsettled',
  unpack(extra))
local order = {
  side = held[1],
  filled = tonumber(held[2] or '0'),
  hedged = tonumber(held[3] or '0'),
  in_flight = tonumber(held[4] or '0'),
  final = held[5] == '1',
  attempts = tonumber(held[6] or '0'),
  unsettled = held[7] or '',
}

local function is_open()
  return order.in_flight > 0 or not order.final or order.filled > order.hedged
end
local was_open = order.side and is_open()

-- One write of all that changes.
local changes = {}
local function set(field, value)
  changes[#changes + 1] = field
  changes[#changes + 1] = value
end

local function write()
  if #changes > 0 then redis.call('HSET', ROW, unpack(changes)) end
  if is_open() and not was_open then redis.call('ZADD', OPEN, 0, name) end
  if was_open and not is_open() then redis.call('ZREM', OPEN, name) end
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

-- 4 side  5 filled lots  6 filled quote  7 final.
local function note_fill()
  local side, filled = ARGV[4], tonumber(ARGV[5])
  if not order.side then
    order.side = side
    changes = {'side', side, 'filled', '0', 'quote', '0', 'hedged', '0', 'in_flight', '0', 'final', '0',
      'attempts', '0', 'unsettled', '', 'seen_at_ms', now_ms()}
  end
  if filled > order.filled then
    set('filled', ARGV[5])
    set('quote', ARGV[6])
    redis.call('HINCRBY', TOTALS, 'filled:' .. side, text(filled - order.filled))
    order.filled = filled
  end
  if ARGV[7] == '1' and not order.final then
    set('final', '1')
    order.final = true
  end
end

if operation == 'observe' or operation == 'claim' then
  if order.side and order.side ~= ARGV[4] then
    return {'broken', 'is a ' .. order.side .. ', not a ' .. ARGV[4]}
  end
end

-- observe: as note_fill. Answers {'line', row}.
if operation == 'observe' then
  note_fill()
  write()
  return {'line', row()}
end

-- claim: as note_fill, then 8 claim token  9 most lots  10 client order index of attempt 0  11 attempts an order may
-- take. Answers {'claimed' | 'busy' | 'nothing', attempt, row}.
if operation == 'claim' then
  local token, known = ARGV[8], held[8]
  local unhedged = math.max(order.filled, tonumber(ARGV[5])) - order.hedged
  local is_free = not known and order.unsettled == '' and unhedged > 0
  if is_free and order.attempts >= tonumber(ARGV[11]) then
    return {'broken', 'all ' .. ARGV[11] .. ' hedges of the order are used up'}
  end
  note_fill()
  if not is_free then
    write()
    if known then return {'claimed', known, row(known)} end
    if order.unsettled ~= '' then return {'busy', order.unsettled, row(order.unsettled)} end
    return {'nothing', '', row()}
  end
  local lots = math.min(unhedged, tonumber(ARGV[9]))
  local number = text(order.attempts)
  local hedge = {'state', 'reserved', 'lots', text(lots), 'token', token, 'fencing', fencing,
    'client_order_index', text(tonumber(ARGV[10]) + order.attempts), 'claimed_at_ms', now_ms()}
  order.in_flight = lots
  local answer = row()
  for i = 1, #hedge, 2 do
    local field = number .. ':' .. hedge[i]
    set(field, hedge[i + 1])
    answer[#answer + 1] = field
    answer[#answer + 1] = hedge[i + 1]
  end
  set('attempts', text(order.attempts + 1))
  set('unsettled', number)
  set('in_flight', text(lots))
  set('token:' .. token, number)
  write()
  redis.call('HINCRBY', TOTALS, 'in_flight', text(lots))
  redis.call('ZADD', UNFINISHED, 0, name)
  return {'claimed', number, answer}
end

local state, lots, booked = held[8], tonumber(held[9] or '0'), held[10]
if not state then return {'broken', 'there is no hedge ' .. attempt} end

local function may_follow(sources)
  return string.find(' ' .. sources .. ' ', ' ' .. state .. ' ', 1, true)
end

-- advance: 5 to state  6 legal states before it, spaces between  7 reason  8 … names and values to store.
if operation == 'advance' then
  local to, fields = ARGV[5], {}
  for i = 8, #ARGV, 2 do fields[#fields + 1] = attempt .. ':' .. ARGV[i] end
  local stored = #fields > 0 and redis.call('HMGET', ROW, unpack(fields)) or {}
  for i, field in ipairs(fields) do
    local value = ARGV[7 + 2 * i]
    if stored[i] and stored[i] ~= value then return {'broken', 'another ' .. field .. ' is stored'} end
    if not stored[i] and state == to then return {'broken', 'is ' .. to .. ' without a ' .. field} end
    set(field, value)
  end
  if state == to then return {'advanced'} end
  if not may_follow(ARGV[6]) then
    return {'broken', 'hedge ' .. attempt .. ' is ' .. state .. ' and cannot become ' .. to}
  end
  set(attempt .. ':state', to)
  if ARGV[7] ~= '' then set(attempt .. ':reason', ARGV[7]) end
  write()
  return {'advanced'}
end

-- settle: 5 executed lots  6 executed quote  7 B's order index  8 reason  9 legal states before it, spaces between.
-- Answers {'line', row}.
if operation == 'settle' then
  local executed = tonumber(ARGV[5])
  if state == 'settled' then
    if booked ~= ARGV[5] then
      return {'broken', 'hedge ' .. attempt .. ' was settled with ' .. booked .. ' lots, not ' .. ARGV[5]}
    end
    return {'line', row()}
  end
  if not may_follow(ARGV[9]) then
    return {'broken', 'hedge ' .. attempt .. ' is ' .. state .. ' and cannot be settled'}
  end
  if executed > lots then
    return {'broken', 'hedge ' .. attempt .. ' executed ' .. ARGV[5] .. ' lots of ' .. text(lots) .. ' claimed'}
  end
  if state == 'dead' and executed > 0 then
    return {'broken', 'hedge ' .. attempt .. ' is dead, yet executed ' .. ARGV[5] .. ' lots'}
  end
  order.hedged = order.hedged + executed
  order.in_flight = 0
  local stem = attempt .. ':'
  changes = {'hedged', text(order.hedged), 'in_flight', '0', 'unsettled', '', stem .. 'state', 'settled',
    stem .. 'executed_lots', ARGV[5], stem .. 'executed_quote', ARGV[6], stem .. 'venue_order_index', ARGV[7],
    stem .. 'settled_at_ms', now_ms()}
  if ARGV[8] ~= '' then set(stem .. 'reason', ARGV[8]) end
  write()
  redis.call('HINCRBY', TOTALS, 'in_flight', text(-lots))
  redis.call('HINCRBY', TOTALS, 'hedged:' .. order.side, ARGV[5])
  redis.call('ZREM', UNFINISHED, name)
  return {'line', row()}
end

return redis.error_reply('no such operation')
