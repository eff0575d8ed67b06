"""Where Redis is: by host, URL or sentinels; one place only; no password in sight."""

import pytest

from hedge_strategy.config.redis_place import place_of
from hedge_strategy.config.schema import Redis, RedisPlace, RedisSentinel, RedisTls
from hedge_strategy.config.secret import Secret
from hedge_strategy.errors import ConfigError


def place(**said: object) -> RedisPlace:
    return place_of(Redis(**said), lambda name, _path: Secret(f"value of {name}"))  # type: ignore[arg-type]


def test_where_nothing_is_said_it_is_the_usual_server_here() -> None:
    here = place()
    assert (here.host, here.port, here.db) == ("127.0.0.1", 6379, 0)
    assert (here.username, here.password, here.tls, here.sentinel, here.unix_path) == ("", None, None, None, "")


@pytest.mark.parametrize(
    ("url", "host", "port", "db", "is_encrypted"),
    [
        ("redis://cache.internal", "cache.internal", 6379, 0, False),
        ("redis://cache.internal:7000/3", "cache.internal", 7000, 3, False),
        ("rediss://cache.internal:6380/", "cache.internal", 6380, 0, True),
        ("redis://[::1]:7000/1", "::1", 7000, 1, False),
    ],
)
def test_a_url_says_it_all(url: str, host: str, port: int, db: int, is_encrypted: bool) -> None:
    found = place(url=Secret(url))
    assert (found.host, found.port, found.db, found.tls is not None) == (host, port, db, is_encrypted)


def test_a_url_may_hold_the_login_and_nothing_prints_it() -> None:
    found = place(url=Secret("redis://maker:p%40ss@cache:7000/0"))
    assert found.username == "maker"
    assert found.password == Secret("p@ss")
    assert "p@ss" not in repr(found)


def test_a_socket_in_the_file_system() -> None:
    found = place(url=Secret("unix:///run/redis/redis.sock?db=2"))
    assert (found.unix_path, found.db) == ("/run/redis/redis.sock", 2)


def test_url_and_passwords_come_from_the_environment() -> None:
    assert place(password_env="REDIS_PASSWORD").password == Secret("value of REDIS_PASSWORD")
    with pytest.raises(ConfigError, match="expected redis://"):
        place(url_env="REDIS_URL")  # what stands there here is no URL


def test_sentinels_with_and_without_port_and_a_login_of_their_own() -> None:
    sentinel = RedisSentinel(nodes=["one", "two:7001"], master="hedge", password_env="SENTINEL_PASSWORD")
    found = place(sentinel=sentinel, db=1, password=Secret("x"))
    assert found.sentinel is not None
    assert found.sentinel.nodes == (("one", 26379), ("two", 7001))
    assert (found.sentinel.master, found.sentinel.password) == ("hedge", Secret("value of SENTINEL_PASSWORD"))
    assert (found.db, found.password) == (1, Secret("x"))


def test_a_cluster_by_some_of_its_servers() -> None:
    assert place(cluster=["one", "two:7001"]).cluster == (("one", 6379), ("two", 7001))


SENTINEL = RedisSentinel(nodes=["one"])


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"url": Secret("redis://a"), "host": "b"}, "redis.url"),
        ({"url": Secret("redis://a"), "sentinel": SENTINEL}, "redis.url"),
        ({"url": Secret("redis://a"), "url_env": "REDIS_URL"}, "redis.url"),
        ({"url": Secret("http://a")}, "redis.url"),
        ({"url": Secret("redis://")}, "redis.url"),
        ({"url": Secret("redis://a:many")}, "redis.url"),
        ({"url": Secret("redis://a/one")}, "redis.url"),
        ({"url": Secret("redis://a?db=1")}, "redis.url"),
        ({"url": Secret("redis://a"), "tls": RedisTls()}, "redis.url"),
        ({"url": Secret("unix:///a"), "tls": RedisTls()}, "redis.url"),
        ({"url": Secret("redis://:secret@a"), "password": Secret("x")}, "redis.password"),
        ({"password": Secret("x"), "password_env": "X"}, "redis.password"),
        ({"url": Secret("redis://u:secret@a"), "username": "v"}, "redis.username"),
        ({"username": "maker"}, "redis.username"),
        ({"sentinel": SENTINEL, "host": "b"}, "redis.sentinel"),
        ({"sentinel": SENTINEL, "cluster": ["one"]}, "redis.sentinel"),
        ({"cluster": ["one"], "db": 1}, "redis.cluster"),
        ({"cluster": ["one"], "port": 1}, "redis.cluster"),
        ({"cluster": ["one:many"]}, "redis.cluster"),
        ({"url": Secret("redis://a"), "cluster": ["one"]}, "redis.url"),
        ({"sentinel": RedisSentinel(nodes=["a b:c"])}, "redis.sentinel.nodes"),
        ({"sentinel": RedisSentinel(nodes=["u@a"])}, "redis.sentinel.nodes"),
        ({"sentinel": RedisSentinel(nodes=["a"], username="u")}, "redis.sentinel.username"),
        ({"tls": RedisTls(cert_file="c.pem")}, "redis.tls"),
    ],
)
def test_two_places_or_none_are_refused_in_one_line_without_the_password(said: dict[str, object], path: str) -> None:
    with pytest.raises(ConfigError) as refused:
        place(**said)
    assert refused.value.path == path
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)
