"""How fast threads come round in a schedule: sometimes as fast as the real ones, sometimes starved, slower in calm."""

from tests.simulation.clockwork import Clockwork

LONGEST_TICK_MS = 1_500


class Pace:
    """Sleeps of threads, in ms."""

    def __init__(self, clock: Clockwork) -> None:
        self._clock = clock
        self.longest_tick_ms = (60, 150, 400, 1_000)[clock.below(4)]
        self._longest_latency_ms = (20, 100, 600)[clock.below(3)]

    def tick_ms(self) -> int:
        """Until the next tick."""
        return 20 + self._clock.below(self.longest_tick_ms)

    def latency_ms(self) -> int:
        """How long a REST request or a read takes."""
        return 1 + self._clock.below(self._longest_latency_ms)

    def poll_ms(self) -> int:
        """Until a loop that reads the stream comes round."""
        return 50 + self._clock.below(self.longest_tick_ms)

    def calm_down(self) -> None:
        """Little happens from now on: ticks may come rarely."""
        self.longest_tick_ms = LONGEST_TICK_MS
