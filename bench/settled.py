"""A ledger with many settled orders behind it, made by the ledger's own scripts.

Each order is claimed, its bytes stored, and settled, by the very text that the product runs; many orders go in one
call, because a million round trips would take longer than all else that is measured. Nobody may own the market
meanwhile.
"""

import time
from importlib import resources
from typing import Any

import redis

from bench.laboratory import MARKET, MARKET_INDEX, PART_LOTS
from hedge_strategy.coordination.keys import market_keys
from hedge_strategy.coordination.ledger_script import LedgerBounds
from hedge_strategy.domain.ids import hedge_client_order_index

ORDERS_PER_CALL = 500
FIRST_NONCE = 1 << 32
"""Beyond whatever the exchange has numbered."""
PAYLOAD = "x" * 600
AGE_MS = 3_600_000
OPEN_MARKET = "BYTES"
_LOOP = """
local first, count, fencing, prefix, at_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
local bounds, settles, account, market = {ARGV[6], ARGV[7], ARGV[8], ARGV[9]}, ARGV[10] == '1', ARGV[11], ARGV[12]
local payload, base, clients = ARGV[13], tonumber(ARGV[14]), cjson.decode(ARGV[15])
local keys = {}
for i = 1, 10 do keys[i] = KEYS[i] end
for i = 0, count - 1 do
  local number = first + i
  local name = account .. ':' .. market .. ':' .. string.format('%.0f', base + number)
  keys[1] = prefix .. name
  local side = number % 2 == 0 and 'buy' or 'sell'
  local function call(operation, ...)
    local reply = ledger(keys, {operation, name, fencing, '', '0', bounds[1], bounds[2], bounds[3], bounds[4], ...})
    if reply[1] == 'broken' or reply[1] == 'stale' or reply[1] == 'forgotten' then
      error(operation .. ': ' .. reply[1] .. ' ' .. tostring(reply[3]))
    end
  end
  local client, at = clients[i + 1], string.format('%.0f', at_ms + number)
  call('claim', side, LOTS, '400', '1', '0', at, 'settled:' .. number, LOTS, client, '4096')
  call('advance', '0', 'sent', 'reserved signed', '', 'kind', '14', 'payload', payload, 'hash', client, 'nonce', '1',
    'key_index', '4', 'expires_at_ms', '1')
  if settles then call('settle', '0', LOTS, '400', '1', '', 'sent executed dead') end
end
return count
"""


def settle_orders(client: redis.Redis, account_index: int, count: int, *, first: int = 0) -> float:
    """Adds so many settled orders.

    Args:
        client: of the Redis whose ledger it is.
        account_index: A's.
        count: how many.
        first: the number of the first, so that more can be added later.

    Returns:
        Seconds that it took.
    """
    keys = market_keys(MARKET)
    fence: Any = client.hget(keys.fence, "number")
    if fence is None:
        raise RuntimeError("nobody has ever owned the market")
    began_s = time.monotonic()
    client.config_set("appendonly", "no")  # the file would outgrow the disk; it is written anew afterwards
    _add(client, MARKET, account_index, first, count, fence.decode(), settles=True)
    client.config_set("appendonly", "yes")
    while client.info("persistence")["aof_rewrite_in_progress"] or client.info("persistence")["aof_rewrite_scheduled"]:
        time.sleep(0.1)
    return time.monotonic() - began_s


def bytes_per_open_order(client: redis.Redis, count: int = 2_000) -> int:
    """What Redis holds for an order with a hedge on its way, signed bytes included; leaves nothing behind."""
    keys = market_keys(OPEN_MARKET)
    client.hset(keys.fence, "number", "1")
    before = int(client.info("memory")["used_memory"])
    _add(client, OPEN_MARKET, 1, 0, count, "1", settles=False)
    grown = int(client.info("memory")["used_memory"]) - before
    for name in client.scan_iter(match=f"hedge:{{{OPEN_MARKET}}}:*", count=1_000):
        client.delete(name)
    return grown // count


def _add(
    client: redis.Redis, market: str, account_index: int, first: int, count: int, fencing: str, *, settles: bool
) -> None:
    keys, bounds = market_keys(market), LedgerBounds()
    base = (MARKET_INDEX + 1 << 48) + FIRST_NONCE
    names = (
        *("", keys.open_orders, keys.unfinished, keys.totals, keys.fence, keys.marker),
        *(keys.window, keys.finished, keys.quiet, keys.quiet_rows),
    )
    script = client.register_script(_text())
    at_ms = time.time_ns() // 1_000_000 - AGE_MS
    for start in range(first, first + count, ORDERS_PER_CALL):
        some = min(ORDERS_PER_CALL, first + count - start)
        clients = [str(hedge_client_order_index(base + start + place, 0)) for place in range(some)]
        limits = (bounds.finished_kept, bounds.quiet_kept, bounds.quiet_rows_kept, bounds.quiet_row_age_ms)
        about = (
            int(settles),
            account_index,
            MARKET_INDEX,
            PAYLOAD,
            base,
            "[" + ",".join(map('"{}"'.format, clients)) + "]",
        )
        script(keys=list(names), args=[start, some, fencing, keys.order_prefix, at_ms, *limits, *about])


def _text() -> str:
    folder = resources.files("hedge_strategy.coordination")
    texts = [folder.joinpath(name).read_text("utf-8") for name in ("ledger_store.lua", "hedge_ledger.lua")]
    loop = _LOOP.replace("LOTS", f"'{PART_LOTS}'")
    return "local function ledger(KEYS, ARGV)\n" + "\n".join(texts) + "\nend\n" + loop
