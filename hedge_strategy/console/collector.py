"""What the console knows, read again and again on threads of its own, so that any number of pages cost the same.

- Once a second (less often for many markets): the report of `hedge status`, the alerts, the exposure for the chart.
- The journal's figures of today are read on a thread of their own.
- One thread a market looks a few times a second for fills and results, for the first `markets_max` markets: to wake
  with each would take the processor from A and B just when they need it.
- The walk over all keys of Redis that finds markets without a live process is made once in `WALK_EVERY_MS`.

Readers get what was read last, with its age; nobody waits for Redis or a venue because of a page.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.console.pairing import Pair, Pairs
from hedge_strategy.console.report import Beside, Report, read_report
from hedge_strategy.console.sources import Figures, History, Line, VenueEyes
from hedge_strategy.coordination.alert_board import AlertBoard, AlertNotice, ToldNotice
from hedge_strategy.coordination.messages import FillMessage, ResultMessage
from hedge_strategy.coordination.observer import LOOK_EVERY_S, MESSAGES_PER_LOOK, Observed, Observer
from hedge_strategy.coordination.status_board import markets_of
from hedge_strategy.coordination.switchboard import Switchboard
from hedge_strategy.errors import CommandRefused, CoordinationError, HedgeError

LOOK_S = 1.0
MARKETS_PER_SECOND = 25
"""A look reads each market by itself: of more markets it is made less often."""
WALK_EVERY_MS = 60_000
TODAY_EVERY_MS = 15_000
AGAIN_AFTER_S = 1.0
ALERTS_SHOWN = 200
EXPOSURES_MAX = 3_600
PROBLEM_CHARACTERS_MAX = 500
CLOSE_S = 5.0
"""How long a thread is waited for at the end; one that hangs at the journal is left behind."""
STALE_AFTER_MS = 10_000
STALE_WORDS = "the newest look at Redis does not come to its end"


@dataclass(frozen=True, slots=True)
class Alerts:
    """What the alerter has said: alerts that stand, and the newest notices, newest first."""

    standing: tuple[AlertNotice, ...] = ()
    recent: tuple[ToldNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """One look.

    Attributes:
        number: counts up.
        at_ms: when, by the clock that cannot be set.
        report: what was read; None before the first look that succeeded.
        alerts: the same.
        problem: why the newest look failed, in words; empty where it did not.
    """

    number: int = 0
    at_ms: int = 0
    report: Report | None = None
    alerts: Alerts = Alerts()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the collector reads.

    Attributes:
        switchboard: Redis.
        alerts: the alerter's board.
        observer: hears one market.
        eyes: the venues.
        figures: the journal.
        configured: the markets of the settings.
        markets_max: so many are heard live.
    """

    switchboard: Switchboard
    alerts: AlertBoard
    observer: Callable[[str], Observer]
    eyes: VenueEyes
    figures: Figures
    configured: Sequence[str]
    markets_max: int


class Collector:
    """Reads. `start` once, `close` once; everything else from any thread."""

    def __init__(self, reading: Reading, clock: Clock) -> None:
        self._reading = reading
        self._clock = clock
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._look_until_stopped, name="console-looks", daemon=True),
            threading.Thread(target=self._read_figures_until_stopped, name="console-figures", daemon=True),
        ]
        self._look = Look()
        self._pairs: dict[str, Pairs] = {}
        self._exposures: dict[str, deque[tuple[int, str]]] = {}
        self._markets_in_redis: tuple[str, ...] = ()
        self._walk_at_ms = 0
        self._earned = Beside(0)
        self._log = structlog.get_logger("console")

    @property
    def look(self) -> Look:
        """The newest."""
        return self._look

    @property
    def is_ready(self) -> bool:
        """Whether what is known is of now."""
        return self._look.report is not None and not self.problem

    @property
    def problem(self) -> str:
        """Why what is known is not of now, in words; empty where it is. A look that hangs tells nothing by itself."""
        look = self._look
        if look.problem or look.report is None:
            return look.problem
        stale_after_ms = max(STALE_AFTER_MS, 3 * int(1000 * _pause_s(look.report)))
        return STALE_WORDS if self._now_ms() - look.at_ms >= stale_after_ms else ""

    def pairs(self, symbol: str, since: int = 0) -> tuple[Pair, ...]:
        """Fills and hedges of a market that changed after that number."""
        found = self._pairs.get(symbol)
        return () if found is None else found.since(since)

    def all_pairs(self, since: dict[str, int]) -> tuple[Pair, ...]:
        """The same of all markets, by the number of each."""
        return tuple(row for symbol, pairs in tuple(self._pairs.items()) for row in pairs.since(since.get(symbol, 0)))

    def seen_history(self) -> History:
        """The exposure that was seen here."""
        lines = (Line(market=symbol, points=tuple(seen)) for symbol, seen in tuple(self._exposures.items()))
        return History(exposure=tuple(lines))

    def start(self) -> None:
        """Begins to read."""
        for thread in tuple(self._threads):  # the first begins others
            thread.start()

    def close(self) -> None:
        """Ends all threads."""
        self._stop.set()
        for thread in self._threads:
            thread.join(CLOSE_S)

    # --- looks ----------------------------------------------------------------------------------------------------

    def _look_until_stopped(self) -> None:
        while not self._stop.is_set():
            before = self._look
            try:
                self._look = self._look_once(before.number + 1)
            except HedgeError as error:
                self._look = self._failed(before, str(error))
            except Exception as error:  # noqa: BLE001 - outermost loop of the thread; without it pages go on as live
                if not before.problem:
                    self._log.exception("a look did not come to its end")
                self._look = self._failed(before, f"what was read makes no sense: {type(error).__name__}: {error}")
            self._stop.wait(_pause_s(self._look.report))

    def _failed(self, before: Look, why: str) -> Look:
        problem = " ".join(why.split())[:PROBLEM_CHARACTERS_MAX]
        if not before.problem:
            self._log.warning("cannot be read", reason=problem)
        return Look(before.number + 1, before.at_ms, before.report, before.alerts, problem)

    def _look_once(self, number: int) -> Look:
        reading, now_ms = self._reading, self._now_ms()
        symbols = self._symbols(now_ms)
        reading.eyes.follow(symbols)
        self._listen_to(symbols)
        wall_ms = to_ms(self._clock.now_ns())
        beside = Beside(wall_ms, reading.eyes.positions(), self._earned.today, self._earned.journal)
        # Without any market the report would look for some by a walk over all keys, every time.
        report = read_report(reading.switchboard, symbols, beside) if symbols else Report(ok=False, markets=())
        for one in report.markets:
            if one.exposure is not None:
                seen = self._exposures.setdefault(one.market, deque(maxlen=EXPOSURES_MAX))
                seen.append((wall_ms, one.exposure))
        alerts = Alerts(reading.alerts.standing(), reading.alerts.recent(ALERTS_SHOWN))
        return Look(number, self._now_ms(), report, alerts)

    def _read_figures_until_stopped(self) -> None:
        """By itself: a database that hangs keeps nobody from seeing what A and B do."""
        while not self._stop.is_set():
            wall_ms = to_ms(self._clock.now_ns())
            self._earned = Beside(wall_ms, {}, *self._reading.figures.today(wall_ms))
            self._stop.wait(TODAY_EVERY_MS / 1000)

    def _symbols(self, now_ms: int) -> list[str]:
        reading = self._reading
        if now_ms >= self._walk_at_ms:
            self._markets_in_redis = reading.switchboard.markets()
            self._walk_at_ms = now_ms + WALK_EVERY_MS
        alive = markets_of(reading.switchboard.board.read())
        return list(dict.fromkeys([*reading.configured, *sorted(alive | set(self._markets_in_redis))]))

    # --- fills and results ----------------------------------------------------------------------------------------

    def _listen_to(self, symbols: Sequence[str]) -> None:
        for symbol in symbols:
            if symbol in self._pairs or len(self._pairs) >= self._reading.markets_max:
                continue
            self._pairs[symbol] = Pairs(symbol)
            thread = threading.Thread(
                target=self._hear_until_stopped, args=(symbol,), name="console-fills", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _hear_until_stopped(self, symbol: str) -> None:
        pairs, observer = self._pairs[symbol], self._reading.observer(symbol)
        is_lost = False
        while not self._stop.is_set():
            try:
                heard = observer.look()
                for one in heard:
                    _take_in(pairs, one)
                is_lost = False
                if len(heard) >= MESSAGES_PER_LOOK:
                    continue
            except (CoordinationError, CommandRefused) as error:
                if not is_lost:
                    self._log.warning("fills are not heard", market=symbol, reason=str(error))
                is_lost = True
            self._stop.wait(AGAIN_AFTER_S if is_lost else LOOK_EVERY_S)
        observer.close()

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())


def _pause_s(report: Report | None) -> float:
    """Between two looks."""
    return max(LOOK_S, (len(report.markets) if report is not None else 0) / MARKETS_PER_SECOND)


def _take_in(pairs: Pairs, heard: Observed) -> None:
    """What cannot be read is A's or B's to complain of; the page shows what can."""
    if isinstance(heard, FillMessage):
        pairs.fill(heard)
    elif isinstance(heard, ResultMessage):
        pairs.result(heard)
