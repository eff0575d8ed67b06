"""One thread that asks Redis for all markets of a process at once, a few times a second.

Each market says what it wants to ask or tell when a round begins, and takes its answers when it ends; neither may wait
for anything but a moment. A market that meets a mistake there is told so and is in no further round; the others go on.
In a cluster each server is asked apart, by a worker, so that one that is away holds up no market of another.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.questions import Answer, Question
from hedge_strategy.coordination.round_trip import RoundTrips
from hedge_strategy.coordination.turns import in_turn
from hedge_strategy.errors import RedisUnavailable
from hedge_strategy.hedger.workers import Workers

ROUND_MS = 50
"""Between two looks whether anybody wants to ask."""
_LATE = RedisUnavailable("Redis: this server of the cluster has not answered what was asked before")


class Asked(NamedTuple):
    """A question and what is done with its answer.

    Attributes:
        question: the command.
        take: takes the answer.
        failed: takes the reason why there is none; None: nothing is done then.
    """

    question: Question
    take: Callable[[Answer], None]
    failed: Callable[[str], None] | None = None


@dataclass(slots=True)
class _Member:
    wants: Callable[[int], Sequence[Asked]]
    failed: Callable[[Exception], None]
    turn: threading.Lock = field(default_factory=threading.Lock)
    is_gone: bool = False


class Rounds:
    """The thread, once somebody takes part. Safe to share between threads.

    Args:
        trips: to Redis.
        clock: time.
        workers: for asking several servers at one time.
    """

    def __init__(self, trips: RoundTrips, clock: Clock, workers: Workers) -> None:
        self._trips = trips
        self._clock = clock
        self._workers = workers
        self._members: dict[object, _Member] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy: set[int] = set()
        """Servers whose answers are still awaited."""

    def join(self, who: object, wants: Callable[[int], Sequence[Asked]], failed: Callable[[Exception], None]) -> None:
        """Takes part from now on.

        Args:
            who: for `leave`.
            wants: called when a round begins, with milliseconds of a clock that never goes back.
            failed: told the mistake that ended it.
        """
        with self._lock:
            self._members[who] = _Member(wants, failed)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hedger-rounds", daemon=True)
                self._thread.start()

    def leave(self, who: object) -> None:
        """Takes part no more: nothing is asked of it, and no answer is told, once this returns."""
        with self._lock:
            member = self._members.pop(who, None)
            thread = self._thread if not self._members else None
            if thread is not None:
                self._thread = None
        if member is not None:
            with member.turn:
                member.is_gone = True
        self._wake.set()
        if thread is not None:
            thread.join()

    def wake(self) -> None:
        """Has a round begin at once."""
        self._wake.set()

    def _run(self) -> None:
        in_turn(self._rounds, self._all_end, None)

    def _all_end(self, error: Exception) -> None:
        """The thread itself has met a mistake; nobody would ask any more."""
        for member in tuple(self._members.values()):
            member.failed(error)

    def _rounds(self) -> None:
        while self._thread is threading.current_thread():
            self._round()
            self._wake.wait(ROUND_MS / 1000)
            self._wake.clear()

    def _round(self) -> None:
        now_ms = to_ms(self._clock.monotonic_ns())
        asked: list[tuple[_Member, Asked]] = []
        for member in tuple(self._members.values()):
            with member.turn:
                asked += self._wanted(member, now_ms)
        parts = self._trips.by_server([one.question for _, one in asked])
        if len(parts) <= 1:
            self._ask(asked)
            return
        for server, places in parts.items():
            part = [asked[place] for place in places]
            if server in self._busy:
                self._answer(part, [_LATE] * len(part))
            else:
                self._busy.add(server)
                self._workers.submit(partial(self._ask_one_of_many, server, part))

    def _ask_one_of_many(self, server: int, asked: Sequence[tuple[_Member, Asked]]) -> None:
        try:
            self._ask(asked)
        finally:
            self._busy.discard(server)

    def _wanted(self, member: _Member, now_ms: int) -> list[tuple[_Member, Asked]]:
        if member.is_gone:
            return []
        nothing: Sequence[Asked] = ()
        wanted = in_turn(lambda: member.wants(now_ms), partial(self._end, member), nothing)
        return [(member, one) for one in wanted]

    def _ask(self, asked: Sequence[tuple[_Member, Asked]]) -> None:
        self._answer(asked, self._trips.ask([one.question for _, one in asked]))

    def _answer(self, asked: Sequence[tuple[_Member, Asked]], answers: Sequence[Answer]) -> None:
        for (member, one), answer in zip(asked, answers, strict=True):
            with member.turn:
                if not member.is_gone:
                    self._tell(member, one, answer)

    def _tell(self, member: _Member, one: Asked, answer: Answer) -> None:
        if not isinstance(answer, Exception):
            in_turn(lambda: one.take(answer), partial(self._end, member), None)
        elif (failed := one.failed) is not None:
            in_turn(lambda: failed(str(answer)), partial(self._end, member), None)

    def _end(self, member: _Member, error: Exception) -> None:
        member.is_gone = True
        with self._lock:
            for who, one in tuple(self._members.items()):
                if one is member:
                    del self._members[who]
        member.failed(error)
