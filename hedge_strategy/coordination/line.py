"""A connection of its own for what must be quick: nothing but packing and parsing between the caller and the socket.

The client library's way to a connection (its pool, its retries, its records of what took how long) costs as much as the
command itself. Here a command is sent once, as everywhere (`connection`); a connection on which anything went wrong is
given back to the client's pool, which closes it where it must, and the next command gets another one.

In a cluster it leads to the server that has the key last asked for. A server that points elsewhere did nothing, so the
command then goes the client's way, which learns where the key is now.

Known limits: one command at a time; who comes while another waits for its answer goes the client's way. What Redis says
against a command that was told is heard by who tells the next one, and by nobody where the next one is asked.
"""

import threading
from typing import Any

import redis

from hedge_strategy.coordination.slots import REDIRECTED, learn_anew, pool_of


class Line:
    """One client's quick way. Safe to share between threads.

    Args:
        client: whose connections and settings are used.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client
        self._lock = threading.Lock()
        self._connection: Any = None
        self._pool: Any = None
        self._unread = 0
        """Answers that will come or have come, and that nobody has waited for."""

    def ask(self, key: str, *command: str | int | bytes) -> Any:
        """Sends a command, once, and waits for its answer.

        Args:
            key: one that the command is about.
            command: name and arguments.

        Raises:
            redis.RedisError: as the client itself would.
        """
        return self._sent(key, command, is_awaited=True)

    def tell(self, key: str, *command: str | int | bytes) -> None:
        """Sends a command, once, and does not wait for its answer: for what may be lost.

        Args:
            key: one that the command is about.
            command: name and arguments.

        Raises:
            redis.RedisError: it could not be sent; or the one told before it was not taken, then this one is sent.
        """
        self._sent(key, command, is_awaited=False)

    def _sent(self, key: str, command: tuple[str | int | bytes, ...], *, is_awaited: bool) -> Any:
        if not self._lock.acquire(blocking=False):
            return self._client.execute_command(*command)
        try:
            connection, refused = self._fresh(key)
            connection.send_packed_command(connection.pack_command(*command))
            if is_awaited:
                return connection.read_response()
            self._unread += 1
        except redis.exceptions.NoScriptError:
            raise  # an answer like any other
        except REDIRECTED:
            self._give_back()
            return self._client.execute_command(*command)
        except BaseException as error:
            if self._connection is not None and not isinstance(error, redis.ResponseError):
                self._connection.disconnect()  # its answer may still come
            self._give_back()
            if isinstance(error, redis.ConnectionError | redis.TimeoutError):
                learn_anew(self._client)
            raise
        finally:
            self._lock.release()
        if refused is not None:
            raise refused
        return None

    def _fresh(self, key: str) -> tuple[Any, redis.ResponseError | None]:
        """A connection that is open, to the server that is the master now, and on which nothing waits that nobody asked
        for; and what was said against the last command that was told."""
        refused = self._read_what_came()
        pool = pool_of(self._client, key)
        if self._connection is not None and pool is not self._pool:
            self._give_back()
        self._pool = pool
        if self._connection is not None:
            try:
                is_clean = pool.owns_connection(self._connection) and not self._connection.can_read()
            except (redis.RedisError, OSError):
                is_clean = False
            if not is_clean:
                self._connection.disconnect()
                self._give_back()
        if self._connection is None:
            self._connection = pool.get_connection()
        return self._connection, refused

    def _read_what_came(self) -> redis.ResponseError | None:
        """Reads the answers that nobody waited for. One that does not come costs the connection, and is no error."""
        refused = None
        while self._unread and self._connection is not None:
            self._unread -= 1
            try:
                self._connection.read_response()
            except redis.ResponseError as error:
                refused = error
                if isinstance(error, REDIRECTED):
                    learn_anew(self._client)
            except (redis.RedisError, OSError):
                self._connection.disconnect()
                self._give_back()
        return refused

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._unread:  # what comes on it would look like an answer to whoever asks next
                connection.disconnect()
            self._pool.release(connection)
        self._unread = 0
