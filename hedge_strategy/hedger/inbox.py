"""One market's errands on their way to the process' workers: one after the other, in their order, never two at a time.

Promise: whoever tells never waits, so that a market that stands still stops no other. What does not fit any more is
dropped, said once and counted.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

INBOX_MAX = 10_000
_Told = TypeVar("_Told")


class Inbox(Generic[_Told]):
    """What waits for one market. Safe to share between threads.

    Args:
        submit: has the inbox emptied by a thread that may take its time.
        handle: takes one; called on such a thread, one at a time.
        market: for the log.
        most: how many may wait.
    """

    def __init__(
        self,
        submit: Callable[[Callable[[], None]], None],
        handle: Callable[[_Told], None],
        market: str,
        most: int = INBOX_MAX,
    ) -> None:
        self._submit = submit
        self._handle = handle
        self._most = most
        self._waiting: deque[_Told] = deque()
        self._changed = threading.Condition()
        self._is_handled = False
        self._is_ended = False
        self.dropped = 0
        """How many did not fit."""
        self._log = structlog.get_logger("hedger", market=market)

    @property
    def waiting(self) -> int:
        """How many are not taken yet."""
        return len(self._waiting)

    @property
    def is_at_work(self) -> bool:
        """Whether anything waits or is being handled."""
        return self._is_handled

    def tell(self, one: _Told, *, wakes: bool = True) -> bool:
        """Hands one over; never waits.

        Args:
            one: what.
            wakes: False: it is handled with the next that wakes, and before it.

        Returns:
            False where it did not fit, or the market has ended.
        """
        with self._changed:
            if self._is_ended:
                return False
            if len(self._waiting) >= self._most:
                self.dropped += 1
                if self.dropped == 1:
                    self._log.error("the market stands still; what it would be told is dropped", most=self._most)
                return False
            self._waiting.append(one)
            if self._is_handled or not wakes:
                return True
            self._is_handled = True
        self._submit(self._empty)
        return True

    def end(self) -> None:
        """Takes nothing more, drops what waits, and returns when nothing is being handled any more."""
        with self._changed:
            self._is_ended = True
            self._waiting.clear()
            self._changed.wait_for(lambda: not self._is_handled)

    def _empty(self) -> None:
        try:
            while (one := self._next()) is not None:
                self._handle(one)
        except BaseException:
            with self._changed:
                self._is_handled = False
                self._changed.notify_all()
            raise

    def _next(self) -> _Told | None:
        with self._changed:
            if self._waiting:
                return self._waiting.popleft()
            self._is_handled = False
            self._changed.notify_all()
            return None
