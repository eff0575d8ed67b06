"""One market of a hedger that shares markets: built, run and ended on a thread of its own.

Whatever goes wrong here stays here: a market that cannot be built, or ends of a mistake, is said, its lease is given
back, and the other markets go on.
"""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from hedge_strategy.coordination.lease import Lease
from hedge_strategy.errors import CoordinationError, HedgeError, InvariantBroken, RateLimited


class MarketProcess(Protocol):
    """One market's hedger."""

    @property
    def is_at_work(self) -> bool:
        """Whether it owns its market and hedges there."""
        ...

    def ask_to_stop(self) -> None:
        """Asks it to finish what is in flight and end; returns at once."""
        ...

    def run(self) -> int:
        """Runs to the end, the lease given back; returns the exit code."""
        ...


class MarketRun:
    """One market, from its lease to the end.

    Args:
        lease: held already, by the name that the process goes by.
        make: builds the process; may take a while.
        release: gives the lease back where no process did.
        changed: called when it is built and when all is over, on the thread that runs it.
    """

    def __init__(
        self,
        lease: Lease,
        make: Callable[[], MarketProcess],
        release: Callable[[Lease], object],
        changed: Callable[["MarketRun"], None],
    ) -> None:
        self.lease = lease
        self._make = make
        self._release = release
        self._changed = changed
        self._is_built = False
        self._process: MarketProcess | None = None
        self._lock = threading.Lock()
        self._is_stop_asked = False
        self._is_over = threading.Event()
        self.failure = ""
        """Why it ended though nobody asked it to; empty while all is well."""
        self.retry_after_ms: int | None = None
        """After how long it is worth trying again, where that is known."""
        self.is_clean = True
        """Whether nothing was left in flight."""
        self._log = structlog.get_logger("hedger.market", market=lease.market)
        self._thread = threading.Thread(target=self._run, name=f"market-{lease.market}", daemon=True)

    @property
    def is_building(self) -> bool:
        """Whether its process does not exist yet."""
        return not self._is_built and not self.is_over

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._is_stop_asked

    @property
    def is_over(self) -> bool:
        """Whether it has ended and its lease is given back."""
        return self._is_over.is_set()

    @property
    def is_at_work(self) -> bool:
        """Whether it hedges, and was not asked to stop."""
        process = self._process
        return process is not None and not self._is_stop_asked and not self.is_over and process.is_at_work

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Asks it to finish what is in flight and end; returns at once."""
        with self._lock:
            if self._is_stop_asked:
                return
            self._is_stop_asked = True
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
                self.is_clean = process.run() == 0
                if not self._is_stop_asked:
                    self.failure = "it ended by itself"
        except RateLimited as error:
            self.failure, self.retry_after_ms = str(error), error.retry_after_ms
            self._log.warning("this market must wait for the venue's limit", reason=self.failure)
        except HedgeError as error:
            self.failure = str(error)
            self._log.error("this market cannot be hedged here now", reason=self.failure)
        except Exception as error:  # noqa: BLE001 - outermost loop of this thread; the other markets go on
            self.failure = f"a mistake in this program: {type(error).__name__}"
            self._log.exception("a mistake in this program; this market ends")
        finally:
            self._give_back()
            self._is_over.set()
            self._changed(self)

    def _built(self) -> MarketProcess | None:
        process = self._make()
        with self._lock:
            if self._is_stop_asked:
                return None
            self._process = process
            self._is_built = True
        self._changed(self)
        return process

    def _give_back(self) -> None:
        """The process itself does so at its end; what it did not is given back here."""
        try:
            self._release(self.lease)
        except (CoordinationError, InvariantBroken) as error:
            self._log.warning("the lease was not given back; it expires by itself", reason=str(error))
