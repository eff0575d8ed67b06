"""A process of the product as the scheduler sees it: threads, one lock, a crash, a freeze, a new life.

A thread is a generator that yields how long it sleeps, in ms, or blocking code of the product (`fibers`). Events are
taken in one at a time, as under the lock of the real shells: the machine's commands are performed in order, then the
answers to them are taken in. Between any two commands the weather may put a gap: the process dies there, or stands
still there for longer than its lease lives.
"""

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, ClassVar, Protocol

from greenlet import getcurrent, greenlet

from tests.simulation.clockwork import Clockwork
from tests.simulation.fibers import Crashed, Fiber, VirtualLock
from tests.simulation.weather import Weather

Steps = Generator[float, None, None]
UNTIL_WOKEN = -1.0
"""What a thread yields that sleeps until somebody wakes it."""
GAP_MS = 400
FREEZE_MS = 20_000
REBOOTS_MS = (1_000, 6_000, 30_000)
ROUTINE = ("MakerSeen", "CoordinationSeen", "ReadLedger", "LookedUp", "LookUp")


class Machine(Protocol):
    """What both machines are."""

    def step(self, event: Any, now_ms: int) -> tuple[Any, ...]: ...


class Thread:
    """A generator and the number of its present sleep, so that being woken ends the sleep."""

    __slots__ = ("number", "steps")

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.number = 0


class Node:
    """One process, through all its lives. With slots, here and below: it has more attributes than Python finds fast."""

    __slots__ = (
        "_answers", "_commands", "_dispatching", "_inbox", "_told", "activity", "clock", "current", "fibers",
        "frozen_until_ms", "generation", "is_busy", "is_up", "lock", "machine", "name", "started_ms", "weather",
    )  # fmt: skip

    def __init__(self, clock: Clockwork, weather: Weather, name: str) -> None:
        self.clock = clock
        self.weather = weather
        self.name = name
        self.generation = 0
        self.is_up = False
        self.started_ms = 0
        self.frozen_until_ms = 0
        self.machine: Any = None
        self.activity = 0
        """Commands performed in all lives, apart from looks and lines for the log."""
        self.current: Thread
        """The thread that runs."""
        self.is_busy = False
        """Whether an event is being taken in, or a thread has the lock."""
        self.lock = VirtualLock(self)
        self.fibers: dict[greenlet, Fiber] = {}
        self._told: dict[str, str] = {}
        self._dispatching: Fiber | None = None
        self._inbox: deque[Any] = deque()
        self._answers: deque[Any] = deque()
        self._commands: deque[Any] = deque()

    looks: ClassVar[frozenset[type]] = frozenset()
    """Commands that only look or tell: a thread need not come round soon after them, their answers are events."""

    # --- what a kind of process says of itself ------------------------------------------------------------------------

    def boot(self) -> bool:
        """Makes machine and threads; False where it cannot start yet."""
        raise NotImplementedError

    def perform(self, command: Any) -> Any:
        """Does a command; returns its answer, if that comes at once. A command it does not know is an error."""
        raise NotImplementedError

    def hang_up(self) -> None:
        """Its connections end."""
        raise NotImplementedError

    # --- life ---------------------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether it is up and not frozen."""
        return self.is_up and self.clock.now_ms >= self.frozen_until_ms

    def start(self) -> None:
        """Starts a life, now or as soon as it can."""
        if self.is_up:
            return
        self.generation += 1
        generation = self.generation
        self.is_up = True
        self.started_ms = self.clock.now_ms
        self.clock.say(self.name, "starts")
        try:
            if self.boot():
                return
        except Crashed:
            pass
        if self.generation == generation:
            self.end()
            self.clock.after(300 + self.clock.below(1_500), self._start_after, self.generation)

    def _start_after(self, generation: int) -> None:
        if generation == self.generation:
            self.start()

    def end(self) -> None:
        """Ends this life; everything in memory is gone."""
        if not self.is_up:
            return
        self.is_up = False
        self.generation += 1
        self.frozen_until_ms = 0
        self.is_busy = False
        self.end_threads()
        self.lock, self._dispatching = VirtualLock(self), None
        for queue in (self._inbox, self._answers, self._commands):
            queue.clear()
        self.hang_up()
        self.clock.say(self.name, "is gone")

    def end_threads(self) -> None:
        """Nothing of the product's blocking code runs any more, wherever it stands."""
        self.lock.end()
        fibers = list(self.fibers.values())
        self.fibers.clear()
        for fiber in fibers:
            fiber.kill()

    def crash(self) -> None:
        """`kill -9`, and a supervisor that starts it again."""
        if self.is_up:
            self.clock.fault(f"crash {self.name[0]}")
            self.end()
            delay_ms = self.clock.below(REBOOTS_MS[self.clock.below(3)])
            self.clock.after(delay_ms, self._start_after, self.generation)

    def freeze(self, for_ms: int) -> None:
        """SIGSTOP: nothing moves until then, and then everything goes on as if no time had passed."""
        self.clock.fault(f"freeze {self.name[0]}")
        self.frozen_until_ms = max(self.frozen_until_ms, self.clock.now_ms + for_ms)

    # --- threads ------------------------------------------------------------------------------------------------------

    def spawn(self, steps: Steps, after_ms: float = 0) -> Thread:
        """Starts a thread of this life."""
        thread = Thread(steps)
        self.clock.after(after_ms, self._resume, self.generation, thread, 0)
        return thread

    def wake(self, thread: Thread) -> None:
        """Ends a thread's sleep."""
        thread.number += 1
        self.clock.after(0, self._resume, self.generation, thread, thread.number)

    def later(self, delay_ms: float, action: Callable[..., None], *arguments: Any) -> None:
        """Something that happens in this life only, and not while it is frozen."""
        self.clock.after(delay_ms, self._in_life, self.generation, action, arguments)

    def _in_life(self, generation: int, action: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        if generation != self.generation:
            return
        late_ms = self.frozen_until_ms - self.clock.now_ms
        if late_ms > 0:
            self.clock.after(late_ms, self._in_life, generation, action, arguments)  # in the order in which it came
            return
        try:
            action(*arguments)
        except Crashed:
            self.crash()

    def _resume(self, generation: int, thread: Thread, number: int) -> None:
        """As `_in_life`, for threads."""
        if generation != self.generation or thread.number != number:
            return
        clock = self.clock
        late_ms = self.frozen_until_ms - clock.now_ms
        if late_ms > 0:
            clock.after(late_ms, self._resume, generation, thread, number)
            return
        self.current = thread
        try:
            delay_ms = next(thread.steps, None)
        except Crashed:
            self.crash()
            return
        if delay_ms is not None and generation == self.generation:
            thread.number = number = thread.number + 1
            if delay_ms != UNTIL_WOKEN:
                clock.after(delay_ms, self._resume, generation, thread, number)

    # --- events in, commands out --------------------------------------------------------------------------------------

    def tell(self, event: Any) -> None:
        """Puts an event in line for the machine; it is taken in at once where the lock is free."""
        if not self.is_up:
            return
        if self.is_busy:
            self._inbox.append(event)
            return
        self.is_busy = True
        clock = self.clock
        if clock.trace is not None:
            self._trace(event, "")
        commands = self.machine.step(event, clock.now_ms)
        if not commands and not self._inbox:  # most ticks
            self.is_busy = False
            return
        self._commands.extend(commands)
        self._work()

    def dispatch(self, event: Any) -> None:
        """The same for a thread that blocks: it goes on when all that follows from the event is done."""
        with self.lock:
            fiber = self.fiber()
            self._answers.append(event)
            self._work()
            while self._answers or self._commands:
                self._dispatching = fiber
                fiber.rest()

    def unlocked(self) -> None:
        """A thread has let the lock go."""
        self._work()

    def fiber(self) -> Fiber:
        """The thread that runs now, of those that block."""
        return self.fibers[getcurrent()]

    def between_calls(self) -> None:
        """Between two calls of a thread something may happen, as between two commands."""
        fiber = self.fibers.get(getcurrent())
        if fiber is not None and self.clock.random() < self.weather.gap:
            self._strike_in_gap()
            fiber.pause(self.clock.below(GAP_MS))

    def _work(self) -> None:
        clock, weather = self.clock, self.weather
        commands, answers, inbox = self._commands, self._answers, self._inbox
        generation, looks = self.generation, self.looks
        while True:
            while commands:
                if weather.gap and clock.random() < weather.gap:
                    self._gap()
                    return
                command = commands.popleft()
                if clock.trace is not None:
                    self._trace(command, "  -> ")
                if type(command) not in looks:
                    self.activity += 1
                answer = self.perform(command)
                if generation != self.generation:
                    return
                if answer is not None:
                    answers.append(answer)
            if answers:
                event = answers.popleft()
            elif self.lock.holder is not None:
                if self._dispatching is not None:
                    self._dispatching.wake()
                    self._dispatching = None
                return
            elif inbox:
                event = inbox.popleft()
            else:
                self.is_busy = False
                self.lock.let_next()
                return
            if clock.trace is not None:
                self._trace(event, "")
            commands.extend(self.machine.step(event, clock.now_ms))

    def _trace(self, value: object, mark: str) -> None:
        """A line of the trace; what comes round all the time is told when it changes."""
        kind, text = type(value).__name__, repr(value)
        if kind == "Tick" or (kind in ROUTINE and self._told.get(kind) == text):
            return
        self._told[kind] = text
        self.clock.say(self.name, mark + (text if len(text) < 400 else text[:397] + "..."))

    def _gap(self) -> None:
        """Something happens before the next command; what is left goes on after it, if this life does."""
        self._strike_in_gap()
        self.later(self.clock.below(GAP_MS), self._work)

    def _strike_in_gap(self) -> None:
        clock, weather = self.clock, self.weather
        if clock.happens(weather.crash_in_gap):
            clock.fault("crash between two commands")
            raise Crashed
        if clock.happens(weather.freeze_in_gap):
            clock.fault("freeze between two commands")
            self.freeze(clock.below(FREEZE_MS))
