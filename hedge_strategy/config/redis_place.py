"""Where Redis is, out of what the file says: one server by host or URL, or a master that sentinels know.

Passwords are out of sight from here on, whether they stood in the URL, beside it, or in the environment.
"""

from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from msgspec import UNSET

from hedge_strategy.config.schema import (
    REDIS_HOST,
    REDIS_PORT,
    SENTINEL_PORT,
    Redis,
    RedisPlace,
    RedisTls,
    SentinelPlace,
)
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import ConfigError

_FORMS = "expected redis://host:6379/0, rediss://host:6379/0 (TLS) or unix:///path/to/socket?db=0"

FromEnvironment = Callable[[str, str], Secret]
"""The variable's name and the key that names it → its value; raises ConfigError where it is not set."""


def place_of(written: Redis, from_environment: FromEnvironment) -> RedisPlace:
    """Makes one place of it.

    Args:
        written: the section, as it stands in the file.
        from_environment: looks variables up.

    Raises:
        ConfigError: two places are named, or one that cannot be.
    """
    url = _one_of(written.url, written.url_env, "url", from_environment)
    place = _by_host(written) if url is None else _by_url(url, written)
    password = _one_of(written.password, written.password_env, "password", from_environment)
    if place.password is not None and password is not None:
        raise ConfigError("redis.password", "the URL holds a password already; give one of the two")
    if place.username and written.username:
        raise ConfigError("redis.username", "the URL names a user already; give one of the two")
    username = place.username or written.username
    password = place.password or password
    if username and password is None:
        raise ConfigError("redis.username", "a user needs a password: redis.password_env (better) or redis.password")
    if place.unix_path and written.tls is not None:
        raise ConfigError("redis.url", "a unix socket is not encrypted: leave out tls")
    return RedisPlace(
        host=place.host,
        port=place.port,
        db=place.db,
        unix_path=place.unix_path,
        username=username,
        password=password,
        tls=place.tls,
        sentinel=_sentinel(written, from_environment),
        cluster=tuple(_node(text, "redis.cluster", REDIS_PORT) for text in written.cluster or ()),
        command_timeout_ms=written.command_timeout_ms,
        connect_timeout_ms=written.connect_timeout_ms,
    )


def _by_host(written: Redis) -> RedisPlace:
    host, port, db = written.host, written.port, written.db
    if written.sentinel is not None and (written.cluster is not None or not host is port is UNSET):
        raise ConfigError("redis.sentinel", "the sentinels say where Redis is: leave out host, port and cluster")
    if written.cluster is not None and (not host is port is UNSET or db not in (UNSET, 0)):
        raise ConfigError("redis.cluster", "a cluster is named by its servers and has one database: leave out the rest")
    return RedisPlace(
        host=REDIS_HOST if host is UNSET else host,
        port=REDIS_PORT if port is UNSET else port,
        db=0 if db is UNSET else db,
        tls=_tls(written.tls),
    )


def _by_url(url: Secret, written: Redis) -> RedisPlace:
    others = (written.sentinel, written.cluster)
    if not written.host is written.port is written.db is UNSET or others != (None, None):
        raise ConfigError("redis.url", "a URL says it all: leave out host, port, db, sentinel and cluster")
    try:
        parts = urlsplit(url.reveal())
        port = parts.port
    except ValueError:
        raise ConfigError("redis.url", _FORMS) from None
    username = unquote(parts.username or "")
    password = Secret(unquote(parts.password)) if parts.password else None
    if parts.scheme == "unix" and parts.path and not parts.hostname:
        return RedisPlace(
            db=_database(parse_qs(parts.query).get("db", ["0"])[-1]),
            unix_path=unquote(parts.path),
            username=username,
            password=password,
        )
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError("redis.url", _FORMS)
    if parts.scheme == "redis" and written.tls is not None:
        raise ConfigError("redis.url", "with tls it is rediss://")
    return RedisPlace(
        host=parts.hostname,
        port=REDIS_PORT if port is None else port,
        db=_database(_path_of(parts)),
        username=username,
        password=password,
        tls=_tls(written.tls or RedisTls()) if parts.scheme == "rediss" else None,
    )


def _path_of(parts: SplitResult) -> str:
    return parts.path.removeprefix("/") or "0"


def _database(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ConfigError("redis.url", _FORMS)
    return int(text)


def _tls(tls: RedisTls | None) -> RedisTls | None:
    if tls is not None and (tls.cert_file is None) != (tls.key_file is None):
        raise ConfigError("redis.tls", "a client certificate needs both cert_file and key_file")
    return tls


def _sentinel(written: Redis, from_environment: FromEnvironment) -> SentinelPlace | None:
    sentinel = written.sentinel
    if sentinel is None:
        return None
    password = _one_of(sentinel.password, sentinel.password_env, "sentinel.password", from_environment)
    if sentinel.username and password is None:
        raise ConfigError("redis.sentinel.username", "a user needs a password: password_env (better) or password")
    return SentinelPlace(
        nodes=tuple(_node(text, "redis.sentinel.nodes", SENTINEL_PORT) for text in sentinel.nodes),
        master=sentinel.master,
        username=sentinel.username,
        password=password,
    )


def _node(text: str, path: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if not parts.hostname or parts.path or parts.username is not None:
        raise ConfigError(path, f"{text!r} is no host or host:port")
    return parts.hostname, default_port if port is None else port


def _one_of(value: Secret | None, variable: str | None, name: str, from_environment: FromEnvironment) -> Secret | None:
    if value is not None and variable is not None:
        raise ConfigError(f"redis.{name}", f"give one of {name}_env (better) and {name}")
    return value if variable is None else from_environment(variable, f"redis.{name}_env")
