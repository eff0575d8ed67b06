"""A few threads for what may take a while, shared by all markets of a process.

Promises: who hands something over never waits; a task is done once, by whichever thread is free; a mistake in one task
ends neither the thread nor the other tasks. There are as many threads as tasks are being done at one time, up to a
bound, and those that find nothing to do for a while end, so that a hundred quiet markets keep hardly any.

Known limit: tasks beyond the bound wait for their turn, in the order in which they came.
"""

import queue
import threading
from collections.abc import Callable

import structlog

from hedge_strategy.coordination.turns import in_turn

IDLE_S = 30.0
"""A thread that found nothing to do for so long ends."""


class Workers:
    """Some threads. Safe to share between threads.

    Args:
        name: of the threads.
        most: how many there are at the most.
        kept: how many stay, once there were so many, whether there is anything to do or not.
        idle_s: how long the others wait for something to do.
    """

    def __init__(self, name: str, most: int, kept: int = 1, idle_s: float = IDLE_S) -> None:
        self._name = name
        self._most = most
        self._kept = kept
        self._idle_s = idle_s
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._free = 0
        """Threads that wait, less the tasks that wait for one."""
        self._started = 0
        self._log = structlog.get_logger("hedger.workers")

    @property
    def threads(self) -> int:
        """How many there are now."""
        return self._threads

    def submit(self, task: Callable[[], None]) -> None:
        """Has something done; returns at once."""
        with self._lock:
            self._free -= 1
            is_short = self._free < 0 and self._threads < self._most
            if is_short:
                self._threads += 1
                self._free += 1
                self._started += 1
                name = f"{self._name}-{self._started}"
        self._tasks.put(task)
        if is_short:
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            in_turn(task, self._mistake, None)
            with self._lock:
                self._free += 1

    def _mistake(self, error: Exception) -> None:
        self._log.error("a mistake in this program; the other tasks go on", exc_info=error)

    def _next(self) -> Callable[[], None] | None:
        while True:
            try:
                return self._tasks.get(timeout=self._idle_s)
            except queue.Empty:
                with self._lock:
                    if self._free > 0 and self._threads > self._kept:  # else one is on its way
                        self._threads -= 1
                        self._free -= 1
                        return None
