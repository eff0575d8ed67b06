"""Fills at a given pace, all ways of hedging by turns, so that whatever disturbs the machine hits all alike."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.comparisons import WAYS, Comparisons
from bench.figures import Run
from bench.fills import Hedged, hedged_fills
from bench.laboratory import PART_LOTS, PLACED_LOTS, Laboratory, Pair
from bench.machine import usage_of

QUOTED_RATE = 20
"""Fills a second that a maker with one order at a time can be asked for in whole orders."""
RESTING = "A's own orders, quoted again after each"
PLACED = "orders placed for A at the moment of the fill: A quotes one at a time, and not so fast"
PARTS = "parts of A's own order"
FRAMES = "frames as long as the exchange's"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        rate: fills a second.
        rounds: how often each way has its turn.
        fills: in each turn.
    """

    rate: int
    rounds: int
    fills: int


@dataclass
class Turns:
    """What our turns of one kind were.

    Attributes:
        windows: from and to, by the exchange's clock.
        seconds: for how long fills came.
        fills: that were asked for.
        cpu_ns: that A and B used, until all was hedged, and how long that was.
    """

    windows: list[tuple[int, int]] = field(default_factory=list)
    seconds: float = 0.0
    fills: int = 0
    cpu_ns: dict[str, int] = field(default_factory=lambda: {"maker": 0, "hedger": 0, "wall": 0})


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of the rounds.

    Attributes:
        runs: every way at every pace.
        turns: ours, by kind and rate.
        fills: ours, by kind and rate.
        cpu_ms_of_others: per hedge of the comparisons' B, by way and rate.
    """

    runs: tuple[Run, ...]
    turns: dict[tuple[str, int], Turns]
    fills: dict[tuple[str, int], list[Hedged]]
    cpu_ms_of_others: dict[tuple[str, int], float]


class Rounds:
    """Plays the rounds.

    Args:
        laboratory: everything that runs.
        pair: ours.
        comparisons: the other ways.
        say: told how far it is.
    """

    def __init__(
        self, laboratory: Laboratory, pair: Pair, comparisons: Comparisons, say: Callable[[str], None]
    ) -> None:
        self._laboratory = laboratory
        self._pair = pair
        self._comparisons = comparisons
        self._say = say
        self._turns: dict[tuple[str, int], Turns] = defaultdict(Turns)
        self._others: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._seconds: dict[tuple[str, int], float] = defaultdict(float)
        self._cpu_ns_of_others: dict[tuple[str, int], int] = defaultdict(int)

    def play(self, plans: Sequence[Plan], warm_up_fills: int) -> None:
        """All plans, one after the other; each way is warmed up first, which does not count."""
        self._say("warming up")
        for kind in ("whole", "partial"):
            self._ours(kind, QUOTED_RATE, warm_up_fills, None)
        for way in WAYS:
            self._comparisons.drill(way, warm_up_fills, QUOTED_RATE)
            self._comparisons.latencies_us(way)
        for plan in plans:
            for number in range(plan.rounds):
                self._say(f"{plan.rate} fills a second: round {number + 1} of {plan.rounds}")
                self._round(plan, number)

    def _round(self, plan: Plan, number: int) -> None:
        turns: list[Callable[[], None]] = [
            lambda: self._ours("whole", plan.rate, plan.fills, self._turns["whole", plan.rate]),
            *(lambda way=way: self._other(way, plan) for way in WAYS),
            lambda: self._ours("partial", plan.rate, plan.fills, self._turns["partial", plan.rate]),
        ]
        # Another one begins each time, so that none is always the one after.
        first = number % len(turns)
        for turn in turns[first:] + turns[:first]:
            turn()

    def _other(self, way: str, plan: Plan) -> None:
        hedger = self._comparisons.hedger_process_id
        before_ns = usage_of(hedger).cpu_ns
        took_ns = self._comparisons.drill(way, plan.fills, plan.rate)
        self._cpu_ns_of_others[way, plan.rate] += usage_of(hedger).cpu_ns - before_ns
        self._seconds[way, plan.rate] += took_ns / 1e9
        self._others[way, plan.rate] += self._comparisons.latencies_us(way)

    def _ours(self, kind: str, rate: int, fills: int, turns: Turns | None) -> None:
        laboratory, pair = self._laboratory, self._pair
        places = kind == "whole" and rate > QUOTED_RATE
        lots = PART_LOTS if kind == "partial" else PLACED_LOTS if places else None
        if kind == "whole" and not places:
            laboratory.drill(pair, 1, rate)  # what is left of an order that was taken in parts
            laboratory.wait_hedged(pair)
        laboratory.wait_quote(pair)
        before, began_ns = self._usage(), laboratory.now_ns()
        took_ns = laboratory.drill(pair, fills, rate, lots=lots, places=places)
        laboratory.wait_hedged(pair)
        after, ended_ns = self._usage(), laboratory.now_ns()
        if turns is not None:
            turns.windows.append((began_ns, ended_ns))
            turns.seconds += took_ns / 1e9
            turns.fills += fills
            for name, value in after.items():
                turns.cpu_ns[name] += value - before[name]

    def _usage(self) -> dict[str, int]:
        used = {role: usage_of(process.process_id).cpu_ns for role, process in self._pair.processes.items()}
        return {**used, "wall": self._laboratory.clock.monotonic_ns()}

    def measured(self) -> Measured:
        """What came of it; reads all of the exchange's records."""
        everything = hedged_fills(self._laboratory.records(self._pair))
        runs, fills = [], {}
        for (kind, rate), turns in self._turns.items():
            found = [one for one in everything if any(a <= one.framed_ns <= b for a, b in turns.windows)]
            fills[kind, rate] = found
            feed = PARTS if kind == "partial" else RESTING if rate <= QUOTED_RATE else PLACED
            latencies = tuple(one.latency_us for one in found)
            runs.append(Run("ours", kind, rate, latencies, turns.fills, feed, turns.seconds))
        for (way, rate), values in self._others.items():
            runs.append(Run(way, "whole", rate, tuple(values), len(values), FRAMES, self._seconds[way, rate]))
        order = ("ours", *WAYS)
        runs.sort(key=lambda run: (run.rate, order.index(run.name), run.kind != "whole"))
        cpu_ms = {key: round(ns / 1e6 / len(self._others[key]), 3) for key, ns in self._cpu_ns_of_others.items()}
        return Measured(tuple(runs), dict(self._turns), fills, cpu_ms)
