"""How this product reaches Redis: one constructor of clients, one translation of errors, one check at the start.

- A command is sent once. The client library's own repetition of timed-out commands is switched off, because a write
  without an answer may have acted; whoever wrote decides whether repeating is harmless.
- A connection on which a server has said that it is a replica or not ready is not used again, nor are those that idle:
  after a failover the name may lead to another server, while the old one stays up and goes on answering.
- Every wait on the socket has an end. A command without an answer in time ends as `RedisUnavailable`.
- The protocol is spelled out (RESP 2), so that an upgrade of the library does not change the shape of answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import redis
from redis.exceptions import NoPermissionError, RedisClusterException

from hedge_strategy.coordination.endpoint import RedisSettings, open_client
from hedge_strategy.coordination.slots import REDIRECTED, server_of, servers_of
from hedge_strategy.errors import CommandRefused, RedisUnavailable, UserError

RedisClient = redis.Redis
"""For those who hand it on and ask nothing of it."""
OLDEST_VERSION = (6, 2)
OLDEST_OF_CLUSTER = (7, 0)
"""Sharded channels came with it."""
_UNABLE = ("LOADING", "READONLY", "MASTERDOWN", "MISCONF", "OOM", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "BUSY")


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a running Redis says of itself.

    Attributes:
        version: such as (7, 0, 15); empty where it is not told (the embedded server of the demo tells nothing).
        run_id: changes with every start of the server.
        aof_enabled: whether each write is appended to a file.
        appendfsync: how often that file is forced to disk (`always`, `everysec`, `no`); empty where it is not told.
        maxmemory_policy: `noeviction`, or what it throws away when memory is short; empty where it is not told.
        is_forbidden: whether this login may not ask it (INFO): nothing above is known then.
    """

    version: tuple[int, ...]
    run_id: str
    aof_enabled: bool
    appendfsync: str
    maxmemory_policy: str
    is_forbidden: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works, but not as it should for real money; in words."""
        if self.is_forbidden:
            return (
                "this login may not ask Redis about itself (INFO): whether it keeps its data, throws keys away or was "
                "restarted is not known (allow it: ACL SETUSER ... +info)",
            )
        found = []
        if self.version and not self.aof_enabled:
            found.append("Redis keeps no append-only file: a restart forgets what is hedged (set appendonly yes)")
        if self.may_throw_away:
            found.append(f"Redis may throw the ledger away ({self.maxmemory_policy}); set maxmemory-policy noeviction")
        return tuple(found)

    @property
    def may_throw_away(self) -> bool:
        """Whether it throws keys away when memory is short."""
        return self.maxmemory_policy not in ("", "noeviction")


def connect(settings: RedisSettings) -> redis.Redis:
    """Makes a client; connects with its first command, to a cluster at once. Safe to share between threads.

    Raises:
        UserError: no server of the cluster answers.
    """
    try:
        return open_client(settings)
    except (redis.RedisError, RedisClusterException) as error:
        raise _no_answer(settings, error) from error


class _Translation:
    """A class, not a generator: it stands around every command of the hot paths."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, redis.RedisError | RedisClusterException):
            raise _translated(error) from error


_TRANSLATION = _Translation()


def redis_errors() -> _Translation:
    """Turns the client library's errors into ours, around a block.

    Raises:
        RedisUnavailable: no answer, or the server says that it cannot act now (loading, read-only, out of memory …).
        CommandRefused: the server refused the command itself: a right is missing, or what is stored is not what this
            product stores.
    """
    return _TRANSLATION


def _translated(error: Exception) -> RedisUnavailable | CommandRefused:
    if isinstance(error, redis.ResponseError) and not isinstance(error, REDIRECTED):
        text = str(error)
        if isinstance(error, redis.ReadOnlyError | redis.OutOfMemoryError) or text.startswith(_UNABLE):
            return RedisUnavailable(f"Redis cannot act now: {text}")
        return CommandRefused(f"Redis refused a command: {text}")
    return RedisUnavailable(f"Redis: {error or type(error).__name__}")


def check(client: redis.Redis, settings: RedisSettings) -> ServerFacts:
    """Verifies that Redis is there and new enough; for the start of a process.

    Raises:
        UserError: it is not; says how to mend it.
    """
    try:
        client.ping()
        facts = worst_of([_facts(server) for server in servers_of(client)])
    except redis.AuthenticationError as error:
        raise UserError(f"Redis at {settings.address} refuses the login ({error}); check the redis section") from error
    except (redis.RedisError, RedisClusterException) as error:
        raise _no_answer(settings, error) from error
    oldest = OLDEST_OF_CLUSTER if settings.cluster else OLDEST_VERSION
    if facts.version and facts.version < oldest:
        wanted = ".".join(map(str, oldest))
        raise UserError(
            f"Redis at {settings.address} is {'.'.join(map(str, facts.version))}; {wanted} or newer is needed"
        )
    return facts


def _no_answer(settings: RedisSettings, error: Exception) -> UserError:
    return UserError(
        f"Redis does not answer at {settings.address} ({str(error).partition(chr(10))[0] or type(error).__name__}); "
        "start it (redis-server), or mend the redis section"
    )


def worst_of(facts: Sequence[ServerFacts]) -> ServerFacts:
    """Several servers as one: what is wrong with any is wrong with all.

    Args:
        facts: at least one.
    """
    known = [one.version for one in facts if one.version]
    return ServerFacts(
        version=min(known, default=()),
        run_id=facts[0].run_id,
        aof_enabled=all(one.aof_enabled for one in facts),
        appendfsync=facts[0].appendfsync,
        maxmemory_policy=max(facts, key=lambda one: one.may_throw_away).maxmemory_policy,
        is_forbidden=any(one.is_forbidden for one in facts),
    )


def check_for_trading(client: redis.Redis, settings: RedisSettings) -> ServerFacts:
    """As `check`, and that Redis throws nothing away: a row that it threw away would be hedged anew, in full.

    Raises:
        UserError: it is not so; says how to mend it.
    """
    facts = check(client, settings)
    if facts.may_throw_away:
        raise UserError(
            f"Redis at {settings.address} may throw the ledger away when memory is short (maxmemory-policy "
            f"{facts.maxmemory_policy}); set maxmemory-policy noeviction"
        )
    return facts


def server_facts(client: redis.Redis, key: str) -> ServerFacts:
    """Reads what the server says of itself that has a key.

    Raises:
        RedisUnavailable: no answer.
    """
    with redis_errors():
        return _facts(server_of(client, key))


def _facts(client: redis.Redis) -> ServerFacts:
    try:
        info = client.info()
    except redis.ResponseError as error:
        # The embedded server knows no INFO, and closes the connection after every refusal.
        client.connection_pool.disconnect(inuse_connections=False)  # not those that others listen on
        return ServerFacts((), "", False, "", "", is_forbidden=isinstance(error, NoPermissionError))
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
