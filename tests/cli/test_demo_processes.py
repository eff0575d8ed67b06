"""Processes of a demo: small real ones."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hedge_strategy.cli.demo_processes import (
    TAIL_LINES,
    DemoFailed,
    DemoInterrupted,
    DemoProcesses,
    ProcessEnded,
    hedge_command,
)
from hedge_strategy.clock import SystemClock
from tests.polling import wait_until

READY = "import signal, sys, time; print('{\"port\": 7}', flush=True)\n"
WAITS = READY + "time.sleep(60)"
OBSTINATE = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + WAITS
POLITE = "import signal, sys; signal.signal(signal.SIGINT, lambda *a: sys.exit(3))\n" + WAITS


class Ready(msgspec.Struct):
    port: int


@pytest.fixture
def stop_asked() -> threading.Event:
    return threading.Event()


@pytest.fixture
def processes(tmp_path: Path, stop_asked: threading.Event) -> Iterator[DemoProcesses]:
    found = DemoProcesses(tmp_path, stop_asked, SystemClock())
    yield found
    found.close(0)


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def python(program: str) -> list[str | Path]:
    return [sys.executable, "-c", program]


def test_the_first_line_of_output_is_waited_for(processes: DemoProcesses) -> None:
    process = processes.start("one", python(WAITS))
    assert processes.wait_for(lambda: process.first_line(Ready), "its port", 10).port == 7
    processes.check()


def test_a_process_is_asked_first_and_killed_when_it_does_not_listen(processes: DemoProcesses) -> None:
    polite, obstinate = processes.start("polite", python(POLITE)), processes.start("obstinate", python(OBSTINATE))
    for process in (polite, obstinate):
        processes.wait_for(lambda ready=process: ready.first_line(Ready), "it", 10)  # type: ignore[misc]
    assert processes.stop(polite) == 3
    assert processes.stop(obstinate, within_s=0.1) == -signal.SIGKILL
    processes.check()  # what was stopped is not missed
    assert not is_alive(polite.process_id) and not is_alive(obstinate.process_id)


def test_one_that_ends_early_is_told_with_the_end_of_its_log(processes: DemoProcesses) -> None:
    process = processes.start("hedger", python("import sys\nfor n in range(9): print(n, file=sys.stderr)\nsys.exit(4)"))
    with pytest.raises(ProcessEnded, match="the hedger ended by itself with exit code 4") as caught:
        processes.wait_for(lambda: process.first_line(Ready), "it", 10)
    assert caught.value.code == 4
    assert caught.value.last_lines.splitlines() == [str(number) for number in range(9 - TAIL_LINES, 9)]


def test_one_that_was_killed_is_told_by_the_signal_s_name(processes: DemoProcesses) -> None:
    process = processes.start("maker", python(WAITS))
    process.stop(signal.SIGKILL, 10)
    with pytest.raises(ProcessEnded, match="the maker was ended by SIGKILL"):
        processes.check()


def test_waiting_ends_when_the_user_asks_or_the_time_is_over(
    processes: DemoProcesses, stop_asked: threading.Event
) -> None:
    with pytest.raises(DemoFailed, match=r"waited 0\.1 s in vain for rain"):
        processes.wait_for(lambda: None, "rain", 0.1)
    stop_asked.set()
    with pytest.raises(DemoInterrupted, match="stopped while waiting for rain"):
        processes.wait_for(lambda: None, "rain", 60)


def test_close_ends_all_the_latest_first(processes: DemoProcesses, tmp_path: Path) -> None:
    program = "import signal, sys, time\ndef end(*a):\n print(time.monotonic_ns()); sys.exit()\n"
    program += "signal.signal(signal.SIGINT, end)\n" + "print('{\"port\": 7}', flush=True); time.sleep(60)"
    started = [processes.start(name, python(program)) for name in ("first", "second")]
    for process in started:
        wait_until(lambda ready=process: ready.first_line(Ready), "it")  # type: ignore[misc]
    processes.close()
    ended = [int(process.output.read_text().splitlines()[1]) for process in started]
    assert ended[1] < ended[0]
    assert not any(is_alive(process.process_id) for process in started)
    processes.close()


def test_commands_are_run_by_this_python() -> None:
    assert hedge_command("maker", "--help") == [sys.executable, "-m", "hedge_strategy", "maker", "--help"]
