"""Which entries of the market's stream B reads next, so that none is held back by anybody for ever.

- When ownership or contact was regained: what this consumer was given before, then all that others were given.
- Otherwise what is new; and every few seconds, what others were given and did not acknowledge. A former owner that has
  not noticed yet that it lost the market may still read entries after the new owner took everything over; nobody but
  the owner ever hedges them.

What is new, and whether there is anything to take over, is asked in the rounds that all markets of a process share;
only where there is something to take is the stream read on its own. Hearing an entry twice is harmless, so what is
taken over may be this consumer's own.
"""

import threading

from hedge_strategy.coordination.fill_stream import FillEntry, FillSubscriber, UnreadableEntry
from hedge_strategy.coordination.questions import Answer, Question

TAKE_OVER_INTERVAL_MS = 2_000
"""Pause between two looks for entries that others hold."""
TAKE_OVER_IDLE_MS = 3_000
"""How long another may hold an entry before the owner takes it."""


class StreamReader:
    """Reads for one hedger. `read_all_again` may be called from any thread, all else by one at a time.

    Args:
        subscriber: the stream.
        idle_ms: how long another may hold an entry.
    """

    def __init__(self, subscriber: FillSubscriber, idle_ms: int = TAKE_OVER_IDLE_MS) -> None:
        self._subscriber = subscriber
        self._idle_ms = idle_ms
        self._must_read_all = threading.Event()
        self._must_take_over = False
        self._take_over_at_ms = 0

    @property
    def must_read(self) -> bool:
        """Whether `read` is due."""
        return self._must_take_over or self._must_read_all.is_set()

    def read_all_again(self) -> None:
        """Ownership or contact was regained: the next reading takes everything."""
        self._must_read_all.set()

    def asks_to_take_over(self, now_ms: int) -> Question | None:
        """What asks for entries that others hold, now and then; `taken_over` reads the answer."""
        if now_ms < self._take_over_at_ms:
            return None
        self._take_over_at_ms = now_ms + TAKE_OVER_INTERVAL_MS
        return self._subscriber.asking_take_over(self._idle_ms)

    def taken_over(self, answer: Answer) -> tuple[FillEntry | UnreadableEntry, ...]:
        """What came of it; where that was not all, `read` is due."""
        entries, is_more = self._subscriber.taken_over(answer)
        self._must_take_over = self._must_take_over or is_more
        return entries

    def read(self) -> tuple[FillEntry | UnreadableEntry, ...]:
        """The entries that are not simply new, oldest first; blocks for a few questions.

        Raises:
            RedisUnavailable: no answer; call `read_all_again`, for entries may have become ours.
        """
        if self._must_read_all.is_set():
            self._must_read_all.clear()
            return self._subscriber.read_pending() + self._subscriber.take_over(0)
        if self._must_take_over:
            self._must_take_over = False
            return self._subscriber.take_over(self._idle_ms)
        return ()
