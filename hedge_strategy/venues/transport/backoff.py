"""Pauses between attempts: exponential, bounded, jittered. Pure: the random source is handed in.

Each pause lies between half and the whole of a step, and the step doubles up to the bound, so that clients that were
cut off together do not come back together, and none ever waits longer than the bound.
"""

from collections.abc import Callable

_FACTOR = 2


class Backoff:
    """The pauses of one connection. Not thread-safe: one thread owns it."""

    def __init__(self, initial_ms: int, maximum_ms: int, random: Callable[[], float]) -> None:
        """
        Args:
            initial_ms: the first step, above 0.
            maximum_ms: no pause is longer; a smaller value than `initial_ms` bounds the first step too.
            random: gives numbers in [0, 1).
        """
        if initial_ms < 1 or maximum_ms < 1:
            raise ValueError("a pause takes at least one millisecond")
        self._initial_ms = min(initial_ms, maximum_ms)
        self._maximum_ms = maximum_ms
        self._random = random
        self._step_ms = self._initial_ms

    def next_delay_ms(self) -> int:
        """How long to wait before the next attempt, in milliseconds; the step after it is twice as long."""
        step = self._step_ms
        self._step_ms = min(step * _FACTOR, self._maximum_ms)
        return max(1, round(step * (0.5 + 0.5 * self._random())))

    def reset(self) -> None:
        """Begins again with the first step, after an attempt that lasted."""
        self._step_ms = self._initial_ms
