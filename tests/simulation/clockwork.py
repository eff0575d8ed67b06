"""Virtual time: what is due next runs next, and nothing else moves. One seeded random source decides all chances.

A schedule is a seed: the same seed gives the same steps in the same order, in any process.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

START_MS = 1_770_000_000_000
"""An instant after 2025, which client order indexes are counted from."""
TRACE_LINES = 4_000

Action = Callable[..., None]


class Clockwork:
    """The heap of what is due, the clock, chance, and the trace of what happened."""

    __slots__ = ("_count", "_due", "chance", "faults", "now_ms", "random", "steps", "trace")

    def __init__(self, seed: int, *, is_traced: bool = False) -> None:
        self.now_ms = START_MS
        self.chance = random.Random(seed)
        self.random = self.chance.random
        self.steps = 0
        self.faults: Counter[str] = Counter()
        self.trace: deque[str] | None = deque(maxlen=TRACE_LINES) if is_traced else None
        self._due: list[tuple[int, int, Action, tuple[Any, ...]]] = []
        self._count = 0

    def after(self, delay_ms: float, action: Action, *arguments: Any) -> None:
        """Plans an action; of those of one instant the one planned first runs first."""
        self._count = count = self._count + 1
        heappush(self._due, (self.now_ms + int(delay_ms), count, action, arguments))

    def run(self, until_ms: float, steps: int, watch: Action) -> bool:
        """Runs what is due next, one after the other, until the clock has come so far, or for so many steps.

        Args:
            until_ms: the clock.
            steps: how many at most.
            watch: called after each step by which the clock has moved.

        Returns:
            False where nothing is due any more.
        """
        due, left, now_ms = self._due, steps, self.now_ms
        try:
            while due:
                if now_ms >= until_ms or not left:
                    return True
                at_ms, _, action, arguments = heappop(due)
                left -= 1
                if at_ms > now_ms:
                    watch()
                    self.now_ms = now_ms = at_ms
                action(*arguments)
        finally:
            self.steps += steps - left
        return False

    def run_until(self, at_ms: int) -> None:
        """Runs everything due by then, and lets the clock stand there."""
        while self._due and self._due[0][0] <= at_ms:
            self.run(at_ms + 1, 1, lambda: None)
        self.now_ms = max(self.now_ms, at_ms)

    def happens(self, probability: float) -> bool:
        """Whether something with this probability happens; what never happens uses no chance."""
        return probability > 0 and self.random() < probability

    def strikes(self, kind: str, probability: float) -> bool:
        """Whether a fault of this kind strikes now; it is counted."""
        if probability <= 0 or self.random() >= probability:
            return False
        self.fault(kind)
        return True

    def fault(self, kind: str) -> None:
        """Counts a fault."""
        self.faults[kind] += 1
        if self.trace is not None:
            self.say("FAULT", kind)

    def below(self, limit: float) -> int:
        """A whole number from 0 up to but not including the limit."""
        return int(self.random() * limit)

    def now_ns(self) -> int:
        """As the real clock."""
        return self.now_ms * 1_000_000

    monotonic_ns = now_ns

    def sleep(self, seconds: float) -> None:
        """Threads of a schedule yield instead."""
        raise NotImplementedError

    def say(self, who: str, what: object) -> None:
        """A line of the trace; callers ask `trace is not None` first where making the text costs time."""
        if self.trace is not None:
            self.trace.append(f"{self.now_ms - START_MS:>8} ms  {who:<9} {what}")
