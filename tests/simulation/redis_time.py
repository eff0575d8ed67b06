"""What the parts of the Redis model share: its clock and the newest fencing number."""

from tests.simulation.clockwork import Clockwork


class RedisTime:
    """Redis' own clock and the fence of the market."""

    def __init__(self, clock: Clockwork) -> None:
        self._clock = clock
        self.fence = 0

    def now_ms(self) -> int:
        """Unix ms."""
        return self._clock.now_ms
