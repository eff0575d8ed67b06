"""Hedgers that share twelve markets, under fills: one is killed, one is asked to end, all are restarted in turn.

Measured twice: with A as it is, which stops quoting where no hedger is at work, and with fills that come whatever
happens, also while A would not quote: the worst that a fill can meet. How long each fill was unhedged is read from the
exchange's own record of trades.
"""

import threading
import time
from itertools import count
from pathlib import Path

from hedge_strategy.coordination.lease import hedger_of
from tests.figures.figure import Figure
from tests.fleet.fleet import Fleet, running_fleet
from tests.fleet.witness import Witness
from tests.polling import wait_until

HEDGERS = 3
MARKETS = 12
UP_WITHIN_S = 60
CALM_S = 3.0
"""Between two harms."""
TAKEN_LIVES = 1.5
UNHEDGED_MARGIN_S = 1.5
"""For building what a market needs and reading the ledger, on a busy machine."""
HANDED_OVER_WITHIN_S = 3.0
LASTS_S = 600
"""The fills end when the measuring does."""


def shared_markets(folder: Path, times: int, lease_s: float, per_s: float) -> list[Figure]:
    """Measures twice, with A as it is, and with one that would be filled whatever happens.

    Args:
        folder: for all files; made.
        times: how often a hedger is killed, and asked to end.
        lease_s: of the markets.
        per_s: fills in all markets together.
    """
    found = []
    for is_worst in (False, True):
        measuring = _Measuring(times, lease_s, per_s, is_worst=is_worst)
        found += measuring.figures(folder / ("worst" if is_worst else "as_it_is"))
    return found


class _Measuring:
    def __init__(self, times: int, lease_s: float, per_s: float, *, is_worst: bool) -> None:
        self._times, self._lease_s, self._per_s, self._is_worst = times, lease_s, per_s, is_worst
        self._numbers = count(1)
        under = f"{MARKETS} markets, {per_s:g} fills/s, lease {lease_s:g} s"
        under = f"{under}, also while A would not quote" if is_worst else under
        name = "worst_" if is_worst else "shared_"
        longest = lease_s + UNHEDGED_MARGIN_S
        self.even = Figure(name + "even_s", f"{HEDGERS} hedgers even after s ({under})", 3 * lease_s)
        self.typical = Figure(name + "typical_ms", "… a fill in a calm moment unhedged for ms, median")
        self.taken = Figure(name + "taken_s", "… one killed: its markets owned again after s", TAKEN_LIVES * lease_s)
        self.killed = Figure(name + "killed_unhedged_s", "…… the longest that a fill was unhedged, s", longest)
        self.handed = Figure(name + "handed_s", "… one asked to end: others hedge its markets, s", HANDED_OVER_WITHIN_S)
        within_ms = HANDED_OVER_WITHIN_S * 1000
        self.ended = Figure(name + "ended_unhedged_ms", "…… the longest that a fill was unhedged, ms", within_ms)
        self.rolled = Figure(name + "rolling_unhedged_ms", "… all restarted in turn: longest unhedged, ms", within_ms)
        self.lost = Figure(name + "lost", "… fills lost in all of this", 0)
        self.doubled = Figure(name + "doubled", "… hedges doubled", 0)
        self.owners = Figure(name + "two_owners", "… moments with two owners, by Redis' own record", 0)

    def figures(self, folder: Path) -> list[Figure]:
        lease_ms = round(self._lease_s * 1000)
        with running_fleet(folder, markets=MARKETS, lease_ms=lease_ms, tells=self._is_worst) as (fleet, witness):
            if not self._is_worst:
                fleet.start_maker()
            self._start(fleet)
            if not self._is_worst:
                fleet.wait_quotes(deadline_s=UP_WITHIN_S)
            fleet.fill(self._per_s, round(self._per_s * LASTS_S))
            calm_ns = time.time_ns()
            threading.Event().wait(CALM_S)
            fleet.verdicts()
            waits = sorted(fleet.unhedged_s(calm_ns))
            self.typical.values.append(round(waits[len(waits) // 2] * 1000, 1))
            for _ in range(self._times):
                self._kill(fleet)
            for _ in range(self._times):
                self._end(fleet)
            self._roll(fleet)
            self._count(fleet, witness)
        measured = [self.even, self.typical, self.taken, self.killed, self.handed, self.ended, self.rolled]
        return [*measured, self.lost, self.doubled, self.owners]

    def _start(self, fleet: Fleet) -> None:
        for _ in range(HEDGERS):
            fleet.start_hedger(f"hedger-{next(self._numbers)}")
        wait_until(fleet.spread, "the first owner", deadline_s=UP_WITHIN_S)
        began_s = time.monotonic()
        self._wait_even(fleet)
        self.even.values.append(round(time.monotonic() - began_s, 2))

    def _wait_even(self, fleet: Fleet) -> None:
        fleet.wait_spread([MARKETS // HEDGERS] * HEDGERS, deadline_s=UP_WITHIN_S)
        wait_until(fleet.are_hedging, "all to hedge", deadline_s=UP_WITHIN_S)

    def _replace(self, fleet: Fleet) -> None:
        fleet.start_hedger(f"hedger-{next(self._numbers)}")
        self._wait_even(fleet)
        threading.Event().wait(CALM_S)

    def _kill(self, fleet: Fleet) -> None:
        began_ns, began_s = time.time_ns(), time.monotonic()
        name = min(fleet.hedgers)
        dead = _own_name(fleet, name)
        fleet.hedgers[name].kill()
        fleet.forget(name)
        wait_until(lambda: self._are_with_others(fleet, dead), "its markets owned again", deadline_s=UP_WITHIN_S)
        self.taken.values.append(round(time.monotonic() - began_s, 2))
        wait_until(fleet.are_hedging, "all to hedge", deadline_s=UP_WITHIN_S)
        threading.Event().wait(CALM_S)
        self.killed.values.append(_longest_s(fleet, began_ns))
        self._replace(fleet)

    def _end(self, fleet: Fleet) -> None:
        began_ns, began_s = time.time_ns(), time.monotonic()
        name = min(fleet.hedgers)
        leaving = _own_name(fleet, name)
        fleet.hedgers[name].interrupt()
        wait_until(
            lambda: self._are_with_others(fleet, leaving) and fleet.are_hedging(),
            "the others to hedge its markets",
            deadline_s=UP_WITHIN_S,
        )
        self.handed.values.append(round(time.monotonic() - began_s, 2))
        fleet.hedgers[name].wait()
        fleet.forget(name)
        threading.Event().wait(CALM_S)
        self.ended.values.append(_longest_s(fleet, began_ns) * 1000)
        self._replace(fleet)

    def _roll(self, fleet: Fleet) -> None:
        began_ns = time.time_ns()
        for name in sorted(fleet.hedgers):
            fleet.hedgers[name].interrupt()
            fleet.start_hedger(f"hedger-{next(self._numbers)}")
            fleet.hedgers[name].wait()
            fleet.forget(name)
            self._wait_even(fleet)
        threading.Event().wait(CALM_S)
        self.rolled.values.append(_longest_s(fleet, began_ns) * 1000)

    def _count(self, fleet: Fleet, witness: Witness) -> None:
        fleet.end_fills()
        wait_until(fleet.are_all_hedged, "all fills to be hedged", deadline_s=UP_WITHIN_S)
        verdicts = fleet.verdicts().values()
        self.lost.values.append(float(sum(len(one.lost) for one in verdicts)))
        self.doubled.values.append(float(sum(len(one.doubled) for one in verdicts)))
        self.lost.words += f" (of {sum(one.fills for one in verdicts)})"
        witness.close()
        assert fleet.mistakes() == []
        self.owners.values.append(float(len(witness.history.problems)))

    @staticmethod
    def _are_with_others(fleet: Fleet, gone: str) -> bool:
        owners = fleet.owners()
        return len(owners) == len(fleet.symbols) and all(hedger_of(owner) != gone for owner in owners.values())


def _own_name(fleet: Fleet, name: str) -> str:
    """What a hedger calls itself."""
    return str(fleet.hedgers[name].log("shares markets")[0]["who"])


def _longest_s(fleet: Fleet, since_ns: int) -> float:
    fleet.verdicts()
    return round(max(fleet.unhedged_s(since_ns)), 3)
