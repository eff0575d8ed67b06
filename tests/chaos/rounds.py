"""Rounds of the chaos: fills flow, faults strike in their midst, the flow stands still, and all must come right.

A round is kept only by what the exchange's truth says at its end. After a round that failed its folder is kept as it is
and a new system is begun, so that one failure does not hide in another.
"""

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.faults import KINDS, Deck, Struck
from tests.chaos.flow import Flow
from tests.chaos.judge import TruthReader, Verdict
from tests.chaos.system import MARKET, STANDBY, Settings, System
from tests.polling import wait_until

FIRST_QUOTE_WITHIN_S = 60
FAULTS_PER_ROUND = 3
FILLS_BEFORE = 10
"""How many fills there are in a round before the first fault."""
FILL_WITHIN_S = 4.0
"""How long a fault waits for a fill to strike at, where nothing can be filled."""
AFTER_FILL_S = (0.0, 0.6)
"""The hedge of a fill is on its way for about so long."""
BETWEEN_S = (0.2, 2.5)
CALM_S = (1.0, 3.0)
"""How long the flow goes on after the last fault."""
QUIET_WITHIN_S = 60.0
AFTERMATH_S = 1.0
"""A second hedge of a fill would be sent at once; the exchange executes it well within this."""
LOOK_S = 0.2
NOTE_S = 0.05
"""Pause between two looks at the length of Redis' file."""
STANDBY_SHARE = 0.5


@dataclass
class Round:
    """What happened in one.

    Attributes:
        number: from 1.
        began_s: since the start of the run.
        faults: in their order, with the second of the round at which each struck.
        fills: trades of A in this round.
        quiet_s: from the end of the last fault until all was hedged and rested as it should; None: never.
        trading_s: the same until A quoted again; None: never.
        lost: by maker order.
        doubled: in words.
        deaths: processes that ended though nobody killed them, with exit code.
        mistakes: logs with a trace in them.
        problem: why it was not quiet or the round could not be run.
        folder: where the logs are, for a failed round.
        self_trades: trades of A with B in this round's system so far.
    """

    number: int
    began_s: float = 0.0
    faults: list[dict[str, Any]] = field(default_factory=list)
    fills: int = 0
    quiet_s: float | None = None
    trading_s: float | None = None
    lost: dict[str, str] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    problem: str | None = None
    folder: str | None = None
    self_trades: int = 0

    @property
    def failed(self) -> bool:
        """Whether a promise was broken."""
        return bool(self.lost or self.doubled or self.mistakes or self.problem)


class Day:
    """One system with its flow, from its first quote to its end.

    Args:
        folder: for all files; made.
        seed: of the exchange.
        chance: of the flow's moments and sizes.
        settings: sections of A's and B's configuration, changed.
    """

    def __init__(self, folder: Path, seed: int, chance: random.Random, settings: Settings | None = None) -> None:
        self.system = System(folder, seed, settings=settings)
        accounts = self.system.accounts
        self.reader = TruthReader(self.system.exchange, MARKET, accounts.maker, accounts.hedger)
        try:
            self.flow = Flow(self.system.exchange, MARKET, accounts.maker, chance)
            wait_until(self.quotes, "A's first order", deadline_s=FIRST_QUOTE_WITHIN_S)
        except BaseException:
            self.system.close()
            raise
        self._deaths_told: Counter[str] = Counter()
        self.fills_before = 0

    def close(self) -> None:
        """Ends everything."""
        self.flow.end()
        self.system.close()

    def quotes(self) -> bool:
        """Whether an order of A rests."""
        return bool(self.reader.resting(self.system.accounts.maker))

    def new_deaths(self) -> list[str]:
        """Processes that ended by themselves since this was asked last."""
        found = []
        for name, place in self.system.supervisor.places.items():
            codes = place.ended_alone[self._deaths_told[name] :]
            self._deaths_told[name] = len(place.ended_alone)
            found += [f"{name}: {code}" for code in codes]
        return found


class Chaos:
    """A run of rounds.

    Args:
        folder: for everything; made.
        seed: of kinds, moments, sizes and fills.
        kinds: which faults.
        say: told of each step in words.
    """

    def __init__(self, folder: Path, seed: int, kinds: tuple[str, ...], say: Callable[[str], None]) -> None:
        self._folder = folder
        self._seed = seed
        self._chance = random.Random(seed)
        self._deck = Deck(kinds, random.Random(seed + 1))
        self._say = say
        self._began_s = time.monotonic()
        self._day: Day | None = None
        self._days = 0
        self._keeps_files = False
        self._never = threading.Event()

    def rounds(self, number: int, faults_per_round: int = FAULTS_PER_ROUND) -> Iterator[Round]:
        """Runs them one after the other."""
        for count in range(1, number + 1):
            done = Round(count, began_s=round(time.monotonic() - self._began_s, 1))
            try:
                day = self._today()
                self._run(day, done, faults_per_round)
            except AssertionError as error:
                done.problem = f"{error}"
            if done.failed:
                done.folder = str(self._folder / f"day-{self._days}")
                self._end_day()
            yield done

    def audit(self) -> int | None:
        """What `hedge audit` ends with after the last round; None where that round failed, which has ended its day."""
        code = None if self._day is None else self._day.system.audit()
        self._keeps_files = bool(code)
        return code

    def close(self) -> None:
        """Ends the last day and removes its files; those of failed rounds and of a failed audit stay."""
        folder = self._folder / f"day-{self._days}"
        if self._day is not None:
            self._end_day()
            if not self._keeps_files:
                shutil.rmtree(folder, ignore_errors=True)

    def _today(self) -> Day:
        if self._day is None:
            self._days += 1
            flow_chance = random.Random(self._chance.random())
            self._day = Day(self._folder / f"day-{self._days}", self._seed + self._days, flow_chance)
        return self._day

    def _end_day(self) -> None:
        if self._day is not None:
            self._day.close()
        self._day = None

    def _run(self, day: Day, done: Round, faults_per_round: int) -> None:
        began_s = time.monotonic()
        day.system.supervisor.want(STANDBY, wanted=self._chance.random() < STANDBY_SHARE)
        day.flow.go_on()
        for _ in range(FILLS_BEFORE):
            self._wait_fill(day)
        struck: list[Struck] = []
        for kind in self._deck.deal(faults_per_round):
            self._wait_fill(day)
            self._wait(day, self._chance.uniform(*AFTER_FILL_S))
            at_s = time.monotonic() - began_s
            struck.append(KINDS[kind](day.system, self._chance))
            done.faults.append({"kind": kind, "at_s": round(at_s, 2), "detail": struck[-1].detail})
            self._wait(day, self._chance.uniform(*BETWEEN_S))
        self._wait(day, self._chance.uniform(*CALM_S))
        day.flow.stand_still()
        if day.flow.problem:
            raise AssertionError(f"the flow broke: {day.flow.problem}")
        over_at_s = max(one.over_at_s for one in struck)
        verdict = self._settle(day, done, over_at_s)
        self._count_hits(day, done, struck)
        done.fills, day.fills_before = verdict.fills - day.fills_before, verdict.fills
        done.self_trades = verdict.self_trades
        done.lost = {str(order): str(size) for order, size in verdict.lost.items()}
        done.doubled = list(verdict.doubled.values())
        done.deaths, done.mistakes = day.new_deaths(), day.system.tracebacks()

    @staticmethod
    def _wait_fill(day: Day) -> None:
        """Waits for a fill, for so long at the most; Redis' file is looked after here too, or it would lose more."""
        until_s = time.monotonic() + FILL_WITHIN_S
        while time.monotonic() < until_s and not day.flow.wait_fill(NOTE_S):
            day.system.note_file_size()

    def _wait(self, day: Day, seconds: float) -> None:
        """Lets the time pass, and looks after the length of Redis' file meanwhile."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            day.system.note_file_size()
            self._pause(min(NOTE_S, max(0.0, until_s - time.monotonic())))

    def _pause(self, seconds: float) -> None:
        self._never.wait(seconds)

    def _settle(self, day: Day, done: Round, over_at_s: float) -> Verdict:
        """Waits until all is quiet and A quotes again; a fault that was not over by then is waited for."""
        give_up_s = max(over_at_s, time.monotonic()) + QUIET_WITHIN_S
        reason: str | None = "not looked yet"
        while reason is not None:
            if time.monotonic() > give_up_s:
                done.problem = f"not quiet in {QUIET_WITHIN_S:.0f} s: {reason}"
                return day.reader.verdict()
            self._pause(LOOK_S)
            reason = day.reader.why_not_quiet()
            if reason is None and done.quiet_s is None:
                done.quiet_s = round(max(0.0, time.monotonic() - over_at_s), 1)
            elif reason is not None:
                done.quiet_s = None
            if reason is None and not day.system.supervisor.all_up:
                reason = "not all processes run"
            if reason is None and not day.quotes():
                reason = "A does not quote"
        done.trading_s = round(max(0.0, time.monotonic() - over_at_s), 1)
        before = day.reader.verdict()
        self._pause(AFTERMATH_S)
        after = day.reader.verdict()
        if (after.fills, after.hedges) != (before.fills, before.hedges):
            done.problem = f"something followed after all was hedged: {after.hedges - before.hedges} trades of B"
        return after

    def _count_hits(self, day: Day, done: Round, struck: list[Struck]) -> None:
        hits = day.system.exchange.hits()
        day.system.exchange.disarm()
        for one, row in zip(struck, done.faults, strict=True):
            one.hits = one.hits if one.number is None else hits.get(one.number, 0)
            row["hits"] = one.hits
            self._deck.counts[one.kind] += one.hits > 0
