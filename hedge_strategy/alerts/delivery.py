"""Delivers messages, each channel on a thread of its own: one that hangs delays no other, and nobody who hands over.

Promises: handing over never waits. A channel's queue holds `QUEUE_MAX`; of more the oldest is given up. A message is
tried again with growing pauses until `give_up_after_s` have passed, then given up. More messages a minute than the
channel takes are counted in one. What became of each is told by `outcomes`, also of one whose channel hangs.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

import structlog

from hedge_strategy.alerts.channel import Message, Sender
from hedge_strategy.clock import Clock, to_ms

QUEUE_MAX = 100
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
MINUTE_MS = 60_000
TITLES_MAX = 20
_log = structlog.get_logger("alerts.delivery")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message on one channel.

    Attributes:
        about: what was handed over with it.
        channel: its name.
        problem: why it was given up, in words; empty where it was taken.
    """

    about: str
    channel: str
    problem: str = ""


@dataclass(slots=True)
class _Job:
    about: str
    message: Message
    handed_at_ms: int
    also: list["_Job"] = field(default_factory=list)
    """Those that are said in the same message."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is tried.

    Attributes:
        give_up_after_s: from the handing over on.
        first_pause_s: after the first failure; doubled after each.
    """

    give_up_after_s: float = 300.0
    first_pause_s: float = FIRST_PAUSE_S


class ChannelThread:
    """One channel with its queue and its thread.

    Args:
        name: of the channel.
        sender: sends.
        per_minute: more are counted in one message.
        patience: how long is tried.
        clock: for the pace.
        told: is told each outcome, from any thread; must be quick.
    """

    def __init__(
        self,
        name: str,
        sender: Sender,
        per_minute: int,
        patience: Patience,
        clock: Clock,
        told: Callable[[Outcome], None],
    ) -> None:
        self.name = name
        self._sender = sender
        self._per_minute = per_minute
        self._patience = patience
        self._clock = clock
        self._told = told
        self._queue: deque[_Job] = deque()
        self._sent_at_ms: deque[int] = deque(maxlen=per_minute)
        self._work = threading.Condition()
        self._stop = False
        self._current: _Job | None = None
        self._thread = threading.Thread(target=self._run, name=f"channel-{name}", daemon=True)

    def start(self) -> None:
        """Starts the thread; once."""
        if self._thread.ident is None:
            self._thread.start()

    def hand_over(self, about: str, message: Message) -> None:
        """Takes a message; never waits."""
        dropped = None
        with self._work:
            self._queue.append(_Job(about, message, self._now_ms()))
            if len(self._queue) > QUEUE_MAX:
                dropped = self._queue.popleft()
            self._work.notify()
        if dropped is not None:
            self._end(dropped, f"more than {QUEUE_MAX} messages wait")

    def sweep(self) -> None:
        """Gives up what has waited too long, also what the thread hangs at; called now and then by another thread."""
        bound_ms = self._now_ms() - int(self._patience.give_up_after_s * 1000)
        with self._work:
            over = [job for job in self._queue if job.handed_at_ms < bound_ms]
            for job in over:
                self._queue.remove(job)
            current = self._current
            if current is not None and current.handed_at_ms < bound_ms:
                over.append(current)
                self._current = None
                self._work.notify_all()
        for job in over:
            self._end(job, f"not taken within {self._patience.give_up_after_s:.0f} s")

    def ask_to_stop(self) -> None:
        """Asks the thread to end; what waits is not sent any more."""
        with self._work:
            self._stop = True
            self._work.notify()

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Waits until nothing waits or is under way; False where that took too long."""
        with self._work:
            return self._work.wait_for(lambda: not self._queue and self._current is None, timeout_s)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            problem = "it ended unexpectedly"
            try:
                problem = self._try(job)
            except Exception as error:  # noqa: BLE001 - outermost loop of the thread; its text could hold the URL
                problem = f"a mistake in the sender: {type(error).__name__}"
            with self._work:
                is_ended_here = self._current is job
                self._current = None
                self._work.notify_all()
            if is_ended_here:
                self._end(job, problem)

    def _next(self) -> _Job | None:
        with self._work:
            self._work.wait_for(lambda: self._stop or self._queue)
            if self._stop:
                return None
            self._current = self._queue.popleft()
            return self._current

    def _try(self, job: _Job) -> str:
        """Tries until it works or has to be given up; returns why it did not."""
        pause_s = self._patience.first_pause_s
        for attempt in count(1):
            if not self._wait_for_room(job):
                return "it was stopped"
            problem = self._sender.send(job.message)
            if not problem:
                self._sent_at_ms.append(self._now_ms())
                return ""
            if attempt == 1:
                _log.warning("a channel did not take a message; it is tried again", channel=self.name, reason=problem)
            left_s = self._patience.give_up_after_s - (self._now_ms() - job.handed_at_ms) / 1000
            with self._work:
                if left_s <= pause_s or self._work.wait_for(self._is_over(job), pause_s):
                    return problem
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        raise AssertionError("counting has no end")

    def _is_over(self, job: _Job) -> Callable[[], bool]:
        return lambda: self._stop or self._current is not job

    def _wait_for_room(self, job: _Job) -> bool:
        """Where the minute is full: waits, and says all that waits by then in one message. False where it was over."""
        if len(self._sent_at_ms) < self._per_minute:
            return True
        wait_s = (self._sent_at_ms[0] + MINUTE_MS - self._now_ms()) / 1000
        if wait_s <= 0:
            return True
        with self._work:
            if self._work.wait_for(self._is_over(job), wait_s):
                return False
            job.also += self._queue
            self._queue.clear()
        if job.also:
            together = [job.message, *(one.message for one in job.also)]
            titles = [one.title for one in together]
            worst = max((one.severity for one in together), key=lambda one: one.rank)
            body = "; ".join(titles[:TITLES_MAX]) + ("; …" if len(titles) > TITLES_MAX else "")
            job.message = Message(f"{len(titles)} messages in one", body, worst)
        return True

    def _end(self, job: _Job, problem: str) -> None:
        if problem:
            _log.error("a message was given up", channel=self.name, about=job.message.title, reason=problem)
        for one in (job, *job.also):
            self._told(Outcome(one.about, self.name, problem))

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())


@dataclass(slots=True)
class Deliveries:
    """All channels.

    Attributes:
        channels: by name.
    """

    channels: Mapping[str, ChannelThread]
    outcomes: deque[Outcome] = field(default_factory=lambda: deque(maxlen=10_000))

    def start(self) -> None:
        """Starts all threads."""
        for one in self.channels.values():
            one.start()

    def hand_over(self, names: tuple[str, ...], about: str, message: Message) -> None:
        """Hands a message to some channels; never waits."""
        for name in names:
            self.channels[name].hand_over(about, message)

    def sweep(self) -> tuple[Outcome, ...]:
        """What became of messages since the last call."""
        for one in self.channels.values():
            one.sweep()
        found = []
        while self.outcomes:
            found.append(self.outcomes.popleft())
        return tuple(found)

    def stop(self, timeout_s: float, clock: Clock) -> None:
        """Lets what waits go out for so long, then ends all threads; one that hangs is left behind."""
        by_ns = clock.monotonic_ns() + int(timeout_s * 1e9)
        for one in self.channels.values():
            one.wait_until_empty(max(0.0, (by_ns - clock.monotonic_ns()) / 1e9))
            one.ask_to_stop()
