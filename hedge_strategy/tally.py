"""What happens in a process, kept for its metrics where it happens and added up later, on another thread.

Promises: keeping costs less than a microsecond, waits for no lock, formats nothing and never fails; at most `KEPT_MAX`
wait to be added up, the oldest go first, and that this happened is counted. Nobody decides anything by a tally, and a
mistake in adding up spoils a figure, never the process.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

import structlog

KEPT_MAX: Final = 65_536
ADDED_PER_TURN: Final = 2_000
"""So many are added up before other threads are let in."""
PAUSE_S: Final = 0.0005
REMEMBERED_MAX: Final = 4_096

Key = TypeVar("Key")
Value = TypeVar("Value")
Figure = int | float | Decimal
Fold = Callable[[Any, Any, int], None]
"""Takes in what was kept: what, what else, and when, in nanoseconds of the steady clock."""


class Times(Protocol):
    """What is asked of the clock (`clock.Clock` is one)."""

    def now_ns(self) -> int:
        """Wall time, unix nanoseconds."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that cannot be set."""
        ...

    def sleep(self, seconds: float) -> None:
        """Lets others run for so long."""
        ...


class Numbers(Protocol):
    """Where values stand. Names and labels are those of `metrics.catalogue`."""

    def begin(self, *labels: str) -> None:
        """Has all counters with just these labels, or one more whose values are known, stand at 0 at least.

        Args:
            labels: names and values by turns, such as "market", "BTC".
        """
        ...

    def add(self, name: str, *labels: str, by: Figure = 1) -> None:
        """Adds to a counter."""
        ...

    def observe(self, name: str, seconds: float, *labels: str) -> None:
        """Takes one value into a histogram."""
        ...

    def put(self, name: str, value: Figure, *labels: str) -> None:
        """Sets a gauge."""
        ...

    def reach(self, name: str, total: int, *labels: str) -> None:
        """Has a counter reach a total that is counted elsewhere; a smaller one than before begins anew there."""
        ...


class Tally:
    """One process'. Safe to share between threads.

    Args:
        numbers: where it is added up.
        clock: when things happen.
    """

    def __init__(self, numbers: Numbers, clock: Times) -> None:
        self.numbers = numbers
        self._clock = clock
        self._read_ns = clock.monotonic_ns
        self._kept: deque[tuple[Fold, Any, Any, int]] = deque(maxlen=KEPT_MAX)
        self._append = self._kept.append
        self._looks: dict[object, Callable[[int], None]] = {}
        self._adding = threading.Lock()
        self._has_failed = False
        self._log = structlog.get_logger("metrics")
        self._add = self._counted

    def keep(self, fold: Fold, what: object, also: object = None) -> None:
        """Keeps the moment, and what happened.

        Args:
            fold: takes it in later; one that stays the same saves making it.
            what: what happened; nothing changes it any more.
            also: what else.
        """
        self._append((fold, what, also, self._read_ns()))

    def count(self, name: str, *labels: str) -> None:
        """Counts one, where it need not be quick."""
        self._kept.append((self._add, name, labels, 0))

    def look_with(self, key: object, look: Callable[[int], None]) -> None:
        """Has a look taken each time that values are asked for; told the steady clock's nanoseconds.

        Args:
            key: whose look it is: a new one takes the place of the old one.
            look: sets gauges; reads only, and takes no lock that matters to others.
        """
        with self._adding:
            self._looks[key] = look

    def wall_ms(self, at_ns: int) -> int:
        """What the wall clock showed, unix ms, when the steady one showed that."""
        return (self._clock.now_ns() - self._clock.monotonic_ns() + at_ns) // 1_000_000

    def add_up(self) -> None:
        """Adds up what was kept until now; lets other threads in between."""
        with self._adding:
            if len(self._kept) == KEPT_MAX:
                self.numbers.add("hedge_metrics_overflows_total")
            for number in range(len(self._kept)):
                try:
                    fold, what, also, at_ns = self._kept.popleft()
                except IndexError:
                    return
                self._safely(fold, what, also, at_ns)
                if number % ADDED_PER_TURN == ADDED_PER_TURN - 1:
                    self._clock.sleep(PAUSE_S)

    def look(self) -> None:
        """Takes all looks."""
        with self._adding:
            for look in tuple(self._looks.values()):
                self._safely(look, self._read_ns())

    def _safely(self, fold: Callable[..., None], *what: object) -> None:
        try:
            fold(*what)
        except Exception:  # noqa: BLE001 - a thread that dies would end the process that trades
            self.numbers.add("hedge_metrics_failures_total")
            if not self._has_failed:
                self._has_failed = True
                self._log.exception("a mistake in the metrics: figures are wrong; trading is not touched")

    def _counted(self, name: Any, labels: Any, _at_ns: int) -> None:
        self.numbers.add(name, *labels)


class MarketNumbers:
    """The figures of one market.

    Args:
        numbers: of the process.
        market: the first label of each.
    """

    def __init__(self, numbers: Numbers, market: str) -> None:
        self._numbers = numbers
        self._market = market
        numbers.begin("market", market)

    def count(self, name: str, *labels: str, by: Figure = 1) -> None:
        """Adds to a counter."""
        self._numbers.add(name, self._market, *labels, by=by)

    def observe(self, name: str, took_ns: int) -> None:
        """Takes a duration into a histogram."""
        self._numbers.observe(name, took_ns / 1e9, self._market)

    def put(self, name: str, value: Figure, *labels: str) -> None:
        """Sets a gauge."""
        self._numbers.put(name, value, self._market, *labels)


def keep_first(kept: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    """Remembers the first value of a key, of the newest `REMEMBERED_MAX` keys."""
    kept.setdefault(key, value)
    if len(kept) > REMEMBERED_MAX:
        kept.popitem(last=False)


def keep_newest(kept: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    """Remembers the newest value of a key, of the newest `REMEMBERED_MAX` keys."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > REMEMBERED_MAX:
        kept.popitem(last=False)
