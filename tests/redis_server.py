"""A real `redis-server` for tests: on a free loopback port, with its files in a folder of the test's own.

    with running_redis(tmp_path) as server:
        client = connect(server.settings)
        server.restart()

The server is ended by its own process id. Where there is no `redis-server`, the test fails with one line that says so.
"""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from hedge_strategy.coordination.endpoint import RedisSettings

READY_WITHIN_S = 10
STARTS_MAX = 5


class RedisServer:
    """One server that may be stopped, killed and started again on the same port.

    Args:
        folder: for its files; must exist.
        keeps_data: True: each write is forced to an append-only file before it is answered.
        arguments: more for its command line.
    """

    def __init__(self, folder: Path, *, keeps_data: bool = False, arguments: Sequence[str] = ()) -> None:
        self._folder = folder
        self._keeps_data = keeps_data
        self._more = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def settings(self) -> RedisSettings:
        """How to reach it."""
        return RedisSettings(host="127.0.0.1", port=self.port, db=0)

    @property
    def process_id(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts it and waits until it answers; on a free port at first, on the same port ever after."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("redis-server is not installed; `make redis` installs it", pytrace=False)
        for _ in range(1 if self.port else STARTS_MAX):
            port = self.port or free_port()
            self._process = subprocess.Popen(
                [program, *self._arguments(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if self._is_ready(port):
                self.port = port
                return
            self.kill()
        raise AssertionError(f"redis-server did not start; see {self._folder / 'redis.log'}")

    def stop(self) -> None:
        """Ends it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Ends it in order and starts it again; what it had in memory is gone unless it keeps its data."""
        self.stop()
        self.start()

    def _arguments(self, port: int) -> list[str]:
        kept = ("yes", "always") if self._keeps_data else ("no", "no")
        return [
            *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--logfile", "redis.log"),
            *("--save", "", "--appendonly", kept[0], "--appendfsync", kept[1], "--databases", "4"),
            *self._more,
        ]

    def _is_ready(self, port: int) -> bool:
        assert self._process is not None
        give_up_at = time.monotonic() + READY_WITHIN_S
        with redis.Redis(host="127.0.0.1", port=port, socket_timeout=1, protocol=2) as client:
            while time.monotonic() < give_up_at and self._process.poll() is None:
                try:
                    client.ping()  # refused while the data is being loaded
                    # Another test's server may have taken the port between choosing and binding.
                    return bool(client.info("server")["process_id"] == self._process.pid)
                except redis.RedisError:
                    try:
                        self._process.wait(0.02)
                    except subprocess.TimeoutExpired:
                        continue
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(READY_WITHIN_S)
            self._process = None


@contextmanager
def running_redis(folder: Path, *, keeps_data: bool = False, arguments: Sequence[str] = ()) -> Iterator[RedisServer]:
    """A server that runs as long as the block."""
    server = RedisServer(folder, keeps_data=keeps_data, arguments=arguments)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
