"""FLUSHALL in the middle of a hundred fills: how long until the ledger is there again and A quotes, and what was lost.

Real processes, on a Redis and an exchange of their own. Fills go on whenever A rests an order; nobody does anything but
FLUSHALL. What is lost or doubled is what the exchange's truth says; in the end `hedge audit` must end 0 as well.
"""

import random
import time
from contextlib import closing
from pathlib import Path

from hedge_strategy.coordination.hedge_ledger import HedgeLedger
from hedge_strategy.errors import RedisUnavailable
from tests.chaos.rounds import Day
from tests.chaos.system import SYMBOL
from tests.figures.figure import Figure
from tests.polling import wait_until

BACK_WITHIN_S = 60.0
FILL_WITHIN_S = 60.0


def flush_all(folder: Path, times: int, seed: int, fills: int) -> list[Figure]:
    """FLUSHALL once in so many fills, each time with a system of its own.

    Args:
        folder: for all files; made.
        times: how many systems.
        seed: of moments and sizes.
        fills: of A in each, half of them before and half after.
    """
    figures = {
        "ledger_s": Figure("flushall_ledger_s", "FLUSHALL: the ledger is rebuilt after s", BACK_WITHIN_S),
        "quotes_s": Figure("flushall_quotes_s", "FLUSHALL: A quotes again after s", BACK_WITHIN_S),
        "fills": Figure("flushall_fills", f"FLUSHALL: fills of A, half of {fills} before it"),
        "lost": Figure("flushall_lost", "FLUSHALL: maker orders with an unhedged amount", 0),
        "doubled": Figure("flushall_doubled", "FLUSHALL: maker orders with too much hedged", 0),
        "audit": Figure("flushall_audit", "FLUSHALL: hedge audit ends with", 0),
    }
    for number in range(times):
        chance = random.Random(seed + number)
        with closing(Day(folder / f"flushall-{number}", seed + number, chance)) as day:
            for name, value in _once(day, fills).items():
                figures[name].values.append(value)
    return list(figures.values())


def _once(day: Day, fills: int) -> dict[str, float]:
    day.flow.go_on()
    _wait_fills(day, fills // 2)
    with day.system.redis_client() as client:
        client.flushall()
        flushed_at_s = time.monotonic()
        ledger = HedgeLedger(client, SYMBOL)
        wait_until(lambda: _stands(ledger), "the ledger", deadline_s=BACK_WITHIN_S)
        ledger_s = time.monotonic() - flushed_at_s
    wait_until(day.quotes, "an order of A", deadline_s=BACK_WITHIN_S)
    quotes_s = time.monotonic() - flushed_at_s
    _wait_fills(day, fills)
    day.flow.stand_still()
    wait_until(lambda: day.reader.why_not_quiet() is None, "all to be hedged", deadline_s=BACK_WITHIN_S)
    audit = day.system.audit()
    verdict = day.reader.verdict()
    return {
        "ledger_s": round(ledger_s, 2),
        "quotes_s": round(quotes_s, 2),
        "fills": verdict.fills,
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "audit": audit,
    }


def _wait_fills(day: Day, fills: int) -> None:
    while day.flow.fills < fills:
        if not day.flow.wait_fill(FILL_WITHIN_S):
            raise AssertionError(f"no fill in {FILL_WITHIN_S:.0f} s: {day.flow.problem or 'A rests nothing'}")


def _stands(ledger: HedgeLedger) -> bool:
    try:
        return ledger.epoch() is not None
    except RedisUnavailable:
        return False
