"""One connection on which channels are heard, with every loss of it made visible.

The connection is the client's, how it is read is not: between the socket and the caller there is the parser alone, and
no connection is made anew behind the caller's back. A connection that died without a word is found by PING.
"""

import threading
from typing import Any

import redis

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.coordination.connection import redis_errors
from hedge_strategy.coordination.slots import learn_anew, pool_of
from hedge_strategy.errors import CommandRefused, RedisUnavailable

PING_AFTER_MS = 1_000
DEAD_AFTER_MS = 3_000
MOVED = "Redis: the channels live on another server now"


class ChannelConnection:
    """A connection. `read` and `close` belong to one thread, `send` may be called from any.

    Args:
        client: one of its connections is taken.
        clock: for signs of life.
    """

    def __init__(self, client: redis.Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._pool: Any = None
        self._connection: Any = None
        self._was_open = False
        self._sending = threading.Lock()
        self._heard_at_ms = 0
        self._pinged_at_ms = 0

    @property
    def is_open(self) -> bool:
        """Whether there is one."""
        return self._connection is not None

    def open(self, home: str) -> None:
        """Takes a connection to the server that has a key.

        Raises:
            RedisUnavailable: there is none.
        """
        if self._was_open:
            learn_anew(self._client)
        self._was_open = True
        with redis_errors():
            self._pool = pool_of(self._client, home)
            self._connection = self._pool.get_connection()
        self._heard_at_ms = self._pinged_at_ms = self._now_ms()

    def send(self, *command: str) -> None:
        """Sends a command, whose answers come with what is heard.

        Raises:
            RedisUnavailable: it is not sent, or whether it was is unknown.
        """
        with redis_errors(), self._sending:
            if self._connection is None:
                raise RedisUnavailable("Redis: the channels are not connected")
            self._connection.send_command(*command, check_health=False)

    def read(self, wait_ms: int) -> Any:
        """The next that is said; None where nothing came in time.

        Raises:
            RedisUnavailable: the connection is lost, and closed.
        """
        connection = self._connection
        try:
            if not self._pool.owns_connection(connection):
                raise RedisUnavailable(MOVED)
            reply: Any = self._read(connection, wait_ms)
            self._watch(heard=reply is not None)
        except (RedisUnavailable, CommandRefused) as error:
            self.close()
            raise RedisUnavailable(str(error)) from error
        return reply

    @staticmethod
    def _read(connection: Any, wait_ms: int) -> Any:
        """A cluster that is learnt anew closes its connections, whoever reads from them: the library then trips over
        what is no socket any more."""
        try:
            with redis_errors():
                return connection.read_response() if connection.can_read(wait_ms / 1000) else None
        except (TypeError, AttributeError, ValueError) as error:
            if connection.is_connected:
                raise
            raise RedisUnavailable(f"Redis: the connection was closed: {error}") from error

    def close(self) -> None:
        """Gives the connection up."""
        with self._sending:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()
            self._pool.release(connection)

    def _watch(self, *, heard: bool) -> None:
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
            self.send("PING")

    def _now_ms(self) -> int:
        return to_ms(self._clock.monotonic_ns())
