"""Reads what a process would answer Prometheus, at a time that the test sets."""

from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from hedge_strategy.metrics.board import Exposition

START_NS = 1_760_000_000_000_000_000


@dataclass
class HandClock:
    """Stands still until it is moved; steady time is wall time less its start."""

    steady_ns: int = 1_000_000_000
    slept: list[float] = field(default_factory=list)

    def now_ns(self) -> int:
        return START_NS + self.steady_ns

    def monotonic_ns(self) -> int:
        return self.steady_ns

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def move_ms(self, milliseconds: float) -> None:
        self.steady_ns += int(milliseconds * 1_000_000)


class Reader:
    """One process' figures.

    Args:
        process: maker, hedger or journal.
    """

    def __init__(self, process: str) -> None:
        self.clock = HandClock()
        self.exposition = Exposition(process, self.clock)
        self.tally = self.exposition.tally

    def read(self) -> dict[str, dict[tuple[str, ...], float]]:
        """Values by name and by the labels' values, in the order of the labels' names; only those that are not 0."""
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for family in text_string_to_metric_families(self.exposition.answer()[0].decode()):
            for sample in family.samples:
                labels = tuple(text for _, text in sorted(sample.labels.items()))
                if sample.value:
                    found.setdefault(sample.name, {})[labels] = sample.value
        return found
