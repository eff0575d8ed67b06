"""Time, handed in. This module is the only reader of the system's clocks (`tests/tidy` checks it)."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the shells ask the time of; tests and simulations hand in their own."""

    def now_ns(self) -> int:
        """Wall time in nanoseconds since 1970, UTC."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never goes back; its zero means nothing."""
        ...

    def sleep(self, seconds: float) -> None:
        """Blocks the calling thread; never called on a socket's thread."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def to_ms(ns: int) -> int:
    """Nanoseconds to whole milliseconds, rounded down."""
    return ns // 1_000_000
