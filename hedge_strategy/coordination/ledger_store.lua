-- What the ledger's scripts share: how one market's ledger is stored, and how what is done is made small.
--
-- KEYS 1 the order's row (hash)  2 open  3 unfinished (sorted sets of order names)  4 totals  5 fence  6 marker (hashes)
--      7 window (hash: name -> entry of an order without a row)  8 finished  9 quiet (sorted sets of names in the window:
--      final, not final)  10 quiet rows (sorted set: rows that are hedged in full, but not final)
-- ARGV 1 operation  2 the order's name  3 fencing number  4 epoch, empty where the caller believes in none  5 the lowest
--      sequence the caller has seen  6 … 9 bounds  10 … what the operation says, called `argument` from here on
--
-- Answers are {verdict, sequence, …}.
--
-- Lots are below 2^48, sums of them below 2^53, so Lua's doubles hold them exactly; they are written with %.0f, because
-- tostring() rounds at 14 digits. Order indexes and trade ids need not fit and never become numbers here.
local operation, name, fencing = ARGV[1], ARGV[2], ARGV[3]
local ROW, OPEN, UNFINISHED, TOTALS, FENCE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local MARKER, WINDOW, FINISHED, QUIET, QUIET_ROWS = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local PREFIX = string.sub(ROW, 1, #ROW - #name)
local bounds = {finished = tonumber(ARGV[6]), quiet = tonumber(ARGV[7]), quiet_rows = tonumber(ARGV[8]),
  quiet_age_ms = tonumber(ARGV[9])}
local argument = {unpack(ARGV, 10)}

local STEPS_MAX = 4  -- of tidying in one call: each call adds one order at most, so this keeps up
local CLOCKS_DIFFER_MS = 5000  -- a fill's time beyond Redis' own clock by more than this is cut to it
local CLEARLY_LATER_MS = 60000  -- a fill's time after the watermark by more than this is no finished order's
local HISTORY_MAX_MS = 90 * 86400000  -- a fill's time before the watermark by more than this is no time at all

local function text(number)
  return string.format('%.0f', number)
end

local clock_ms
local function now_ms()
  if not clock_ms then
    local time = redis.call('TIME')
    clock_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  end
  return clock_ms
end

-- Whole numbers as text, of any size.
local function at_or_below(one, other)
  return #one < #other or (#one == #other and one <= other)
end

local function largest(one, other)
  return at_or_below(one, other) and other or one
end

-- The marker: epoch, sequence, and `restoring` while the ledger is rebuilt.
local held_marker = redis.call('HMGET', MARKER, 'epoch', 'sequence', 'restoring')
local marker = {epoch = held_marker[1], sequence = held_marker[2] or '0', restoring = held_marker[3]}

local function answer(verdict, ...)
  return {verdict, marker.sequence, ...}
end

-- Why the caller must not act: what Redis holds is not what the caller knew. Nil where it is.
local function forgotten()
  local epoch, lowest = ARGV[4], ARGV[5]
  if marker.restoring then return 'it is being rebuilt for epoch ' .. marker.restoring end
  if epoch == '' then return nil end
  if not marker.epoch then return 'it has no epoch, but ' .. epoch .. ' was known' end
  if marker.epoch ~= epoch then return 'it is in epoch ' .. marker.epoch .. ', not ' .. epoch end
  if tonumber(marker.sequence) < tonumber(lowest) then
    return 'it stands at change ' .. marker.sequence .. ', but ' .. lowest .. ' was seen'
  end
  return nil
end

-- The newest fencing number where the caller's is another. Nil where it is the caller's.
local function stale()
  local newest = redis.call('HGET', FENCE, 'number')
  if newest ~= fencing then return newest or '' end
  return nil
end

local is_counted = false
local function count_change()
  if not is_counted then
    is_counted = true
    marker.sequence = text(redis.call('HINCRBY', MARKER, 'sequence', 1))
  end
end

-- An order without a row: all that is filled is hedged, nothing is in flight. `executed` is what its last hedge did, a
-- question mark where that is not known.
local function entry_of(order)
  return table.concat({order.side, text(order.filled), order.final and '1' or '0', text(order.attempts),
    order.executed, order.trade_id, order.filled_at_ms}, ' ')
end

local function order_of(entry)
  local side, filled, final, attempts, executed, trade_id, filled_at_ms =
    string.match(entry, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  return {side = side, filled = tonumber(filled), hedged = tonumber(filled), in_flight = 0, final = final == '1',
    attempts = tonumber(attempts), unsettled = '', executed = executed, trade_id = trade_id,
    filled_at_ms = filled_at_ms, is_compact = true}
end

-- What leaves the window is known by the watermark alone from now on.
local function evict(index, kept)
  for _ = 1, STEPS_MAX do
    if redis.call('ZCARD', index) <= kept then return end
    local oldest = redis.call('ZPOPMIN', index)[1]
    local entry = redis.call('HGET', WINDOW, oldest)
    if entry then
      local order = order_of(entry)
      local held = redis.call('HMGET', MARKER, 'finished_trade_id', 'finished_at_ms')
      redis.call('HSET', MARKER, 'finished_trade_id', largest(held[1] or '0', order.trade_id),
        'finished_at_ms', largest(held[2] or '0', order.filled_at_ms))
      redis.call('HDEL', WINDOW, oldest)
    end
  end
end

local function keep_in_window(of, order)
  redis.call('HSET', WINDOW, of, entry_of(order))
  redis.call('ZADD', order.final and FINISHED or QUIET, marker.sequence, of)
  if order.final then redis.call('ZREM', QUIET, of) end
  evict(FINISHED, bounds.finished)
  evict(QUIET, bounds.quiet)
end

local function leave_window(of)
  redis.call('HDEL', WINDOW, of)
  redis.call('ZREM', FINISHED, of)
  redis.call('ZREM', QUIET, of)
end

local function compact(of, order)
  redis.call('DEL', PREFIX .. of)
  redis.call('ZREM', OPEN, of)
  redis.call('ZREM', QUIET_ROWS, of)
  keep_in_window(of, order)
end

local ORDER = {'side', 'filled', 'hedged', 'in_flight', 'final', 'attempts', 'unsettled', 'trade_id', 'filled_at_ms'}

-- The order by its row, else by its entry in the window, else one without a side; and the extra fields asked for.
local function read_order(of, extra)
  local fields = {unpack(ORDER)}
  for _, field in ipairs(extra) do fields[#fields + 1] = field end
  local held = redis.call('HMGET', PREFIX .. of, unpack(fields))
  if not held[1] then
    local entry = redis.call('HGET', WINDOW, of)
    if entry then return order_of(entry), {} end
  end
  return {
    side = held[1],
    filled = tonumber(held[2] or '0'),
    hedged = tonumber(held[3] or '0'),
    in_flight = tonumber(held[4] or '0'),
    final = held[5] == '1',
    attempts = tonumber(held[6] or '0'),
    unsettled = held[7] or '',
    trade_id = held[8] or '0',
    filled_at_ms = held[9] or '0',
  }, {unpack(held, #ORDER + 1, #fields)}
end

-- What the last hedge of an order with a row executed.
local function last_executed(of, order)
  if order.attempts == 0 then return '0' end
  return redis.call('HGET', PREFIX .. of, text(order.attempts - 1) .. ':executed_lots') or '0'
end

-- Rows that are hedged in full but not final leave for the window when they are old, or too many.
local function tidy()
  for _ = 1, STEPS_MAX do
    local oldest = redis.call('ZRANGE', QUIET_ROWS, 0, 0, 'WITHSCORES')
    if not oldest[1] then return end
    local is_old = tonumber(oldest[2]) <= now_ms() - bounds.quiet_age_ms
    if not is_old and redis.call('ZCARD', QUIET_ROWS) <= bounds.quiet_rows then return end
    local order = read_order(oldest[1], {})
    if order.side and not order.is_compact and order.filled == order.hedged and order.in_flight == 0 then
      order.executed = last_executed(oldest[1], order)
      compact(oldest[1], order)
    else
      redis.call('ZREM', QUIET_ROWS, oldest[1])
    end
  end
end
