"""`kill -9` of A with an order on the book, and of B while A quotes: how long until nothing of A's rests.

Real processes on a Redis and an exchange of their own. An order of A rests for a minute unless somebody cancels it, so
what takes it off the book within seconds is the dead-man switch, or A itself, that misses its hedger. Both are seen in
the exchange's truth. The moment of each kill is drawn, so that it falls anywhere between two renewals.
"""

import random
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.chaos.rounds import Day
from tests.chaos.system import HEDGER, MAKER, STANDBY
from tests.figures.figure import Figure
from tests.polling import wait_until

ORDER_TIMEOUT_S = 60
"""Longer than all that is measured here: A cancels nothing because of it."""
MARGIN_S = 1.0
"""For the exchange (it cancels 0.3 s after it was asked), A's next look, and a busy machine."""
QUOTES_WITHIN_S = 60
GONE_FOR_S = 2.0
"""So long nothing may rest any more before it counts as gone."""
LOOK_S = 0.02


def dead_man_switch(folder: Path, times: int, seed: int, switch_s: float) -> Figure:
    """A is killed with an order on the book; the venue's dead-man switch cancels it.

    Args:
        folder: for all files; made.
        times: how many kills.
        seed: of their moments.
        switch_s: `lighter.dead_man_ms`, in seconds.
    """
    words = f"A killed: its order is off the book after s (switch {switch_s:g} s)"
    settings = {"lighter": {"maker_order_time_out": int(2 * switch_s) + ORDER_TIMEOUT_S, "dead_man_ms": _ms(switch_s)}}
    figure = Figure("dead_man_s", words, switch_s + MARGIN_S)
    _kill(folder, MAKER, figure, times, random.Random(seed), settings)
    return figure


def no_hedger(folder: Path, times: int, seed: int, lease_s: float) -> Figure:
    """B is killed and no other waits; A cancels and rests nothing.

    Args:
        folder: for all files; made.
        times: how many kills.
        seed: of their moments.
        lease_s: `strategy.lease_ms`, in seconds.
    """
    words = f"B killed: nothing of A rests any more after s (lease {lease_s:g} s)"
    settings = {"lighter": {"maker_order_time_out": ORDER_TIMEOUT_S}, "strategy": {"lease_ms": _ms(lease_s)}}
    figure = Figure("no_hedger_s", words, lease_s + MARGIN_S)
    _kill(folder, HEDGER, figure, times, random.Random(seed), settings)
    return figure


def _kill(
    folder: Path, victim: str, figure: Figure, times: int, chance: random.Random, settings: dict[str, dict[str, Any]]
) -> None:
    with closing(Day(folder, chance.randrange(1 << 30), chance, settings)) as day:
        supervisor = day.system.supervisor
        supervisor.want(STANDBY, wanted=False)
        for _ in range(times):
            supervisor.want(victim, wanted=True)
            wait_until(lambda: supervisor.all_up and day.quotes(), "an order of A", deadline_s=QUOTES_WITHIN_S)
            threading.Event().wait(chance.uniform(0, 3))
            wait_until(day.quotes, "an order of A", deadline_s=QUOTES_WITHIN_S)
            supervisor.want(victim, wanted=False)
            figure.values.append(round(_gone_after_s(day, give_up_s=2 * (figure.bound or 0)), 2))


def _gone_after_s(day: Day, give_up_s: float) -> float:
    """From now until the last moment at which an order of A rested."""
    killed_at_s = rested_at_s = time.monotonic()
    while time.monotonic() < min(rested_at_s + GONE_FOR_S, killed_at_s + give_up_s):
        if day.quotes():
            rested_at_s = time.monotonic()
        threading.Event().wait(LOOK_S)
    return rested_at_s - killed_at_s


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
