"""A clock that runs faster than the real one, so that waiting for a time-out of seconds takes a fraction of one."""

import time


class FastClock:
    """The real clock, sped up.

    Args:
        factor: how many times faster it runs.
    """

    def __init__(self, factor: int) -> None:
        self._factor = factor

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic_ns(self) -> int:
        return time.monotonic_ns() * self._factor

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here sleeps")
