"""One market of a maker that quotes several: built, run and ended on a thread of its own.

Whatever goes wrong here stays here: a market that cannot be built, or ends of a mistake, is said, and the others go on.
A market that was asked to stop while it was being built still cancels what an earlier run may have left resting.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import structlog

from hedge_strategy.errors import HedgeError, RateLimited

RATE_LIMIT_PAUSE_MIN_S = 0.2


class MarketProcess(Protocol):
    """One market's maker."""

    def ask_to_stop(self) -> None:
        """Asks it to cancel, wait for its last fills, and end; returns at once."""
        ...

    def run(self, when_started: Callable[[], None]) -> int:
        """Runs to the end; `when_started` is called once all threads run. Returns the exit code."""
        ...


class MarketRun:
    """One market, from its building to its end.

    Args:
        market: symbol.
        make: builds the process; may take a while.
        room: entered while it is being built, so that not all markets are at one time.
        settled: called once, on this market's thread: it runs now, or never will.
    """

    def __init__(
        self,
        market: str,
        make: Callable[[], MarketProcess],
        room: AbstractContextManager[object],
        settled: Callable[[], None],
    ) -> None:
        self._make = make
        self._room = room
        self._when_settled = settled
        self._is_settled = False
        self._process: MarketProcess | None = None
        self._lock = threading.Lock()
        self._stop_asked = threading.Event()
        self.failure: HedgeError | None = None
        """Why it could not be built."""
        self.is_clean = True
        """Whether nothing failed, and nothing of it was left resting."""
        self._log = structlog.get_logger("maker.host", market=market)
        self._thread = threading.Thread(target=self._run, name=f"market-{market}", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Asks it to end; returns at once."""
        with self._lock:
            self._stop_asked.set()
            process = self._process
        if process is not None:
            process.ask_to_stop()

    def join(self) -> None:
        """Waits for its end."""
        self._thread.join()

    def _run(self) -> None:
        try:
            process = self._built()
            if process is not None:
                self.is_clean = process.run(self._settle) == 0
                if not self._stop_asked.is_set():
                    self.is_clean = False
                    self._log.error("this market ended by itself; the others go on")
        except HedgeError as error:
            self.failure, self.is_clean = error, False
            self._log.error("this market is not quoted; the others go on", reason=str(error))
        except Exception:  # noqa: BLE001 - outermost loop of this thread; the other markets go on
            self.is_clean = False
            self._log.exception("a mistake in this program; this market ends, the others go on")
        finally:
            self._settle()

    def _built(self) -> MarketProcess | None:
        """The process; None where it was asked to stop before it could be built."""
        while not self._stop_asked.is_set():
            try:
                with self._room:
                    process = self._make()
            except RateLimited as error:
                self._log.warning("waits: the account's limit of requests is used up", reason=str(error))
                self._stop_asked.wait(max(RATE_LIMIT_PAUSE_MIN_S, error.retry_after_ms / 1000))
                continue
            with self._lock:
                self._process = process
                if self._stop_asked.is_set():
                    process.ask_to_stop()
            return process
        return None

    def _settle(self) -> None:
        if not self._is_settled:
            self._is_settled = True
            self._when_settled()
