"""How commands speak and end."""

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
import typer

from hedge_strategy.cli.terminal import configure_logs, kept_timeline, one_line_errors
from hedge_strategy.clock import SystemClock
from hedge_strategy.errors import HedgeError, InvariantBroken, RedisUnavailable, UserError, VenueUnreachable, WireError

STOPPABLE = textwrap.dedent(
    """
    import sys, threading
    from hedge_strategy.cli.terminal import configure_logs, run_until_signalled
    class Process:
        def __init__(self):
            self.stop = threading.Event()
        def ask_to_stop(self):
            if MODE != "deaf":
                self.stop.set()
        def run(self):
            if MODE == "dying":
                threading.Thread(target=lambda: 1 / 0).start()
            print("ready", flush=True)
            while not self.stop.wait(0.01):
                pass
            return 0
    MODE = sys.argv[1]
    configure_logs(as_json=True, process="test")
    sys.exit(run_until_signalled(Process()))
    """
)


def start(mode: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPABLE, mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@dataclass
class Held:
    """Something that shows less than it has."""

    secret: str = field(default="a-key", repr=False)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (7, 7),
        (None, None),
        ("an “odd” line\nand the next", "an “odd” line\nand the next"),
        (Decimal("1E+2"), "100"),
        (Held(), "Held()"),
        ((1, Held()), [1, "Held()"]),
        (1 << 70, 1 << 70),
        ("\ud800", "\ud800"),
    ],
)
def test_a_line_of_the_log_is_json_and_shows_no_more_than_each_value_does(
    value: Any, shown: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(as_json=True, process="test")
    structlog.get_logger("hedger", market="BTC").info("hedge sent", value=value)
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert list(told) == ["market", "value", "event", "level", "timestamp", "process"]
    assert (told["market"], told["value"], told["process"]) == ("BTC", shown, "test")


def test_a_line_in_json_stays_json_where_standard_error_knows_no_umlauts() -> None:
    kept = io.BytesIO()
    narrow = io.TextIOWrapper(kept, encoding="ascii", errors="backslashreplace", write_through=True)
    with redirect_stderr(narrow):
        configure_logs(as_json=True, process="test")
        structlog.get_logger("hedger").info("paused", reason="für immer")
        assert json.loads(kept.getvalue())["reason"] == "für immer"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_the_process_to_end(number: signal.Signals) -> None:
    process = start("willing")
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=10)
    assert (process.returncode, said) == (0, "")


def test_the_second_signal_ends_a_process_that_does_not_come_to_its_end() -> None:
    process = start("deaf")
    os.kill(process.pid, signal.SIGINT)
    while process.poll() is None:
        os.kill(process.pid, signal.SIGINT)
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    process.communicate(timeout=10)
    assert process.returncode == 130


def test_a_thread_that_dies_stops_the_process_and_is_told() -> None:
    process = start("dying")
    _, said = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "a thread died; stopping" in said
    assert "ZeroDivisionError" in said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("mend\n it"), 2),
        (VenueUnreachable("mend it"), 2),
        (RedisUnavailable("mend it"), 2),
        (InvariantBroken("mend it"), 1),
    ],
)
def test_expected_errors_are_one_line(error: HedgeError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, one_line_errors("hedge test"):
        raise error
    assert ended.value.exit_code == code
    said = capsys.readouterr().err
    assert said.startswith("hedge test: ")
    assert said.endswith("mend it\n")
    assert said.count("\n") == 1


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(WireError), one_line_errors("hedge test"):
        raise WireError("x", "y")


def test_a_timeline_is_written_at_the_end(tmp_path: Path) -> None:
    with kept_timeline(tmp_path / "marks", SystemClock()) as timeline:
        assert timeline is not None
        timeline.mark("heard", 7)
    assert (tmp_path / "marks").read_text().startswith("heard\t7\t")
    with kept_timeline(None, SystemClock()) as timeline:
        assert timeline is None


def test_a_timeline_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--timeline"), kept_timeline(tmp_path / "none" / "marks", SystemClock()):
        pytest.fail("it must not begin")
