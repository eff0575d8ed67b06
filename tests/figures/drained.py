"""What waits while no hedger is there, hedged once one comes: the same number of fills in one market and in several.

A market has one lane, on which one hedge at a time is under way; several markets have several. How long it took is read
from the exchange's own record of trades.
"""

import time
from pathlib import Path

import redis

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.coordination.keys import market_keys
from tests.figures.figure import Figure
from tests.figures.hundred import seldom
from tests.fleet.fleet import LOTS, Fleet, running_fleet
from tests.polling import wait_until

LEASE_MS = 5_000
SEVERAL = 10
"""Markets; the fills are divided evenly among them."""
FILLS_PER_S = 200
"""At which A is filled meanwhile."""
WITHIN_S = 120


def drained(folder: Path, times: int, fills: int) -> list[Figure]:
    """Measures.

    Args:
        folder: for all files; made.
        times: how often each.
        fills: that wait, in all markets together.
    """
    one = Figure("drain_one_market_s", f"{fills} fills of one market: seconds from the first hedge to the last")
    several = Figure("drain_several_markets_s", f"… of {SEVERAL} markets")
    lost, doubled = Figure("drain_lost", "fills lost", 0), Figure("drain_doubled", "hedges doubled", 0)
    with running_fleet(folder, markets=SEVERAL, lease_ms=LEASE_MS, is_watched=False) as (fleet, _):
        for number in range(times):
            one.values.append(_drain(fleet, f"one-{number}", [0], fills))
            several.values.append(_drain(fleet, f"several-{number}", list(range(SEVERAL)), fills))
        verdicts = fleet.verdicts().values()
        lost.values.append(float(sum(len(verdict.lost) for verdict in verdicts)))
        doubled.values.append(float(sum(len(verdict.doubled) for verdict in verdicts)))
        lost.words += f" (of {sum(verdict.fills for verdict in verdicts)})"
        assert fleet.mistakes() == []
    return [one, several, lost, doubled]


def _drain(fleet: Fleet, name: str, markets: list[int], fills: int) -> float:
    fleet.fill(FILLS_PER_S, fills, markets=markets)
    wait_until(lambda: fleet.exchange.fills_left() == 0, "the fills", deadline_s=WITHIN_S)
    with connect(fleet.redis_server.settings) as client:
        streams = [market_keys(fleet.symbols[market]).fills for market in markets]
        wait_until(lambda: sum(client.xlen(one) for one in streams) >= fills, "all to be told", deadline_s=WITHIN_S)
        since_ns, due = time.time_ns(), _hedged_lots(client, fleet, markets) + fills * LOTS
        hedger = fleet.start_hedger(name)
        wait_until(
            lambda: seldom() and _hedged_lots(client, fleet, markets) >= due, "all to be hedged", deadline_s=WITHIN_S
        )
    hedger.interrupt()
    hedger.wait(WITHIN_S)
    fleet.forget(name)
    rows = [row for market in markets for row in fleet.exchange.truth("trades", **_hedgers(fleet, market))]
    at_ns = sorted(row["executed_ns"] for row in rows if row["executed_ns"] >= since_ns)
    return round((at_ns[-1] - at_ns[0]) / 1e9, 2)


def _hedgers(fleet: Fleet, market: int) -> dict[str, int]:
    return {"account_index": fleet.hedger, "market_index": market}


def _hedged_lots(client: redis.Redis, fleet: Fleet, markets: list[int]) -> int:
    totals = [HedgeLedger(client, fleet.symbols[market]).totals() for market in markets]
    return sum(one.hedged_buy_lots + one.hedged_sell_lots for one in totals)
