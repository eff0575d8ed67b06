"""The embedded Redis as a process."""

import signal
import socket
import threading
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.cli.demo_processes import DemoProcesses, python_command
from hedge_strategy.clock import SystemClock

pytestmark = pytest.mark.process


class Ready(msgspec.Struct):
    port: int


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_listens_where_it_says_and_a_signal_ends_it_even_with_a_client_connected(
    tmp_path: Path, how: signal.Signals
) -> None:
    processes = DemoProcesses(tmp_path, threading.Event(), SystemClock())
    try:
        process = processes.start("embedded", python_command("hedge_strategy.cli.embedded_redis"))
        port = processes.wait_for(lambda: process.first_line(Ready), "its port", 20).port
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"PING\r\n*1\r\n$4\r\nPING\r\n")
            assert client.recv(64)
            assert processes.stop(process, how) == 0
    finally:
        processes.close(0)
