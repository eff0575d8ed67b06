"""How fast threads come round in a schedule: sometimes as fast as the real ones, sometimes starved.

A real thread ticks twenty times a second, or fifty, whether or not there is anything to do. Here a thread that has
found nothing to do comes round ever later, up to a bound, so that a schedule is short in steps though long in time; any
activity of its process makes it quick again.
"""

from tests.simulation.clockwork import Clockwork

GROWTH = 2.0
LONGEST_MS = 1_200
LONGEST_IN_CALM_MS = 4_000
QUICKEST_IN_CALM_MS = 200


class Pace:
    """Sleeps of threads, in ms; one for all threads of a schedule."""

    def __init__(self, clock: Clockwork) -> None:
        self.clock = clock
        self.random = clock.random
        self.quickest_ms = (20, 60, 200)[clock.below(3)]
        self.longest_ms = LONGEST_MS
        self._longest_latency_ms = (20, 100, 600)[clock.below(3)]

    def latency_ms(self) -> int:
        """How long a REST request or a read takes."""
        return 1 + self.clock.below(self._longest_latency_ms)

    def calm_down(self) -> None:
        """Little happens from now on."""
        self.longest_ms = LONGEST_IN_CALM_MS
        self.quickest_ms = max(self.quickest_ms, QUICKEST_IN_CALM_MS)


class Rhythm:
    """The sleeps of one thread that comes round again and again."""

    __slots__ = ("_activity", "_next_ms", "_pace")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._next_ms = float(pace.quickest_ms)
        self._activity = -1

    def sleep_ms(self, activity: int) -> float:
        """Until it comes round.

        Args:
            activity: how much its process has done in all.
        """
        pace = self._pace
        if activity != self._activity:
            self._activity, next_ms = activity, float(pace.quickest_ms)
        else:
            next_ms = self._next_ms * GROWTH
            if next_ms > pace.longest_ms:
                next_ms = pace.longest_ms
        self._next_ms = next_ms
        return next_ms * (0.5 + pace.random())
