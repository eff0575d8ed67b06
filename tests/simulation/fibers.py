"""Blocking code of the product on virtual time: each of its threads is a greenlet that hands back to the scheduler.

What blocks in the product blocks here: the clock's sleep, waiting for a signal, the lock of a process, and each request
to a venue. Between any two calls to Redis, or to the disk, the weather may put a gap, in which all else goes on; the
process may die at each of these places, and then nothing of the thread runs any more.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from greenlet import GreenletExit, getcurrent, greenlet

if TYPE_CHECKING:
    from tests.simulation.node import Node


class Crashed(BaseException):
    """The process ended here, in the middle of what it did."""


class Fiber:
    """One thread of one life of a process.

    Args:
        node: the process.
        run: what the thread does.
    """

    __slots__ = ("_generation", "_number", "greenlet", "node")

    def __init__(self, node: "Node", run: Callable[[], None]) -> None:
        self.node = node
        self._number = 0
        self._generation = node.generation
        self.greenlet = greenlet(run)
        node.fibers[self.greenlet] = self
        node.clock.after(0, self._resume, 0)

    def pause(self, delay_ms: float) -> None:
        """Lets the rest of the world go on for so long, or until it is woken."""
        self._number += 1
        self.node.clock.after(delay_ms, self._resume, self._number)
        self.greenlet.parent.switch()

    def rest(self) -> None:
        """Lets the rest of the world go on until it is woken."""
        self._number += 1
        self.greenlet.parent.switch()

    def wake(self) -> None:
        """Ends its pause."""
        self._number += 1
        self.node.clock.after(0, self._resume, self._number)

    def kill(self) -> None:
        """Nothing of it runs any more."""
        if not self.greenlet.dead and self.greenlet is not getcurrent():
            self.greenlet.throw(GreenletExit)

    def _resume(self, number: int) -> None:
        """In this life only, not while the process is frozen, and only what its last pause waits for."""
        node = self.node
        if number != self._number or self._generation != node.generation:
            return
        clock = node.clock
        if node.frozen_until_ms > clock.now_ms:
            clock.after(node.frozen_until_ms - clock.now_ms, self._resume, number)
            return
        try:
            self.greenlet.switch()
        except Crashed:
            node.crash()


class VirtualClock:
    """The clock of a process, as its blocking code sees it."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self.now_ns = self.monotonic_ns = node.clock.now_ns

    def sleep(self, seconds: float) -> None:
        """As the real one."""
        self._node.fiber().pause(seconds * 1000)


class VirtualSignal:
    """As `threading.Event`. A wait that nobody ends may last a little longer: threads are starved (`pace`)."""

    __slots__ = ("_is_set", "_longer_ms", "_node", "_waiting")

    def __init__(self, node: "Node", longer_ms: Callable[[], float] | None = None) -> None:
        self._node = node
        self._longer_ms = longer_ms
        self._is_set = False
        self._waiting: Fiber | None = None

    def is_set(self) -> bool:
        """As the real one."""
        return self._is_set

    def set(self) -> None:
        """As the real one."""
        self._is_set = True
        if self._waiting is not None:
            self._waiting.wake()
            self._waiting = None

    def clear(self) -> None:
        """As the real one."""
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        """As the real one."""
        if not self._is_set and timeout != 0:
            self._waiting = self._node.fiber()
            if timeout is None:
                self._waiting.rest()
            else:
                delay_ms = timeout * 1000
                if self._longer_ms is not None:
                    delay_ms = max(delay_ms, self._longer_ms())
                self._waiting.pause(delay_ms)
            self._waiting = None
        return self._is_set


class VirtualLock:
    """The lock of a process, under which its machine is stepped: `Node.tell` waits in line while a thread has it."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._depth = 0
        self.holder: Fiber | None = None
        """The thread that has it."""
        self._line: list[Fiber] = []
        self._is_over = False

    def __enter__(self) -> None:
        node = self._node
        fiber = node.fiber()
        if self.holder is not fiber:
            while node.is_busy:
                self._line.append(fiber)
                fiber.rest()
            node.is_busy = True
            self.holder = fiber
        self._depth += 1

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if self._is_over or not (kind is None or issubclass(kind, Exception)):
            return  # the process ends here
        self._depth -= 1
        if not self._depth:
            self.holder = None
            self._node.unlocked()

    def let_next(self) -> bool:
        """The lock is free: wakes who has waited longest; False where nobody waits."""
        if not self._line:
            return False
        self._line.pop(0).wake()
        return True

    def end(self) -> None:
        """The process is gone."""
        self._is_over = True
