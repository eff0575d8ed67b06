"""Hears a market's fills and orders as a hedger does, with a connection for this one market alone."""

import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.channel import Channels, Heard, Resubscribed
from hedge_strategy.coordination.fill_stream import FillHeard, FillSubscriber, OrderHeard, Unreadable


class Ear:
    """Belongs to one thread.

    Args:
        client: the connection; listening takes one of its connections for itself.
        subscriber: whose channels, and who understands what comes.
    """

    def __init__(self, client: redis.Redis, subscriber: FillSubscriber) -> None:
        self._channels = Channels(client, SystemClock(), subscriber.channels, subscriber.home)
        self._subscriber = subscriber

    def listen(self, timeout_ms: int) -> FillHeard | OrderHeard | Resubscribed | Unreadable | None:
        """Waits for the next message; None where nothing for this hedger came.

        Raises:
            RedisUnavailable: the connection is lost or cannot be made; the next call tries again at once.
        """
        heard = self._channels.listen(timeout_ms)
        return self._subscriber.understand(heard) if isinstance(heard, Heard) else heard

    def close(self) -> None:
        """Gives the connection up."""
        self._channels.close()
