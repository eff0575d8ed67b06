"""Listening to Redis channels, from one thread, with every loss of the connection made visible.

A channel promises nothing: what is published while nobody listens is gone. So whoever listens must know from when on it
hears again: `listen` raises `RedisUnavailable` once when the connection is lost, tries to subscribe anew with each call
after that, and answers `Resubscribed` once all channels are confirmed. Nothing here waits between attempts: the caller
paces itself.
"""

from dataclasses import dataclass
from typing import Any

import redis

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.channel_connection import MOVED, ChannelConnection
from hedge_strategy.coordination.slots import is_sharded
from hedge_strategy.errors import CommandRefused, RedisUnavailable

_SLICE_MS = 250


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, as it was published."""

    channel: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Resubscribed:
    """All channels are confirmed; what was published before was not heard.

    Attributes:
        is_first: True for the first subscription of this listener.
    """

    is_first: bool


class Channels:
    """Some channels, heard by one thread.

    Args:
        client: the connection; listening takes one of its connections for itself.
        clock: for time-outs.
        names: the channels.
        home: a key that lives where they do; in a cluster they are sharded where they carry its hash tag.
    """

    def __init__(self, client: redis.Redis, clock: Clock, names: tuple[str, ...], home: str) -> None:
        self._home = home
        self._subscribe_command = "SSUBSCRIBE" if is_sharded(client, names, home) else "SUBSCRIBE"
        self._connection = ChannelConnection(client, clock)
        self._clock = clock
        self._names = names
        self._confirmed: set[str] = set()
        self._was_subscribed = False

    def listen(self, timeout_ms: int) -> Heard | Resubscribed | None:
        """Waits for the next message.

        Args:
            timeout_ms: at most this long; 0 only looks.

        Returns:
            The message, or that the channels are (again) subscribed, or None where nothing came in time.

        Raises:
            RedisUnavailable: the connection is lost or cannot be made; the next call tries again at once.
        """
        deadline_ms = self._now_ms() + timeout_ms
        if not self._connection.is_open:
            self._subscribe()
        while True:
            reply = self._connection.read(max(0, min(deadline_ms - self._now_ms(), _SLICE_MS)))
            found = self._read(reply) if reply is not None else None
            if found is not None:
                return found
            if reply is None and self._now_ms() >= deadline_ms:
                return None

    def close(self) -> None:
        """Gives the connection up; a later `listen` subscribes anew. To be called by the listening thread."""
        self._connection.close()

    def _subscribe(self) -> None:
        self._confirmed.clear()
        try:
            self._connection.open(self._home)
            self._connection.send(self._subscribe_command, *self._names)
        except (RedisUnavailable, CommandRefused) as error:
            self._connection.close()
            raise RedisUnavailable(str(error)) from error

    def _read(self, reply: Any) -> Heard | Resubscribed | None:
        kind = reply[0]
        if kind in (b"message", b"smessage"):
            return Heard(reply[1].decode(), bytes(reply[2]))
        if kind in (b"subscribe", b"ssubscribe"):
            self._confirmed.add(reply[1].decode())
            if len(self._confirmed) == len(self._names):
                is_first, self._was_subscribed = not self._was_subscribed, True
                return Resubscribed(is_first)
        if kind == b"sunsubscribe":  # the cluster has given the channels to another server
            self._connection.close()
            raise RedisUnavailable(MOVED)
        return None

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())
