-- The ledger of one market: one maker order a call.
--
-- KEYS 1 the order's row (hash)  2 open orders  3 unfinished orders (sorted sets of order names)  4 totals (hash)
--      5 fence (hash)
-- ARGV 1 operation  2 the order's name  3 fencing number, empty for `observe` and `page`  4 … see each operation
--
-- Answers start with a verdict. `stale`: the fencing number is not the newest, nothing was done. `broken`: a promise
-- would not hold; at most the fill was noted. Else what each operation says. Rows are flat lists of names and values,
-- with one hedge at most, so that answers stay short however many hedges an order has had.
--
-- Lots are below 2^48, sums of them below 2^53, so Lua's doubles hold them exactly; they are written with %.0f, because
-- tostring() rounds at 14 digits. Order indexes do not fit and never become numbers here.
local operation, name, fencing = ARGV[1], ARGV[2], ARGV[3]
local ROW, OPEN, UNFINISHED, TOTALS, FENCE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

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
    page[i] = {found, redis.call('HGETALL', ROW .. found)}
  end
  return page
end

if operation ~= 'observe' then
  local newest = redis.call('HGET', FENCE, 'number')
  if newest ~= fencing then return {'stale', newest or ''} end
end

local order = {}
do
  local held = redis.call('HMGET', ROW, 'side', 'filled', 'hedged', 'in_flight', 'final', 'attempts', 'unsettled')
  order.exists = held[1] and true or false
  order.side = held[1]
  order.filled = tonumber(held[2] or '0')
  order.hedged = tonumber(held[3] or '0')
  order.in_flight = tonumber(held[4] or '0')
  order.final = held[5] == '1'
  order.attempts = tonumber(held[6] or '0')
  order.unsettled = held[7] or ''
end

-- The order's own fields, and those of one hedge where an attempt is given, flat.
local HEDGE = {'state', 'lots', 'token', 'fencing', 'client_order_index', 'claimed_at_ms', 'kind', 'payload', 'hash',
  'nonce', 'key_index', 'expires_at_ms', 'executed_lots', 'executed_quote', 'venue_order_index', 'reason',
  'settled_at_ms'}

local function row(attempt)
  local flat = {'side', order.side, 'filled', text(order.filled), 'hedged', text(order.hedged), 'in_flight',
    text(order.in_flight), 'final', order.final and '1' or '0'}
  if attempt then
    local fields = {}
    for i, field in ipairs(HEDGE) do fields[i] = attempt .. ':' .. field end
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

local function index()
  if order.in_flight > 0 or not order.final or order.filled > order.hedged then
    redis.call('ZADD', OPEN, 0, name)
  else
    redis.call('ZREM', OPEN, name)
  end
end

-- Fields of the side's totals: 4 side  5 filled lots  6 filled quote  7 final. Answers what is broken, or nil.
local function note_fill()
  local side, filled, is_final = ARGV[4], tonumber(ARGV[5]), ARGV[7] == '1'
  if order.exists and order.side ~= side then
    return 'is a ' .. order.side .. ', not a ' .. side
  end
  if not order.exists then
    order.side = side
    redis.call('HSET', ROW, 'side', side, 'filled', '0', 'quote', '0', 'hedged', '0', 'in_flight', '0', 'final', '0',
      'attempts', '0', 'unsettled', '', 'seen_at_ms', now_ms())
  end
  if filled > order.filled then
    redis.call('HSET', ROW, 'filled', ARGV[5], 'quote', ARGV[6])
    redis.call('HINCRBY', TOTALS, 'filled:' .. side, text(filled - order.filled))
    order.filled = filled
  end
  if is_final and not order.final then
    redis.call('HSET', ROW, 'final', '1')
    order.final = true
  end
  index()
  return nil
end

if operation == 'observe' then
  local broken = note_fill()
  if broken then return {'broken', broken} end
  return {'line', row()}
end

-- claim: 4-7 as above  8 claim token  9 most lots  10 client order index of attempt 0  11 attempts an order may take.
-- Answers {'claimed' | 'busy' | 'nothing', attempt, row}.
if operation == 'claim' then
  local broken = note_fill()
  if broken then return {'broken', broken} end
  local token = ARGV[8]
  local known = redis.call('HGET', ROW, 'token:' .. token)
  if known then return {'claimed', known, row(known)} end
  if order.unsettled ~= '' then return {'busy', order.unsettled, row(order.unsettled)} end
  local lots = math.min(order.filled - order.hedged, tonumber(ARGV[9]))
  if lots <= 0 then return {'nothing', '', row()} end
  if order.attempts >= tonumber(ARGV[11]) then
    return {'broken', 'all ' .. ARGV[11] .. ' hedges of the order are used up'}
  end
  local attempt = text(order.attempts)
  local stem = attempt .. ':'
  order.in_flight = lots
  redis.call('HSET', ROW, 'attempts', text(order.attempts + 1), 'unsettled', attempt, 'in_flight', text(lots),
    'token:' .. token, attempt,
    stem .. 'state', 'reserved', stem .. 'lots', text(lots), stem .. 'token', token, stem .. 'fencing', fencing,
    stem .. 'client_order_index', text(tonumber(ARGV[10]) + order.attempts), stem .. 'claimed_at_ms', now_ms())
  redis.call('HINCRBY', TOTALS, 'in_flight', text(lots))
  redis.call('ZADD', UNFINISHED, 0, name)
  index()
  return {'claimed', attempt, row(attempt)}
end

local attempt = ARGV[4]
local stem = attempt .. ':'
local held = redis.call('HMGET', ROW, stem .. 'state', stem .. 'lots', stem .. 'executed_lots')
local state, lots = held[1], tonumber(held[2] or '0')
if not state then return {'broken', 'there is no hedge ' .. attempt} end

-- advance: 5 to state  6 legal states before it, spaces between  7 reason  8 … names and values to store.
if operation == 'advance' then
  local to = ARGV[5]
  for i = 8, #ARGV, 2 do
    local stored = redis.call('HGET', ROW, stem .. ARGV[i])
    if stored and stored ~= ARGV[i + 1] then
      return {'broken', 'hedge ' .. attempt .. ' has another ' .. ARGV[i] .. ' stored'}
    end
    if not stored and state == to then
      return {'broken', 'hedge ' .. attempt .. ' is ' .. to .. ' without a ' .. ARGV[i]}
    end
  end
  if state == to then return {'advanced'} end
  if not string.find(' ' .. ARGV[6] .. ' ', ' ' .. state .. ' ', 1, true) then
    return {'broken', 'hedge ' .. attempt .. ' is ' .. state .. ' and cannot become ' .. to}
  end
  for i = 8, #ARGV, 2 do redis.call('HSET', ROW, stem .. ARGV[i], ARGV[i + 1]) end
  redis.call('HSET', ROW, stem .. 'state', to)
  if ARGV[7] ~= '' then redis.call('HSET', ROW, stem .. 'reason', ARGV[7]) end
  return {'advanced'}
end

-- settle: 5 executed lots  6 executed quote  7 B's order index  8 reason  9 legal states before it, spaces between.
if operation == 'settle' then
  local executed = tonumber(ARGV[5])
  if state == 'settled' then
    if held[3] ~= ARGV[5] then
      return {'broken', 'hedge ' .. attempt .. ' was settled with ' .. held[3] .. ' lots, not ' .. ARGV[5]}
    end
    return {'line', row()}
  end
  if not string.find(' ' .. ARGV[9] .. ' ', ' ' .. state .. ' ', 1, true) then
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
  redis.call('HSET', ROW, 'hedged', text(order.hedged), 'in_flight', '0', 'unsettled', '',
    stem .. 'state', 'settled', stem .. 'executed_lots', ARGV[5], stem .. 'executed_quote', ARGV[6],
    stem .. 'venue_order_index', ARGV[7], stem .. 'settled_at_ms', now_ms())
  if ARGV[8] ~= '' then redis.call('HSET', ROW, stem .. 'reason', ARGV[8]) end
  redis.call('HINCRBY', TOTALS, 'in_flight', text(-lots))
  redis.call('HINCRBY', TOTALS, 'hedged:' .. order.side, ARGV[5])
  redis.call('ZREM', UNFINISHED, name)
  index()
  return {'line', row()}
end

return redis.error_reply('no such operation')
