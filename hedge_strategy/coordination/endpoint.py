"""The ways to a Redis server: TCP, TLS, a unix socket, whichever server the sentinels call the master, or a cluster.

- Every connection notices that its server is the wrong one to talk to (a replica, or not ready); such a connection is
  not used again, nor are those that idle: the next command looks the name up anew, and asks the sentinels anew.
- A host's certificate is always checked, with TLS; there is no switch for trusting anybody.
- Nothing is retried here (`connection`). What a server of a cluster sends elsewhere, it has not done: it is sent on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.exceptions import MasterDownError
from redis.retry import Retry
from redis.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from hedge_strategy.config.secret import Secret
from hedge_strategy.tally import Tally

CONNECTIONS_MAX = 16
"""Of one market, with some to spare; each thread that asks something takes one."""
SENTINEL_TIMEOUT_S = 0.5
_NOT_READY = (redis.ReadOnlyError, redis.BusyLoadingError, MasterDownError)


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How the way is encrypted.

    Attributes:
        ca_file: whose certificates are trusted (PEM); None: those that the system trusts.
        cert_file: our own certificate (PEM), with `key_file`; None: we show none.
        key_file: its private key.
        check_hostname: whether the server's certificate must name the host.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    check_hostname: bool = True


@dataclass(frozen=True, slots=True)
class SentinelSettings:
    """Who knows which server is the master.

    Attributes:
        nodes: host and port of each.
        master: the name that they know it by.
        username: at the sentinels.
        password: at the sentinels.
    """

    nodes: tuple[tuple[str, int], ...]
    master: str
    username: str = ""
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Where Redis is and how long to wait for it.

    Attributes:
        host: name or address; not used with a unix path or sentinels.
        port: TCP port; likewise.
        db: number of the database.
        unix_path: of the server's socket in the file system; empty: by TCP.
        username: of the ACL; empty: the default user.
        password: None: no login.
        tls: None: not encrypted.
        sentinel: None: there is one server, or a cluster.
        cluster: host and port of some of its servers; empty: there is no cluster.
        connect_timeout_ms: for the connection to stand.
        answer_timeout_ms: for the answer to any one command.
        health_check_interval_s: a connection that was idle for longer is tried with PING before its next command.
        connections_max: at one time.
        tally: counts what fails; None: nobody wants to know. In a cluster nothing is counted.
    """

    host: str
    port: int
    db: int
    unix_path: str = ""
    username: str = ""
    password: Secret | None = None
    tls: TlsSettings | None = None
    sentinel: SentinelSettings | None = None
    cluster: tuple[tuple[str, int], ...] = ()
    connect_timeout_ms: int = 2_000
    answer_timeout_ms: int = 2_000
    health_check_interval_s: int = 15
    connections_max: int = CONNECTIONS_MAX
    tally: Tally | None = None

    @property
    def address(self) -> str:
        """As people write it; no login."""
        if self.cluster:
            return "the cluster of " + ", ".join(f"{host}:{port}" for host, port in self.cluster)
        if self.sentinel is not None:
            nodes = ", ".join(f"{host}:{port}" for host, port in self.sentinel.nodes)
            return f"the master {self.sentinel.master} of the sentinels {nodes}"
        return f"{self.unix_path or f'{self.host}:{self.port}'}/{self.db}"


class _Noticing:
    """Notices that its server is the wrong one to talk to; and is closed when an answer does not come in time, so that
    nobody gets it later for the answer to another question (the library's connections to a master do that not by
    themselves). Counts what fails."""

    is_misled = False

    def __init__(self, *arguments: Any, tally: Tally | None = None, **options: Any) -> None:
        self._tally = tally
        super().__init__(*arguments, **options)

    def connect_check_health(self, *arguments: Any, **options: Any) -> None:
        try:
            super().connect_check_health(*arguments, **options)  # type: ignore[misc]
        except redis.RedisError:
            self._count("connect")
            raise

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        options.setdefault("disconnect_on_error", True)
        try:
            return super().read_response(*arguments, **options)  # type: ignore[misc]
        except redis.RedisError as error:
            self._count(_kind_of(error))
            is_demoted = isinstance(error.__context__, redis.ReadOnlyError)  # how the sentinels' connection says it
            self.is_misled = self.is_misled or is_demoted or isinstance(error, _NOT_READY) or "READONLY" in str(error)
            raise

    def _count(self, kind: str) -> None:
        if kind and self._tally is not None:
            self._tally.count("hedge_redis_errors_total", kind)


class _TcpConnection(_Noticing, redis.Connection):
    pass


class _Settled:
    """Encrypted and used once: what TLS 1.3 sends after its handshake would else look like an answer nobody asked for,
    and a connection with such an answer on it counts as broken."""

    def on_connect_check_health(self, check_health: bool = True) -> None:
        super().on_connect_check_health(check_health)  # type: ignore[misc]
        self.send_command("PING", check_health=False)  # type: ignore[attr-defined]
        self.read_response()  # type: ignore[attr-defined]


class _TlsConnection(_Settled, _Noticing, redis.SSLConnection):
    pass


class _UnixConnection(_Noticing, redis.UnixDomainSocketConnection):
    pass


class _MasterConnection(_Noticing, SentinelManagedConnection):
    pass


class _MasterTlsConnection(_Settled, _Noticing, SentinelManagedSSLConnection):
    pass


class _Dropping:
    """Drops connections to a server that cannot serve."""

    def release(self, connection: Any) -> None:
        if not connection.is_misled:
            super().release(connection)  # type: ignore[misc]
            return
        connection.is_misled = False
        connection.disconnect()
        super().release(connection)  # type: ignore[misc]
        self.disconnect(inuse_connections=False)  # type: ignore[attr-defined]  # the others end with their own next answer


class _Connections(_Dropping, redis.ConnectionPool):
    pass


class _MasterConnections(_Dropping, SentinelConnectionPool):
    pass


def open_client(settings: RedisSettings) -> redis.Redis:
    """Makes a client.

    Args:
        settings: where to.

    Raises:
        redis.RedisError, RedisClusterException: no server of the cluster answers.
    """
    if not settings.cluster:
        return redis.Redis(connection_pool=_open_pool(settings))
    options = _common(settings) | _login(settings.username, settings.password) | _tls_options(settings.tls)
    if settings.tls is not None:
        options["ssl"] = True
    node: Any = ClusterNode  # the library's is not typed
    cluster: Any = redis.RedisCluster(
        startup_nodes=[node(host, port) for host, port in settings.cluster],
        require_full_coverage=False,  # other markets' servers may be down
        max_connections=settings.connections_max,
        **options,
    )
    client: redis.Redis = cluster
    return client


def _open_pool(settings: RedisSettings) -> redis.ConnectionPool:
    """The connections of one client; each connects when it is first used."""
    options = {**_common(settings), "db": settings.db, "max_connections": settings.connections_max}
    options |= _login(settings.username, settings.password) | {"tally": settings.tally}
    tls = _tls_options(settings.tls)
    if settings.sentinel is not None:
        managed = _MasterConnection if settings.tls is None else _MasterTlsConnection
        watchers: Any = _sentinels(settings, settings.sentinel, tls)
        masters: Any = _MasterConnections  # the library's is not typed
        pool: redis.ConnectionPool = masters(
            settings.sentinel.master, watchers, connection_class=managed, **options, **tls
        )
        return pool
    if settings.unix_path:
        del options["socket_keepalive"]
        return _Connections(connection_class=_UnixConnection, path=settings.unix_path, **options)
    kind = _TcpConnection if settings.tls is None else _TlsConnection
    return _Connections(connection_class=kind, host=settings.host, port=settings.port, **options, **tls)


def _sentinels(settings: RedisSettings, sentinel: SentinelSettings, tls: Mapping[str, Any]) -> Sentinel:
    options = {**_common(settings), **_login(sentinel.username, sentinel.password), **tls}
    # They are asked one after the other while a fill waits, so one that is dead must not take long.
    options["socket_connect_timeout"] = options["socket_timeout"] = SENTINEL_TIMEOUT_S
    if settings.tls is not None:
        options["ssl"] = True
    return Sentinel(sentinel.nodes, sentinel_kwargs=options)  # type: ignore[no-untyped-call]


def _common(settings: RedisSettings) -> dict[str, Any]:
    return {
        "socket_connect_timeout": settings.connect_timeout_ms / 1000,
        "socket_timeout": settings.answer_timeout_ms / 1000,
        "socket_keepalive": True,
        "health_check_interval": settings.health_check_interval_s,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "protocol": 2,
        "decode_responses": False,
        "driver_info": None,
    }


def _login(username: str, password: Secret | None) -> dict[str, str]:
    if password is None:
        return {}
    return {"password": password.reveal()} | ({"username": username} if username else {})


def _tls_options(tls: TlsSettings | None) -> dict[str, Any]:
    if tls is None:
        return {}
    return {
        "ssl_ca_certs": tls.ca_file,
        "ssl_certfile": tls.cert_file,
        "ssl_keyfile": tls.key_file,
        "ssl_check_hostname": tls.check_hostname,
        "ssl_cert_reqs": "required",
    }


def _kind_of(error: redis.RedisError) -> str:
    """As it is counted; empty for an answer that is none of a failure."""
    if isinstance(error, redis.exceptions.NoScriptError):
        return ""
    if isinstance(error, redis.TimeoutError):
        return "timeout"
    is_unable = isinstance(error, _NOT_READY)
    return "connection" if isinstance(error, redis.ConnectionError) and not is_unable else "answer"
