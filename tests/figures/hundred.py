"""One hedger with a hundred markets, and four that share them, against one with one market, at the same pace of fills
in all.

The same exchange, Redis and teller of A's fills for all, one after the other, again and again, so that whatever else
the machine does meets all. The fills of many markets are spread evenly over time; what a burst in all of them at once
does is measured apart. How long a fill was unhedged is read from the exchange's own record of trades.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.presence import HedgerState
from tests.figures.figure import Figure
from tests.fleet.fleet import Fleet, running_fleet
from tests.notices import hedger_says
from tests.polling import wait_until
from tests.product import ProductProcess
from tests.redis_server import RedisServer

LEASE_MS = 10_000
RATIO_MAX = 1.5
HEDGERS = 4
"""That share the markets."""
UP_WITHIN_S = 240
REST_S = 10.0
"""For so long a hedger at rest is watched."""
CALM_S = 3.0
LOOK_PAUSE_S = 1.0
FILLS_PER_MARKET = 6
PERCENTILE = 0.99
KIB = 1024
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What a process and Redis had used until a moment.

    Attributes:
        at_s: the moment.
        cpu_s: of the processor.
        commands: that Redis has carried out, those in scripts too.
    """

    at_s: float
    cpu_s: float
    commands: int


def hundred_markets(folder: Path, times: int, per_s: float, markets: int) -> list[Figure]:
    """Measures.

    Args:
        folder: for all files; made.
        times: how often each.
        per_s: fills, in all markets together.
        markets: of the one that has many.
    """
    with running_fleet(folder, markets=markets, lease_ms=LEASE_MS, is_watched=False) as (fleet, _):
        measuring = _Measuring(fleet, per_s)
        for number in range(times):
            measuring.one(f"one-{number}")
            measuring.many(f"many-{number}")
            measuring.several(f"several-{number}")
        measuring.count()
    return measuring.figures()


class _Side:
    """The figures of one of the two."""

    def __init__(self, name: str, who: str) -> None:
        self.typical = Figure(f"{name}_p50_ms", f"{who}: a fill unhedged for ms, median")
        self.slow = Figure(f"{name}_p99_ms", "… 99th percentile")
        self.rest = Figure(f"{name}_rest_percent", "… of a core at rest, %")
        self.busy = Figure(f"{name}_busy_percent", "… of a core under fills, %")
        self.memory = Figure(f"{name}_memory_mib", "… memory, MiB")
        self.threads = Figure(f"{name}_threads", "… threads")
        self.operations = Figure(f"{name}_rest_operations_per_s", "… Redis operations a second at rest")
        self.busy_operations = Figure(f"{name}_busy_operations_per_s", "… under fills")
        self.connections = Figure(f"{name}_connections", "… connections to Redis")

    def all(self) -> list[Figure]:
        at_rest = [self.rest, self.busy, self.memory, self.threads]
        return [self.typical, self.slow, *at_rest, self.operations, self.busy_operations, self.connections]


class _Measuring:
    def __init__(self, fleet: Fleet, per_s: float) -> None:
        self._fleet, self._per_s = fleet, per_s
        self._all = list(range(len(fleet.symbols)))
        self._one = _Side("one", "one market")
        self._many = _Side("many", f"{len(self._all)} markets")
        self._several = _Side("several", f"{len(self._all)} markets over {HEDGERS} hedgers")
        self._ratio = Figure("ratio", f"medians at {per_s:g} fills/s: many through one", RATIO_MAX)
        self._several_ratio = Figure("several_ratio", "… many over several hedgers through one")
        self._burst = Figure("burst_p50_ms", "one fill in every market at the same time: unhedged for ms, median")
        self._last = Figure("burst_last_ms", "… the last")
        self._lost = Figure("lost", "fills lost", 0)
        self._doubled = Figure("doubled", "hedges doubled", 0)

    def one(self, name: str) -> None:
        """One market in a hedger of its own."""
        with self._running([name], [0], "--market", self._fleet.symbols[0]) as processes:
            self._measure(processes, self._one, [0])

    def many(self, name: str) -> None:
        """All markets in one hedger."""
        with self._running([name], self._all) as processes:
            self._measure(processes, self._many, self._all)
            self._ratio.values.append(self._many.typical.values[-1] / self._one.typical.values[-1])
            self._measure_burst()

    def several(self, name: str) -> None:
        """All markets, shared by some hedgers."""
        with self._running([f"{name}-{number}" for number in range(HEDGERS)], self._all) as processes:
            self._measure(processes, self._several, self._all)
            self._several_ratio.values.append(self._several.typical.values[-1] / self._one.typical.values[-1])

    def count(self) -> None:
        """What was lost and doubled in all of it."""
        verdicts = self._fleet.verdicts().values()
        self._lost.values.append(float(sum(len(one.lost) for one in verdicts)))
        self._doubled.values.append(float(sum(len(one.doubled) for one in verdicts)))
        self._lost.words += f" (of {sum(one.fills for one in verdicts)})"
        assert self._fleet.mistakes() == []

    def figures(self) -> list[Figure]:
        """All of them."""
        sides = [*self._one.all(), *self._many.all(), *self._several.all()]
        return [*sides, self._ratio, self._several_ratio, self._burst, self._last, self._lost, self._doubled]

    @contextmanager
    def _running(self, names: Sequence[str], markets: Sequence[int], *arguments: str) -> Iterator[list[ProductProcess]]:
        processes = [self._fleet.start_hedger(name, *arguments) for name in names]
        wait_until(
            lambda: seldom() and self._are_hedged_by(processes, markets), "all to be hedged", deadline_s=UP_WITHIN_S
        )
        threading.Event().wait(CALM_S)
        yield processes
        for process in processes:
            process.interrupt()
        for name, process in zip(names, processes, strict=True):
            process.wait(UP_WITHIN_S)
            self._fleet.forget(name)

    def _are_hedged_by(self, processes: Sequence[ProductProcess], markets: Sequence[int]) -> bool:
        for process in processes:
            assert process.code is None, process.errors[-3000:]
        symbols = self._fleet.symbols
        spread = self._fleet.spread()
        if len(spread) != len(processes) or spread[-1] - spread[0] > 1:
            return False
        with connect(self._fleet.redis_server.settings) as client:
            said = [hedger_says(client, symbols[market]) for market in markets]
        return all(one is not None and one.state is HedgerState.HEDGING for one in said)

    def _measure(self, processes: Sequence[ProductProcess], side: _Side, markets: list[int]) -> None:
        fleet = self._fleet
        side.threads.values.append(float(sum(_status(process, "Threads") for process in processes)))
        side.memory.values.append(sum(_status(process, "VmRSS") for process in processes) / KIB)
        with connect(fleet.redis_server.settings) as client:
            side.connections.values.append(float(client.info("clients")["connected_clients"]))
        before = _load(processes, fleet.redis_server)
        threading.Event().wait(REST_S)
        self._used(side.rest, side.operations, before, _load(processes, fleet.redis_server))
        fills = FILLS_PER_MARKET * len(self._all)
        since_ns = time.time_ns()
        before = _load(processes, fleet.redis_server)
        fleet.fill(self._per_s, fills, markets=markets, is_spread=True)
        waits = self._hedged(since_ns, fills)
        self._used(side.busy, side.busy_operations, before, _load(processes, fleet.redis_server))
        side.typical.values.append(_at(waits, 0.5))
        side.slow.values.append(_at(waits, PERCENTILE))

    def _measure_burst(self) -> None:
        since_ns = time.time_ns()
        self._fleet.fill(float(len(self._all)), len(self._all))
        waits = self._hedged(since_ns, len(self._all))
        self._burst.values.append(_at(waits, 0.5))
        self._last.values.append(max(waits))

    def _hedged(self, since_ns: int, fills: int) -> list[float]:
        """When all of them are: how long each was not, in ms, shortest first."""
        fleet = self._fleet
        wait_until(lambda: seldom() and fleet.exchange.fills_left() == 0, "the fills", deadline_s=UP_WITHIN_S)
        threading.Event().wait(CALM_S)
        wait_until(fleet.are_all_hedged, f"{fills} fills to be hedged", deadline_s=UP_WITHIN_S)
        return sorted(wait_s * 1000 for wait_s in fleet.unhedged_s(since_ns))

    @staticmethod
    def _used(percent: Figure, operations: Figure, before: Load, after: Load) -> None:
        took_s = after.at_s - before.at_s
        percent.values.append(round((after.cpu_s - before.cpu_s) / took_s * 100, 1))
        operations.values.append(round((after.commands - before.commands) / took_s, 1))


def seldom() -> bool:
    """Makes a look wait: what looks all the time takes the processor from what is measured."""
    threading.Event().wait(LOOK_PAUSE_S)
    return True


def _at(waits: Sequence[float], part: float) -> float:
    return round(waits[min(len(waits) - 1, int(len(waits) * part))], 2)


def _load(processes: Sequence[ProductProcess], server: RedisServer) -> Load:
    stats = [Path(f"/proc/{process.process_id}/stat").read_text().rpartition(")")[2].split() for process in processes]
    cpu_s = sum(int(fields[11]) + int(fields[12]) for fields in stats) / _TICKS_PER_S
    with connect(server.settings) as client:
        commands = int(client.info("stats")["total_commands_processed"])
    return Load(time.monotonic(), cpu_s, commands)


def _status(process: ProductProcess, name: str) -> int:
    """A number of the process' status; memory in KiB."""
    text = Path(f"/proc/{process.process_id}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith(f"{name}:")).split()[1])
