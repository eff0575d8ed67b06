"""The values of one process, and how Prometheus reads them: by prometheus-client, with a registry of its own.

- What trades never waits here: values are added up on the metrics' own threads (`tally`).
- Values are told family by family, and other threads are let in between: a scrape of many markets takes some
  milliseconds, and no more than a fraction of one at a time.
- A name or a number of labels that the catalogue does not know is a mistake of the program and raises.

Known limit: a family holds at most `SERIES_MAX` sets of labels; more are left out, which counts as an overflow.
"""

import platform
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from hedge_strategy import __version__
from hedge_strategy.clock import Clock
from hedge_strategy.metrics.catalogue import FAMILIES, Family, Kind
from hedge_strategy.tally import Figure, Tally

SERIES_MAX: Final = 10_000
PAUSE_S: Final = 0.0001
SAMPLES_AT_ONCE: Final = 100
OVERFLOWS: Final = "hedge_metrics_overflows_total"

Metric = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Kept = TypeVar("Kept")


class _Spread:
    """One histogram: how many values were at most each bound, and their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def take(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def told(self) -> tuple[list[tuple[str, float]], float]:
        reached, buckets = 0, []
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            reached += count
            buckets.append((bound, float(reached)))
        return buckets, self._sum


class _Unhurried(list[Sample]):
    """Samples that are read a few at a time: other threads are let in between."""

    def __init__(self, samples: list[Sample], clock: Clock) -> None:
        super().__init__(samples)
        self._clock = clock

    def __iter__(self) -> Iterator[Sample]:
        for number, sample in enumerate(super().__iter__(), start=1):
            yield sample
            if number % SAMPLES_AT_ONCE == 0:
                self._clock.sleep(PAUSE_S)


class Board(Collector):
    """Implements `tally.Numbers`. Safe to share between threads.

    Args:
        process: maker, hedger, journal, console or alerter.
        clock: for letting other threads in.
    """

    def __init__(self, process: str, clock: Clock) -> None:
        self._process = process
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in FAMILIES}
        self._spreads: dict[str, dict[tuple[str, ...], _Spread]] = {name: {} for name in FAMILIES}
        self._reached: dict[tuple[str, ...], int] = {}
        self.begin()
        self.put("hedge_build_info", 1, process, __version__)

    def begin(self, *labels: str) -> None:
        """See `Numbers`."""
        names = labels[::2]
        for family in FAMILIES.values():
            if family.kind is Kind.COUNTER and self._process in family.told_by:
                if family.labels == names:
                    self.add(family.name, *labels[1::2], by=0)
                elif family.labels[:-1] == names:
                    for last in family.values:
                        self.add(family.name, *labels[1::2], last, by=0)

    def add(self, name: str, *labels: str, by: Figure = 1) -> None:
        """See `Numbers`."""
        with self._lock:
            if self._has_room(self._values, _known(name, Kind.COUNTER, labels), labels):
                values = self._values[name]
                values[labels] = values.get(labels, 0.0) + float(by)

    def observe(self, name: str, seconds: float, *labels: str) -> None:
        """See `Numbers`."""
        with self._lock:
            family = _known(name, Kind.HISTOGRAM, labels)
            if self._has_room(self._spreads, family, labels):
                self._spreads[name].setdefault(labels, _Spread(family.buckets)).take(seconds)

    def put(self, name: str, value: Figure, *labels: str) -> None:
        """See `Numbers`."""
        with self._lock:
            if self._has_room(self._values, _known(name, Kind.GAUGE, labels), labels):
                self._values[name][labels] = float(value)

    def reach(self, name: str, total: int, *labels: str) -> None:
        """See `Numbers`."""
        before = self._reached.get((name, *labels), 0)
        self._reached[(name, *labels)] = total
        self.add(name, *labels, by=total - before if total >= before else total)

    def collect(self) -> Iterator[Metric]:
        """All that this process tells, one family at a time; called by the registry."""
        self.put("hedge_threads", threading.active_count())
        for family in FAMILIES.values():
            if self._process in family.told_by:
                metric = self._told(family)
                metric.samples = _Unhurried(metric.samples, self._clock)
                yield metric
                self._clock.sleep(PAUSE_S)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry need not ask for values to know the names."""
        return ()

    def _has_room(self, kept: dict[str, dict[tuple[str, ...], Kept]], family: Family, labels: tuple[str, ...]) -> bool:
        series = kept[family.name]
        if labels in series or len(series) < SERIES_MAX:
            return True
        self._values[OVERFLOWS][()] += 1
        return False

    def _told(self, family: Family) -> Metric:
        with self._lock:
            if family.kind is Kind.HISTOGRAM:
                histogram = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
                for labels, spread in self._spreads[family.name].items():
                    buckets, total = spread.told()
                    histogram.add_metric(labels, buckets, total)
                return histogram
            values = tuple(self._values[family.name].items())
        form = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
        metric = form(family.name, family.meaning, labels=family.labels)
        for labels, value in values:
            metric.add_metric(labels, value)
        return metric


class Exposition:
    """What a process answers to `GET /metrics`. Safe to share between threads.

    Args:
        process: maker, hedger, journal or console.
        clock: time.

    Attributes:
        tally: where what happens is kept.
    """

    def __init__(self, process: str, clock: Clock) -> None:
        board = Board(process, clock)
        self.tally = Tally(board, clock)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(board)
        ProcessCollector(registry=self._registry)
        if platform.python_implementation() == "CPython":
            GCCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def answer(self, accept: str = "") -> tuple[bytes, str]:
        """All values as of now.

        Args:
            accept: the request's header; text unless it asks for OpenMetrics.

        Returns:
            The body, and its content type.
        """
        self.tally.add_up()
        self.tally.look()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


def _known(name: str, kind: Kind, labels: tuple[str, ...]) -> Family:
    """Raises: KeyError, ValueError: the catalogue knows no such figure."""
    family = FAMILIES[name]
    if family.kind is not kind or len(labels) != len(family.labels):
        raise ValueError(f"{name} is a {family.kind} with the labels {family.labels}, not a {kind} with {labels}")
    return family
