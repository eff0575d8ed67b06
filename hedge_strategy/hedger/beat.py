"""One thread that looks after all markets of a process, each at its own pace.

What is done here must be quick: whatever waits for Redis, a venue or a lock belongs to others. A market whose turn
meets a mistake is told so, and looked after no more; the others go on.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.turns import in_turn

LONGEST_PAUSE_MS = 100
LOOKS_AT_ONCE = 8
BREATH_S = 0.002
"""After so many looks others get at the interpreter for so long: a fill may wait for it."""


@dataclass(slots=True)
class _Member:
    look: Callable[[], float]
    failed: Callable[[Exception], None]
    due_ms: int = 0


class Beat:
    """The thread, once somebody is looked after. Safe to share between threads.

    Args:
        clock: time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._members: dict[object, _Member] = {}
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def join(self, who: object, look: Callable[[], float], failed: Callable[[Exception], None]) -> None:
        """Looks after a market from now on.

        Args:
            who: for `leave`.
            look: called on the thread; returns seconds until it is to be called again. Never waits for anything.
            failed: told the mistake that ended it.
        """
        with self._turn:
            self._members[who] = _Member(look, failed)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hedger-beat", daemon=True)
                self._thread.start()
        self._wake.set()

    def leave(self, who: object) -> None:
        """No look is under way, and none comes, once this returns."""
        with self._turn:
            self._members.pop(who, None)
            thread = self._thread if not self._members else None
            if thread is not None:
                self._thread = None
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        in_turn(self._beats, self._all_end, None)

    def _all_end(self, error: Exception) -> None:
        """The thread itself has met a mistake; nobody would be looked after any more."""
        for member in tuple(self._members.values()):
            member.failed(error)

    def _beats(self) -> None:
        while True:
            with self._turn:
                if self._thread is not threading.current_thread():
                    return
                pause_s = self._look()
            self._wake.wait(pause_s)
            self._wake.clear()

    def _look(self) -> float:
        now_ms = to_ms(self._clock.monotonic_ns())
        next_ms, looks = now_ms + LONGEST_PAUSE_MS, 0
        for who, member in tuple(self._members.items()):
            if member.due_ms <= now_ms:
                if looks == LOOKS_AT_ONCE:
                    return BREATH_S
                looks += 1
                pause_s = in_turn(member.look, partial(self._end, who, member), LONGEST_PAUSE_MS / 1000)
                member.due_ms = now_ms + max(1, round(pause_s * 1000))
            next_ms = min(next_ms, member.due_ms)
        return max(0, next_ms - now_ms) / 1000

    def _end(self, who: object, member: _Member, error: Exception) -> None:
        self._members.pop(who, None)
        member.failed(error)
