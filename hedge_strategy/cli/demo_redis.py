"""A Redis for the demo: `redis-server` where there is one, else the embedded server as a process of its own.

Promise: it listens on the loopback interface only, on a port of its own, and starts empty.
"""

import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from hedge_strategy.cli.demo_processes import DemoProcess, DemoProcesses, ProcessEnded, python_command

READY_WITHIN_S: Final = 20
STARTS_MAX: Final = 5
REAL: Final = "redis-server"
EMBEDDED: Final = "embedded"
_HOST: Final = "127.0.0.1"
_SAYS_READY: Final = b"Ready to accept connections"


class _Ready(msgspec.Struct):
    port: int


@dataclass(frozen=True, slots=True)
class DemoRedis:
    """A Redis that answers.

    Attributes:
        process: its process.
        port: on the loopback interface.
        kind: `redis-server` or `embedded`.
    """

    process: DemoProcess
    port: int
    kind: str


def start_redis(processes: DemoProcesses, program: str | None) -> DemoRedis:
    """Starts a Redis and waits until it answers.

    Args:
        processes: starts and watches it; its files go to that folder.
        program: path of `redis-server`; None takes the embedded one.

    Raises:
        DemoFailed: it did not start.
    """
    if program is None:
        return _start_embedded(processes)
    data = processes.folder / "redis"
    data.mkdir()
    for left in reversed(range(STARTS_MAX)):
        port = _free_port()
        process = processes.start("redis", _server_command(program, port, data))
        try:
            # Its own word, not an answer on the port: another server may have taken the port since it was chosen.
            processes.wait_for(lambda at=process.output: _is_ready(at), "Redis", READY_WITHIN_S)  # type: ignore[misc]
        except ProcessEnded as ended:
            processes.stop(process)
            if not left or "in use" not in ended.last_lines:
                raise
            continue
        return DemoRedis(process, port, REAL)
    raise AssertionError("unreachable: the last start returns or raises")


def redis_server_program() -> str | None:
    """The path of `redis-server`, or None where there is none."""
    return shutil.which("redis-server")


def _server_command(program: str, port: int, data: Path) -> list[str | Path]:
    return [
        *(program, "--port", str(port), "--bind", _HOST, "--dir", data, "--daemonize", "no", "--databases", "1"),
        *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"),
    ]


def _is_ready(output: Path) -> bool | None:
    return _SAYS_READY in output.read_bytes() or None


def _start_embedded(processes: DemoProcesses) -> DemoRedis:
    process = processes.start("redis", python_command("hedge_strategy.cli.embedded_redis"))
    ready = processes.wait_for(lambda: process.first_line(_Ready), "the embedded Redis", READY_WITHIN_S)
    return DemoRedis(process, ready.port, EMBEDDED)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
