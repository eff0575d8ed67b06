"""The process that keeps the journal: one thread reads the venues' books in rounds, others listen in Redis.

Every failure that may pass (a venue, Redis or the database away, a venue that does not know what it told) is said once
and tried again in the next round; nothing is given up for it, and nothing that the venues know is lost. Asked to stop,
it ends after the page that it writes.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from hedge_strategy.clock import Clock
from hedge_strategy.errors import CoordinationError, DiskFailed, HedgeError, UserError, VenueError, WireError
from hedge_strategy.journal.catch_up import CatchUp, Interrupted, MarketBooks
from hedge_strategy.journal.listening import BoardWatch, MarketListener, listen_until, watch_until
from hedge_strategy.journal.store import Store
from hedge_strategy.tally import Tally

ORDERS_EVERY = 4
FUNDING_EVERY = 20
"""Rounds: what is not needed at once is read more rarely, for the venue's limits."""

_log = structlog.get_logger(__name__)


class StoppableClock:
    """A clock whose sleep ends when the process is asked to.

    Args:
        clock: the time.
        stop: ends all sleeping.
    """

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self._clock = clock
        self._stop = stop

    def now_ns(self) -> int:
        return self._clock.now_ns()

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)


@dataclass(frozen=True, slots=True)
class JournalParts:
    """What the process is made of.

    Attributes:
        store: the journal.
        books: of the markets there are now; raises what passes, and `UserError` where a person has to mend it.
        listener: makes the listener of a market.
        watch: commands and states.
        close: gives everything up.
        tally: counts what it does; None: nobody wants to know.
    """

    store: Store
    books: Callable[[], Sequence[MarketBooks]]
    listener: Callable[[str], MarketListener]
    watch: BoardWatch
    close: Callable[[], None]
    tally: Tally | None = None


class JournalProcess:
    """Keeps the journal until it is asked to stop.

    Args:
        parts: what it is made of.
        clock: one that `stop` wakes.
        stop: asks it to end.
        history_lag_ms: longer than a venue's history lags.
        poll_ms: between two rounds.
    """

    def __init__(
        self, parts: JournalParts, clock: StoppableClock, stop: threading.Event, history_lag_ms: int, poll_ms: int
    ) -> None:
        self._parts = parts
        self._stop = stop
        self._poll_s = poll_ms / 1000
        self._catch_up = CatchUp(parts.store, clock, stop, history_lag_ms)
        self._threads: dict[str, threading.Thread] = {}
        self._failing: dict[str, str] = {}
        self._read_ns: dict[str, int] = {}
        self._read_steady_ns = clock.monotonic_ns
        if parts.tally is not None:
            parts.tally.look_with("journal", self._look)

    def ask_to_stop(self) -> None:
        """Asks; returns at once."""
        self._stop.set()

    def run(self) -> int:
        """Runs to the end and returns the exit code.

        Raises:
            UserError: what the settings say does not fit the venues or the journal.
        """
        self._listen("", partial(watch_until, self._stop, self._parts.watch))
        try:
            number = 0
            while not self._stop.is_set():
                self.round(number)
                number += 1
                self._count("hedge_journal_rounds_total")
                self._stop.wait(self._poll_s)
        finally:
            self._stop.set()
            for thread in self._threads.values():
                thread.join()
            self._parts.close()
        return 0

    def round(self, number: int) -> None:
        """Reads the books of all markets once.

        Args:
            number: of the round, counted from 0.

        Raises:
            UserError: as `run`.
        """
        try:
            books = self._parts.books()
        except (CoordinationError, DiskFailed, VenueError, WireError) as error:
            self._say("which markets there are", error)
            return
        self._over("which markets there are")
        if not books and not number:
            _log.info("process A has not run in any market yet; waiting for it")
        for one in books:
            symbol = one.maker.market.symbol
            if symbol not in self._threads:
                listener = self._parts.listener(symbol)
                self._listen(symbol, partial(listen_until, self._stop, listener, symbol))
            try:
                self._catch_up.read(one, orders=number % ORDERS_EVERY == 0, funding=number % FUNDING_EVERY == 0)
            except (VenueError, DiskFailed, UserError) as error:
                self._say(f"the books of {symbol}", error)
            except Interrupted:
                return
            else:
                self._over(f"the books of {symbol}")
                self._read_ns[symbol] = self._read_steady_ns()

    def _listen(self, market: str, body: Callable[[], None]) -> None:
        thread = threading.Thread(target=body, name=f"journal-{market or 'board'}", daemon=True)
        self._threads[market] = thread
        thread.start()

    def _count(self, name: str) -> None:
        if self._parts.tally is not None:
            self._parts.tally.count(name)

    def _look(self, now_ns: int) -> None:
        """For the metrics, on their thread."""
        if self._parts.tally is not None:
            for symbol, read_ns in tuple(self._read_ns.items()):
                age_s = max(0, now_ns - read_ns) / 1e9
                self._parts.tally.numbers.put("hedge_journal_read_age_seconds", age_s, symbol)

    def _say(self, what: str, error: HedgeError) -> None:
        self._count("hedge_journal_failures_total")
        if self._stop.is_set() or self._failing.get(what) == type(error).__name__:
            return
        self._failing[what] = type(error).__name__
        _log.warning("could not be read, is tried again", what=what, error=str(error))

    def _over(self, what: str) -> None:
        if self._failing.pop(what, None) is not None:
            _log.info("can be read again", what=what)
