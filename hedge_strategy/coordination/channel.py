"""Listening to Redis channels, from one thread, with every loss of the connection made visible.

A channel promises nothing: what is published while nobody listens is gone. So whoever listens must know from when on it
hears again: `listen` raises `RedisUnavailable` once when the connection is lost, tries to subscribe anew with each call
after that, and answers `Resubscribed` once all channels are confirmed. A connection that died without a word is found
by PING. Nothing here waits between attempts: the caller paces itself.

The connection is the client's, how it is read is not: between the socket and the caller there is the parser alone, and
no connection is made anew behind the caller's back.
"""

from dataclasses import dataclass
from typing import Any

import redis

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.slots import is_sharded, learn_anew, pool_of
from hedge_strategy.errors import CommandRefused, RedisUnavailable

PING_AFTER_MS = 1_000
DEAD_AFTER_MS = 3_000
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
        self._client = client
        self._home = home
        self._subscribe_command = "SSUBSCRIBE" if is_sharded(client, names, home) else "SUBSCRIBE"
        self._pool: Any = None
        self._clock = clock
        self._names = names
        self._connection: Any = None
        self._confirmed: set[str] = set()
        self._was_subscribed = False
        self._heard_at_ms = 0
        self._pinged_at_ms = 0

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
        try:
            connection = self._connected()
        except CommandRefused as error:
            raise RedisUnavailable(str(error)) from error
        while True:
            wait_ms = max(0, min(deadline_ms - self._now_ms(), _SLICE_MS))
            try:
                with redis_errors():
                    reply: Any = connection.read_response() if connection.can_read(wait_ms / 1000) else None
                self._watch(connection, heard=reply is not None)
            except (RedisUnavailable, CommandRefused) as error:
                self.close()
                raise RedisUnavailable(str(error)) from error
            found = self._read(reply) if reply is not None else None
            if found is not None:
                return found
            if reply is None and self._now_ms() >= deadline_ms:
                return None

    def close(self) -> None:
        """Gives the connection up; a later `listen` subscribes anew. To be called by the listening thread."""
        connection, self._connection = self._connection, None
        self._confirmed.clear()
        if connection is not None:
            connection.disconnect()
            self._pool.release(connection)

    def _connected(self) -> Any:
        """The connection, for as long as it leads to the server that is the right one."""
        if self._connection is not None and not self._pool.owns_connection(self._connection):
            self.close()
            raise RedisUnavailable("Redis: the channels live on another server now")
        return self._connection or self._subscribe()

    def _subscribe(self) -> Any:
        if self._was_subscribed:
            learn_anew(self._client)
        with redis_errors():
            self._pool = pool_of(self._client, self._home)
            connection = self._connection = self._pool.get_connection()
        try:
            with redis_errors():
                connection.send_command(self._subscribe_command, *self._names, check_health=False)
        except (RedisUnavailable, CommandRefused):
            self.close()
            raise
        self._heard_at_ms = self._pinged_at_ms = self._now_ms()
        return connection

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
            self.close()
            raise RedisUnavailable("Redis: the channels live on another server now")
        return None

    def _watch(self, connection: Any, *, heard: bool) -> None:
        """Asks a silent connection for a sign of life, and gives it up when none comes."""
        now_ms = self._now_ms()
        if heard:
            self._heard_at_ms = now_ms
            return
        silent_ms = now_ms - self._heard_at_ms
        if silent_ms >= DEAD_AFTER_MS and self._pinged_at_ms > self._heard_at_ms:
            raise RedisUnavailable(f"Redis: the channel is silent for {silent_ms} ms and answers no PING")
        if silent_ms >= PING_AFTER_MS and now_ms - self._pinged_at_ms >= PING_AFTER_MS:
            self._pinged_at_ms = now_ms
            with redis_errors():
                connection.send_command("PING", check_health=False)

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())
