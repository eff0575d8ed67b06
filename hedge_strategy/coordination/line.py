"""A connection of its own for what must be quick: nothing but packing and parsing between the caller and the socket.

The client library's way to a connection (its pool, its retries, its records of what took how long) costs as much as the
command itself. Here a command is sent once, as everywhere (`connection`); a connection on which anything went wrong is
given back to the client's pool, which closes it where it must, and the next command gets another one.

In a cluster it leads to the server that has the key last asked for. A server that points elsewhere did nothing, so the
command then goes the client's way, which learns where the key is now.

Known limit: one command at a time; who comes while another waits for its answer goes the client's way.
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

    def ask(self, key: str, *command: str | int | bytes) -> Any:
        """Sends a command, once, and waits for its answer.

        Args:
            key: one that the command is about.
            command: name and arguments.

        Raises:
            redis.RedisError: as the client itself would.
        """
        if not self._lock.acquire(blocking=False):
            return self._client.execute_command(*command)
        try:
            connection = self._fresh(key)
            connection.send_packed_command(connection.pack_command(*command))
            return connection.read_response()
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

    def _fresh(self, key: str) -> Any:
        """A connection that is open, to the server that is the master now, and on which nothing waits that nobody asked
        for."""
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
        return self._connection

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.release(connection)
