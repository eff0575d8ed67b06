"""Redis for the tests of this folder: a real server per test process, emptied for each test, and the fake one."""

from collections.abc import Iterator

import fakeredis
import pytest
import redis

from hedge_strategy.coordination.connection import connect
from tests.redis_server import RedisServer, running_redis


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    """A real, empty Redis; not to be stopped (start an own one for that)."""
    with connect(shared_server.settings) as client:
        client.flushall()
        client.script_flush()
    return shared_server


@pytest.fixture
def real(server: RedisServer) -> Iterator[redis.Redis]:
    with connect(server.settings) as client:
        yield client


@pytest.fixture(params=["real", "fake"])
def client(request: pytest.FixtureRequest) -> redis.Redis:
    """The contract: whatever is tested with this holds on a real Redis and on the fake one."""
    if request.param == "fake":
        return fakeredis.FakeRedis(server=fakeredis.FakeServer(), protocol=2)
    real: redis.Redis = request.getfixturevalue("real")
    return real
