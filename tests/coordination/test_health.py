"""How well a real Redis serves."""

from pathlib import Path

from hedge_strategy.clock import SystemClock
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.health import acknowledges_alone, answer_time_ms
from tests.polling import wait_until
from tests.redis_server import running_redis


def test_its_answers_are_timed(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        assert 0 < answer_time_ms(client, SystemClock()) < 1_000


def test_a_master_that_goes_on_without_its_replicas_is_known(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("master", "replica")]
    for folder in folders:
        folder.mkdir()
    master, replica = (running_redis(folder) for folder in folders)
    with master as first, replica as second, connect(first.settings) as client, connect(second.settings) as other:
        assert not acknowledges_alone(client), "it has none"
        other.replicaof("127.0.0.1", first.port)
        wait_until(lambda: client.info("replication")["connected_slaves"], "a replica")
        assert acknowledges_alone(client)
        client.config_set("min-replicas-to-write", 1)
        assert not acknowledges_alone(client)
