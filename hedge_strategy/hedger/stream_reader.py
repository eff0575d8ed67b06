"""Which entries of the market's stream B reads next, so that none is held back by anybody for ever.

- When ownership or contact was regained: what this consumer was given before, then all that others were given.
- Otherwise what is new; and before that, every few seconds, what others were given and did not acknowledge. A former
  owner that has not noticed yet that it lost the market may still read entries after the new owner took everything
  over; nobody but the owner ever hedges them.

Hearing an entry twice is harmless, so what is taken over may be this consumer's own.
"""

import threading

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.fill_stream import FillEntry, FillSubscriber, UnreadableEntry

STREAM_WAIT_MS = 250
"""How long one reading waits for a new entry, or the pause between two that do not wait."""
TAKE_OVER_INTERVAL_MS = 2_000
"""Pause between two looks for entries that others hold."""
TAKE_OVER_IDLE_MS = 3_000
"""How long another may hold an entry before the owner takes it."""


class StreamReader:
    """Reads for one hedger; `read` belongs to one thread, `read_all_again` may be called from any.

    Args:
        subscriber: the stream.
        clock: for the interval.
        idle_ms: how long another may hold an entry.
    """

    def __init__(self, subscriber: FillSubscriber, clock: Clock, idle_ms: int = TAKE_OVER_IDLE_MS) -> None:
        self._subscriber = subscriber
        self._clock = clock
        self._idle_ms = idle_ms
        self._must_read_all = threading.Event()
        self._take_over_at_ms = 0

    def read_all_again(self) -> None:
        """Ownership or contact was regained: the next reading takes everything."""
        self._must_read_all.set()

    def read(self, wait_ms: int = STREAM_WAIT_MS) -> tuple[FillEntry | UnreadableEntry, ...]:
        """The next entries, oldest first.

        Args:
            wait_ms: how long to wait for a new one.

        Raises:
            RedisUnavailable: no answer; call `read_all_again`, for entries may have become ours.
        """
        now_ms = to_ms(self._clock.monotonic_ns())
        is_due = now_ms >= self._take_over_at_ms
        if not self._must_read_all.is_set() and not is_due:
            return self._subscriber.read_new(wait_ms)
        self._take_over_at_ms = now_ms + TAKE_OVER_INTERVAL_MS
        if not self._must_read_all.is_set():
            return self._subscriber.take_over(self._idle_ms) + self._subscriber.read_new()
        self._must_read_all.clear()
        return self._subscriber.read_pending() + self._subscriber.take_over(0)
