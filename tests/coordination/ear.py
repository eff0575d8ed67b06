"""Hears one market as a hedger or A does, with a connection for this one market alone."""

from typing import Generic, Protocol, TypeVar

import redis

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.channel import Channels, Heard, Resubscribed

_Understood = TypeVar("_Understood", covariant=True)


class Subscriber(Protocol[_Understood]):
    """Who knows the channels, and understands what comes."""

    channels: tuple[str, ...]
    home: str

    def understand(self, heard: Heard) -> _Understood: ...


class Ear(Generic[_Understood]):
    """Belongs to one thread.

    Args:
        client: the connection; listening takes one of its connections for itself.
        subscriber: whose channels.
    """

    def __init__(self, client: redis.Redis, subscriber: Subscriber[_Understood]) -> None:
        self._channels = Channels(client, SystemClock(), subscriber.channels, subscriber.home)
        self._subscriber = subscriber

    def listen(self, timeout_ms: int) -> _Understood | Resubscribed | None:
        """Waits for the next message; None where nothing for this one came.

        Raises:
            RedisUnavailable: the connection is lost or cannot be made; the next call tries again at once.
        """
        heard = self._channels.listen(timeout_ms)
        return self._subscriber.understand(heard) if isinstance(heard, Heard) else heard

    def close(self) -> None:
        """Gives the connection up."""
        self._channels.close()
