"""A Redis for the demo, whichever it is."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hedge_strategy.cli.demo_processes import DemoFailed, DemoProcesses
from hedge_strategy.cli.demo_redis import EMBEDDED, REAL, redis_server_program, start_redis
from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.connection import check, connect
from hedge_strategy.coordination.endpoint import RedisSettings

pytestmark = pytest.mark.process


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[DemoProcesses]:
    found = DemoProcesses(tmp_path, threading.Event(), SystemClock())
    yield found
    found.close()


def test_a_real_one_is_empty_and_keeps_what_it_is_given(processes: DemoProcesses, tmp_path: Path) -> None:
    program = redis_server_program()
    assert program is not None, "redis-server is not installed; `make redis` installs it"
    redis = start_redis(processes, program)
    settings = RedisSettings("127.0.0.1", redis.port, 0)
    with connect(settings) as client:
        facts = check(client, settings)
        assert facts.aof_enabled
        assert (facts.appendfsync, facts.maxmemory_policy) == ("everysec", "noeviction")
        assert client.dbsize() == 0
    assert redis.kind == REAL
    assert any((tmp_path / "redis").rglob("*.aof"))


def test_the_embedded_one_does_what_the_coordination_asks_of_it(processes: DemoProcesses) -> None:
    redis = start_redis(processes, None)
    assert redis.kind == EMBEDDED
    settings = RedisSettings("127.0.0.1", redis.port, 0)
    with connect(settings) as client:
        check(client, settings)
        with client.pubsub() as subscription:
            subscription.subscribe("channel")
            assert subscription.get_message(timeout=5) is not None
            script = "redis.call('PUBLISH', ARGV[1], 'woken') return redis.call('XADD', KEYS[1], '*', 'body', ARGV[2])"
            client.xgroup_create("stream", "group", id="0", mkstream=True)
            client.eval(script, 1, "stream", "channel", "a fill")
            assert subscription.get_message(timeout=5) == {
                "type": "message",
                "pattern": None,
                "channel": b"channel",
                "data": b"woken",
            }
        ((_, ((entry, body),)),) = client.xreadgroup("group", "B", {"stream": ">"})
        assert body == {b"body": b"a fill"}
        assert client.xack("stream", "group", entry) == 1


def test_a_program_that_does_not_start_is_told(processes: DemoProcesses) -> None:
    with pytest.raises(DemoFailed, match="the redis ended by itself"):
        start_redis(processes, "false")
