"""A master, a replica and three sentinels that watch them, as real processes on loopback ports of their own.

with watched_redis(tmp_path) as redis:
    client = connect(redis.settings)
    redis.kill_master()
    redis.wait_failed_over()
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from hedge_strategy.coordination.endpoint import RedisSettings, SentinelSettings
from tests.polling import wait_until
from tests.redis_server import RedisServer, free_port

NAME = "hedge"
DOWN_AFTER_MS = 500
FAILOVER_MS = 2_000
READY_WITHIN_S = 15
FAILED_OVER_WITHIN_S = 20
SENTINELS = 3


class WatchedRedis:
    """All five processes.

    Args:
        folder: for their files; must exist.
        keeps_data: both servers force each write to an append-only file before they answer.
    """

    def __init__(self, folder: Path, *, keeps_data: bool) -> None:
        self._folder = folder
        self._keeps_data = keeps_data
        self._sentinels: dict[int, subprocess.Popen[bytes]] = {}
        self.master = self._server("master")
        self.replica = self._server("replica")

    @property
    def port(self) -> int:
        """Of who is the master now, as the first sentinel says."""
        return int(self._asked()["port"])

    @property
    def settings(self) -> RedisSettings:
        """How to reach whoever is the master."""
        nodes = tuple(("127.0.0.1", port) for port in self._sentinels)
        return RedisSettings("", 0, 0, sentinel=SentinelSettings(nodes, NAME))

    @property
    def nodes(self) -> list[str]:
        """The sentinels, as a configuration names them."""
        return [f"127.0.0.1:{port}" for port in self._sentinels]

    def start(self) -> None:
        """Starts all, and waits until the sentinels know the replica and each other."""
        self.master.start()
        self.replica.start()
        with redis.Redis(host="127.0.0.1", port=self.replica.port) as client:
            client.replicaof("127.0.0.1", str(self.master.port))
        for number in range(SENTINELS):
            self._start_sentinel(number)
        wait_until(self._all_know_all, "the sentinels to know all", deadline_s=READY_WITHIN_S)

    def kill_master(self) -> None:
        """As a crash would."""
        self.master.kill()

    def wait_failed_over(self) -> None:
        """Waits until the sentinels call the replica the master."""
        wait_until(lambda: self.port == self.replica.port, "the failover", deadline_s=FAILED_OVER_WITHIN_S)

    def end(self) -> None:
        """Ends all."""
        for sentinel in self._sentinels.values():
            sentinel.kill()
            sentinel.wait(READY_WITHIN_S)
        for server in (self.replica, self.master):
            server.kill()

    def _server(self, name: str) -> RedisServer:
        folder = self._folder / name
        folder.mkdir()
        return RedisServer(folder, keeps_data=self._keeps_data, arguments=("--repl-diskless-sync-delay", "0"))

    def _start_sentinel(self, number: int) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("redis-server is not installed; `make redis` installs it", pytrace=False)
        port, folder = free_port(), self._folder / f"sentinel-{number}"
        folder.mkdir()
        file = folder / "sentinel.conf"  # it writes into it what it learns
        file.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\nlogfile sentinel.log\n"
            f"sentinel monitor {NAME} 127.0.0.1 {self.master.port} 2\n"
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {NAME} {FAILOVER_MS}\n"
        )
        command = [program, str(file), "--sentinel"]
        self._sentinels[port] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _all_know_all(self) -> bool:
        return all(
            self._asked(port).get("num-slaves") == 1 and self._asked(port).get("num-other-sentinels") == SENTINELS - 1
            for port in self._sentinels
        )

    def _asked(self, port: int | None = None) -> dict[str, Any]:
        asked = next(iter(self._sentinels)) if port is None else port
        try:
            with redis.Redis(host="127.0.0.1", port=asked, socket_timeout=1, decode_responses=True) as client:
                state: dict[str, Any] = client.sentinel_master(NAME)  # type: ignore[no-untyped-call]
                return state
        except redis.RedisError:
            return {}


@contextmanager
def watched_redis(folder: Path, *, keeps_data: bool = False) -> Iterator[WatchedRedis]:
    """Five processes that run as long as the block."""
    watched = WatchedRedis(folder, keeps_data=keeps_data)
    try:
        watched.start()
        yield watched
    finally:
        watched.end()
