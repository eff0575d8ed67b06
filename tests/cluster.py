"""A cluster of three masters, and a replica of the one that has a market's keys, as real processes on loopback ports.

with redis_cluster(tmp_path) as cluster:
    client = connect(cluster.settings)
    cluster.kill_master()
    cluster.wait_failed_over()
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.crc import key_slot

from hedge_strategy.coordination.endpoint import RedisSettings
from hedge_strategy.coordination.keys import market_keys
from tests.polling import wait_until
from tests.redis_server import RedisServer, free_port

SLOTS = 16_384
MASTERS = 3
NODE_TIMEOUT_MS = 1_000
READY_WITHIN_S = 20


class RedisClusterServers:
    """Four servers.

    Args:
        folder: for their files; must exist.
        market: whose keys' master has a replica.
        keeps_data: all force each write to an append-only file before they answer.
    """

    def __init__(self, folder: Path, market: str, *, keeps_data: bool) -> None:
        self._bus_ports = [free_port() for _ in range(MASTERS + 1)]
        self._keeps_data = keeps_data
        self.servers = [self._server(folder / f"node-{number}", number) for number in range(MASTERS + 1)]
        slot = key_slot(market_keys(market).fills.encode())
        self.master = self.servers[min(slot // (SLOTS // MASTERS), MASTERS - 1)]
        self.replica = self.servers[-1]

    @property
    def settings(self) -> RedisSettings:
        """How to reach it."""
        return RedisSettings("", 0, 0, cluster=tuple(("127.0.0.1", server.port) for server in self.servers))

    @property
    def nodes(self) -> list[str]:
        """Its servers, as a configuration names them."""
        return [f"127.0.0.1:{server.port}" for server in self.servers]

    def start(self) -> None:
        """Starts all, and waits until they are one cluster."""
        for server in self.servers:
            server.start()
        for number, server in enumerate(self.servers[:MASTERS]):
            first, after = (SLOTS // MASTERS * one if one < MASTERS else SLOTS for one in (number, number + 1))
            _ask(server, "CLUSTER", "ADDSLOTSRANGE", first, after - 1)
        for server, bus_port in zip(self.servers[1:], self._bus_ports[1:], strict=True):
            _ask(self.servers[0], "CLUSTER", "MEET", "127.0.0.1", server.port, bus_port)
        wait_until(
            lambda: all(map(_knows_all, self.servers)), "the servers to know each other", deadline_s=READY_WITHIN_S
        )
        name = _ask(self.master, "CLUSTER", "MYID")
        _ask(self.replica, "CLUSTER", "REPLICATE", name)
        wait_until(
            lambda: (
                "master_link_status:up" in _ask(self.replica, "INFO", "replication")
                and all("cluster_state:ok" in _ask(server, "CLUSTER", "INFO") for server in self.servers)
            ),
            "the cluster to stand",
            deadline_s=READY_WITHIN_S,
        )

    def kill_master(self) -> None:
        """Of the market's keys; as a crash would."""
        self.master.kill()

    def wait_failed_over(self) -> None:
        """Waits until the replica has taken over."""
        wait_until(lambda: "role:master" in _ask(self.replica, "INFO", "replication"), "the failover", deadline_s=20)

    def end(self) -> None:
        """Ends all."""
        for server in self.servers:
            server.kill()

    def _server(self, folder: Path, number: int) -> RedisServer:
        folder.mkdir()
        arguments = (
            *("--cluster-enabled", "yes", "--cluster-port", str(self._bus_ports[number])),
            *("--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--cluster-require-full-coverage", "no"),
            *("--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"),
        )
        return RedisServer(folder, keeps_data=self._keeps_data, arguments=arguments)


def _knows_all(server: RedisServer) -> bool:
    return f"cluster_known_nodes:{MASTERS + 1}" in _ask(server, "CLUSTER", "INFO")


def _ask(server: RedisServer, *command: str | int) -> str:
    with redis.Redis(host="127.0.0.1", port=server.port, socket_timeout=2) as client:
        answer = client.connection_pool.get_connection()
        answer.send_command(*command)
        told = answer.read_response()
        return told.decode() if isinstance(told, bytes) else str(told)


@contextmanager
def redis_cluster(folder: Path, market: str = "BTC", *, keeps_data: bool = False) -> Iterator[RedisClusterServers]:
    """Four servers that run as long as the block."""
    cluster = RedisClusterServers(folder, market, keeps_data=keeps_data)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()
