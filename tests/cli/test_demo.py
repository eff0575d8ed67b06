"""`hedge demo` as its user meets it: a process with an exit code, a report, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.polling import wait_until

pytestmark = pytest.mark.process

END_WITHIN_S = 60


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A demo whose temporary files go to the folder; its output is in `out` and `err` there."""
    command = [sys.executable, "-m", "hedge_strategy", "demo", *arguments]
    environment = {**os.environ, "TMPDIR": str(folder)}
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.terminate()
                process.wait(END_WITHIN_S)


def children_of(process: subprocess.Popen[bytes]) -> dict[int, str]:
    """Command lines of the processes that it started, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == process.pid:
            found[int(folder.name)] = line
    return found


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def all_four(process: subprocess.Popen[bytes]) -> dict[int, str] | None:
    """Its processes once each of them is there."""
    children = children_of(process)
    return children if len(children) == 4 else None


def test_ctrl_c_stops_in_order_counts_and_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path, "--seconds", "60", "--json") as process:
        wait_until(lambda: " fills · " in (tmp_path / "err").read_text(), "the first line of progress", deadline_s=60)
        children = all_four(process)
        assert children is not None
        assert not any("private" in line for line in children.values())
        process.send_signal(signal.SIGINT)
        assert process.wait(END_WITHIN_S) == 0, (tmp_path / "err").read_text()
    report = json.loads((tmp_path / "out").read_text().splitlines()[-1])
    assert report["ok"] and report["fills"] > 0 and report["hedges"] > 0
    assert report["net"] == {"BTC": "0.00000"}
    assert 0 < report["latency_us"]["p50"] <= report["latency_us"]["p99"] <= report["latency_us"]["max"]
    assert 5 <= report["seconds"] < 60
    assert not any(is_alive(process_id) for process_id in children)
    assert not list(tmp_path.glob("hedge-demo-*"))


def test_a_hedger_that_dies_ends_the_demo_with_1_and_says_so(tmp_path: Path) -> None:
    with demo(tmp_path, "--seconds", "60", "--json") as process:
        children = wait_until(lambda: all_four(process), "all processes", deadline_s=30)
        (hedger,) = (number for number, line in children.items() if " hedger " in line)
        os.kill(hedger, signal.SIGKILL)
        assert process.wait(END_WITHIN_S) == 1
    assert "hedge demo: the hedger was ended by SIGKILL" in (tmp_path / "err").read_text()
    report = json.loads((tmp_path / "out").read_text().splitlines()[-1])
    assert (report["ok"], report["problems"]) == (False, ["the hedger was ended by SIGKILL"])
    assert not any(is_alive(process_id) for process_id in children)
    (kept,) = tmp_path.glob("hedge-demo-*")
    assert f"logs, settings and Redis' files are in {kept}" in (tmp_path / "err").read_text()


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    with demo(tmp_path, "--seconds", "60") as process:
        children = wait_until(lambda: all_four(process), "all processes", deadline_s=30)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_WITHIN_S) in (1, 130)
    assert not any(is_alive(process_id) for process_id in children)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("--tape", "no-such-tape.csv"),
            "hedge demo: cannot read the tape no-such-tape.csv: No such file or directory",
        ),
        (("--keep", "."), "hedge demo: --keep .: the folder is not empty; name a new one"),
        (("--depth", "0"), "hedge demo: --depth 0 must be 1 or more; 1 is the best price of the book"),
    ],
)
def test_bad_input_is_one_clear_line_and_ends_2(tmp_path: Path, arguments: tuple[str, ...], line: str) -> None:
    with demo(tmp_path, *arguments) as process:
        assert process.wait(END_WITHIN_S) == 2
    assert (tmp_path / "err").read_text().splitlines()[-1] == line
    assert not list(tmp_path.glob("hedge-demo-*"))


def test_files_are_kept_where_the_user_wants_them(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with demo(tmp_path, "--seconds", "0.1", "--keep", str(kept)) as process:
        wait_until(lambda: (kept / "config.yaml").exists(), "the settings", deadline_s=30)
        process.send_signal(signal.SIGINT)
        process.wait(END_WITHIN_S)
    assert {"exchange.log", "hedger.log", "maker.log", "redis.log", "config.yaml"} <= {
        path.name for path in kept.iterdir()
    }
