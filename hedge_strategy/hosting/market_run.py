"""One market in a process that has several: built, run and ended on a thread of its own.

Whatever goes wrong here stays here: a market that cannot be built, ends of a mistake, or for which the system has no
thread left, ends with the reason, and the other markets go on. Its host says so, and tries again.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.errors import CoordinationError, HedgeError, InvariantBroken, RateLimited


class Stoppable(Protocol):
    """One market's process, whatever it does."""

    def ask_to_stop(self) -> None:
        """Asks it to finish what is in flight and end; returns at once."""
        ...


Process = TypeVar("Process", bound=Stoppable)


@dataclass(frozen=True, slots=True)
class Course(Generic[Process]):
    """What becomes of a market, all on its own thread.

    Attributes:
        make: builds its process; may take a while.
        run: runs that to its end; returns its exit code, 0 where nothing is left in flight.
        finish: called last, whatever came before. May fail as Redis does: that is said, and nothing else.
        runs_though_stopped: it runs, and is asked to stop then, also where it was asked to while it was being built.
    """

    make: Callable[[], Process]
    run: Callable[[Process], int]
    finish: Callable[[], object] = lambda: None
    runs_though_stopped: bool = False


class MarketRun(Generic[Process]):
    """One market, from its building to its end.

    Args:
        market: symbol.
        course: what becomes of it.
        changed: called when it is built and when all is over, on the thread that runs it.
        clock: how long it ran.
    """

    def __init__(
        self, market: str, course: Course[Process], changed: Callable[["MarketRun[Process]"], None], clock: Clock
    ) -> None:
        self._course = course
        self._changed = changed
        self._clock = clock
        self._process: Process | None = None
        self._lock = threading.Lock()
        self._is_stop_asked = False
        self._is_over = threading.Event()
        self._built_at_ms: int | None = None
        self._ended_at_ms = 0
        self.failure = ""
        """Why it ended though nobody asked it to; empty while all is well."""
        self.error: HedgeError | None = None
        """The same, where it is one of the product's own errors."""
        self.is_clean = True
        """Whether nothing was left in flight."""
        self._log = structlog.get_logger("market", market=market)
        self._thread = threading.Thread(target=self._run, name=f"market-{market}", daemon=True)

    @property
    def process(self) -> Process | None:
        """What runs; None until it is built."""
        return self._process

    @property
    def is_building(self) -> bool:
        """Whether its process does not exist yet."""
        return self._built_at_ms is None and not self.is_over

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._is_stop_asked

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._is_over.is_set()

    @property
    def retry_after_ms(self) -> int | None:
        """How long the venue's limit of requests holds it back, where that was why it was not built."""
        return self.error.retry_after_ms if isinstance(self.error, RateLimited) else None

    @property
    def ran_ms(self) -> int:
        """For how long it ran; 0 until it is over, and where it was never built."""
        return self._ended_at_ms - self._built_at_ms if self.is_over and self._built_at_ms is not None else 0

    def start(self) -> None:
        """Starts the thread; where the system has none left, that is how it ends."""
        try:
            self._thread.start()
        except RuntimeError as error:
            self.failure = f"no thread for it: {error}"
            self._end()

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
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            process = self._built()
            if process is not None:
                self.is_clean = False
                self.is_clean = self._course.run(process) == 0
                if not self._is_stop_asked:
                    self.failure = "it ended by itself"
        except HedgeError as error:
            self.failure, self.error = str(error), error
        except Exception as error:  # noqa: BLE001 - outermost loop of this thread; the other markets go on
            self.failure = f"a mistake in this program: {type(error).__name__}"
            self._log.exception("a mistake in this program; this market ends")
        finally:
            self._end()

    def _built(self) -> Process | None:
        process = self._course.make()
        with self._lock:
            if self._is_stop_asked and not self._course.runs_though_stopped:
                return None
            self._process = process
            self._built_at_ms = to_ms(self._clock.monotonic_ns())
            is_stop_asked = self._is_stop_asked
        if is_stop_asked:
            process.ask_to_stop()
        self._changed(self)
        return process

    def _end(self) -> None:
        try:
            self._course.finish()
        except (CoordinationError, InvariantBroken) as error:
            self._log.warning("the lease was not given back; it expires by itself", reason=str(error))
        finally:
            self._ended_at_ms = to_ms(self._clock.monotonic_ns())
            self._is_over.set()
        self._changed(self)
