"""How this product reaches Redis: one constructor of clients, one translation of errors, one check at the start.

- A command is sent once. The client library's own repetition of timed-out commands is switched off, because a write
  without an answer may have acted; whoever wrote decides whether repeating is harmless.
- Every wait on the socket has an end. A command without an answer in time ends as `RedisUnavailable`.
- The protocol is spelled out (RESP 2), so that an upgrade of the library does not change the shape of answers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hedge_strategy.errors import CommandRefused, RedisUnavailable, UserError

CONNECTIONS_MAX = 16
OLDEST_VERSION = (6, 2)
_UNABLE = ("LOADING", "READONLY", "MASTERDOWN", "MISCONF", "OOM", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "BUSY")


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Where Redis is and how long to wait for it.

    Attributes:
        host: name or address.
        port: TCP port.
        db: number of the database.
        connect_timeout_ms: for the connection to stand.
        answer_timeout_ms: for the answer to any one command.
        health_check_interval_s: a connection that was idle for longer is tried with PING before its next command.
    """

    host: str
    port: int
    db: int
    connect_timeout_ms: int = 2_000
    answer_timeout_ms: int = 2_000
    health_check_interval_s: int = 15

    @property
    def address(self) -> str:
        """As people write it."""
        return f"{self.host}:{self.port}/{self.db}"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a running Redis says of itself.

    Attributes:
        version: such as (7, 0, 15); empty where it is not told (the embedded server of the demo tells nothing).
        run_id: changes with every start of the server.
        aof_enabled: whether each write is appended to a file.
        appendfsync: how often that file is forced to disk (`always`, `everysec`, `no`); empty where it is not told.
        maxmemory_policy: `noeviction`, or what it throws away when memory is short; empty where it is not told.
    """

    version: tuple[int, ...]
    run_id: str
    aof_enabled: bool
    appendfsync: str
    maxmemory_policy: str


def connect(settings: RedisSettings) -> redis.Redis:
    """Makes a client; connects with its first command. Safe to share between threads."""
    pool = redis.ConnectionPool(
        host=settings.host,
        port=settings.port,
        db=settings.db,
        max_connections=CONNECTIONS_MAX,
        socket_connect_timeout=settings.connect_timeout_ms / 1000,
        socket_timeout=settings.answer_timeout_ms / 1000,
        socket_keepalive=True,
        health_check_interval=settings.health_check_interval_s,
        retry=Retry(NoBackoff(), 0),
        retry_on_timeout=False,
        retry_on_error=[],
        protocol=2,
        decode_responses=False,
        driver_info=None,
    )
    return redis.Redis(connection_pool=pool)


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turns the client library's errors into ours.

    Raises:
        RedisUnavailable: no answer, or the server says that it cannot act now (loading, read-only, out of memory …).
        CommandRefused: the server refused the command itself: a right is missing, or what is stored is not what this
            product stores.
    """
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise RedisUnavailable(f"Redis: {error or type(error).__name__}") from error
    except redis.ResponseError as error:
        text = str(error)
        if isinstance(error, redis.ReadOnlyError | redis.OutOfMemoryError) or text.startswith(_UNABLE):
            raise RedisUnavailable(f"Redis cannot act now: {text}") from error
        raise CommandRefused(f"Redis refused a command: {text}") from error
    except redis.RedisError as error:
        raise RedisUnavailable(f"Redis: {error or type(error).__name__}") from error


def check(client: redis.Redis, settings: RedisSettings) -> ServerFacts:
    """Verifies that Redis is there and new enough; for the start of a process.

    Raises:
        UserError: it is not; says how to mend it.
    """
    try:
        client.ping()
        facts = _facts(client)
    except redis.AuthenticationError as error:
        raise UserError(f"Redis at {settings.address} refuses the login ({error}); check the redis section") from error
    except redis.RedisError as error:
        raise UserError(
            f"Redis does not answer at {settings.address} ({error or type(error).__name__}); "
            "start it (redis-server), or set redis.host and redis.port"
        ) from error
    if facts.version and facts.version < OLDEST_VERSION:
        wanted = ".".join(map(str, OLDEST_VERSION))
        raise UserError(
            f"Redis at {settings.address} is {'.'.join(map(str, facts.version))}; {wanted} or newer is needed"
        )
    return facts


def server_facts(client: redis.Redis) -> ServerFacts:
    """Reads what the server says of itself.

    Raises:
        RedisUnavailable: no answer.
    """
    with redis_errors():
        return _facts(client)


def _facts(client: redis.Redis) -> ServerFacts:
    try:
        info = client.info()
    except redis.ResponseError:
        # The embedded server knows no INFO, and closes the connection after every refusal.
        client.connection_pool.disconnect(inuse_connections=False)  # not those that others listen on
        return ServerFacts(version=(), run_id="", aof_enabled=False, appendfsync="", maxmemory_policy="")
    numbers = str(info.get("redis_version", "")).split(".")
    return ServerFacts(
        version=tuple(int(number) for number in numbers if number.isdigit()),
        run_id=str(info.get("run_id", "")),
        aof_enabled=bool(info.get("aof_enabled", 0)),
        appendfsync=_setting(client, "appendfsync"),
        maxmemory_policy=str(info.get("maxmemory_policy", "")),
    )


def _setting(client: redis.Redis, name: str) -> str:
    """One line of the server's configuration; empty where the login may not read it."""
    try:
        answer = client.config_get(name)
    except redis.ResponseError:
        return ""
    return str(answer.get(name, ""))
