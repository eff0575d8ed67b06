"""Time, handed in. This module is the only reader of the system's clocks (`tests/tidy` checks it).

Wall time never goes back here: where the system's clock is set back, time goes on from where it was at the pace of the
clock that cannot be set, until the system's clock has caught up. So a retry that waits for a moment is never put off.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """What the shells ask the time of; tests and simulations hand in their own."""

    def now_ns(self) -> int:
        """Wall time in nanoseconds since 1970, UTC; never goes back within one clock."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never goes back; its zero means nothing."""
        ...

    def sleep(self, seconds: float) -> None:
        """Blocks the calling thread; never called on a socket's thread."""
        ...


class Signal(Protocol):
    """What a thread waits for and others set. `threading.Event` is one; simulations hand in their own."""

    def is_set(self) -> bool:
        """Whether it is set."""
        ...

    def set(self) -> None:
        """Sets it, and ends the waiting of whoever waits."""
        ...

    def clear(self) -> None:
        """Takes it back."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until it is set, at most for so many seconds. Returns whether it is set."""
        ...


class SystemClock:
    """The machine's own clocks. Safe to share between threads.

    Args:
        wall_ns: reads the system's wall clock, nanoseconds since 1970.
        steady_ns: reads a clock that cannot be set, nanoseconds.
    """

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, steady_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._lock = threading.Lock()
        self._last_ns = wall_ns()
        self._last_steady_ns = steady_ns()

    def now_ns(self) -> int:
        with self._lock:
            # The wall clock first: whoever is held up between the two would otherwise be ahead by that ever after.
            wall_ns = self._wall_ns()
            steady_ns = self._steady_ns()
            self._last_ns = max(wall_ns, self._last_ns + steady_ns - self._last_steady_ns)
            self._last_steady_ns = steady_ns
            return self._last_ns

    def monotonic_ns(self) -> int:
        return self._steady_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def to_ms(ns: int) -> int:
    """Nanoseconds to whole milliseconds, rounded down."""
    return ns // 1_000_000
