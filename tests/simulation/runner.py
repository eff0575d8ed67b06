"""Runs many schedules, on one core or several, and adds them up."""

import gc
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from tests.simulation.schedule import Outcome, run_schedule

PAST_FAILURES = Path(__file__).with_name("past_failures.txt")
CHUNK = 100
COLLECT_EVERY = 25
"""Worlds are full of cycles: collecting those of many schedules at once is faster than as they come."""


@dataclass(slots=True)
class Total:
    """All schedules added up."""

    seeds: int = 0
    steps: int = 0
    lots: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    failures: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Takes one schedule in."""
        self.seeds += 1
        self.steps += outcome.steps
        self.lots += outcome.lots
        self.faults.update(outcome.faults)
        if outcome.problem:
            self.failures.append(outcome)

    def count(self, kind: str) -> int:
        """How many schedules broke this promise."""
        return sum(outcome.kind == kind for outcome in self.failures)

    def line(self, seconds: float, cpu_seconds: float) -> str:
        """The report's last line.

        Args:
            seconds: how long it all took.
            cpu_seconds: what all processes together computed, so that the speed of one core is told.
        """
        report = {
            "seeds": self.seeds,
            "steps": self.steps,
            "faults": dict(sorted(self.faults.items())),
            "hedged_lots": self.lots,
            "lost": self.count("I1 lost"),
            "doubled": self.count("I2 doubled"),
            "violations": len(self.failures),
            "seeds_per_s": round(self.seeds / max(seconds, 0.001), 1),
            "seeds_per_s_per_core": round(self.seeds / max(cpu_seconds, 0.001), 1),
        }
        return json.dumps(report)


def silence() -> None:
    """What the product's own parts would log is in the trace."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def past_failures() -> tuple[int, ...]:
    """Seeds that have failed once; what stands behind a `#` is for people."""
    lines = (line.partition("#")[0].strip() for line in PAST_FAILURES.read_text().splitlines())
    return tuple(int(line) for line in lines if line)


def run_all(seeds: Sequence[int], jobs: int) -> Iterator[Outcome]:
    """Runs schedules, in any order."""
    if jobs <= 1:
        yield from run_chunk(seeds)
        return
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(jobs) as pool:
        for done in pool.map(_collected, chunks):
            yield from done


def run_chunk(seeds: Iterable[int]) -> Iterator[Outcome]:
    """Runs schedules one after the other in this process."""
    was_enabled = gc.isenabled()
    gc.disable()
    gc.freeze()  # what was imported is not looked through again and again
    try:
        for number, seed in enumerate(seeds):
            if number % COLLECT_EVERY == COLLECT_EVERY - 1:
                gc.collect()
            yield run_schedule(seed)
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def _collected(seeds: Sequence[int]) -> list[Outcome]:
    silence()
    return list(run_chunk(seeds))
