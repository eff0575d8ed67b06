"""The exchange as a process: its one line, its end, and what it says when it cannot start."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import typer
from typer.testing import CliRunner

from hedge_strategy.cli.exchange import exchange

TIMEOUT_S = 30
COMMAND = (
    sys.executable,
    "-c",
    "import typer; from hedge_strategy.cli.exchange import exchange; typer.run(exchange)",
)


@contextmanager
def running(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """The process and its line; ended by its own id."""
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=TIMEOUT_S)


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_one_line_serves_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    truth = tmp_path / "truth.jsonl"
    with running("--truth", str(truth), "--seed", "5", "--delays", "maker=0,taker=0,cancel=0") as (process, urls):
        assert set(urls) == {"url", "ws_url", "admin_url"}
        assert urls["ws_url"] == urls["url"].replace("http", "ws") + "/stream"
        assert requests.get(urls["url"] + "/", timeout=5).json()["status"] == 200
        while not requests.get(urls["admin_url"] + "/sim/v1/trades", timeout=5).json()["trades"]:
            pass
        process.send_signal(number)
        out, error = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in error
    rows = [json.loads(line) for line in truth.read_text().splitlines()]
    assert {"trade"} <= {row["kind"] for row in rows}


@pytest.mark.process
def test_a_tape_sets_the_price_of_its_market(tmp_path: Path) -> None:
    tape = tmp_path / "tape.csv"
    lines = [f"{n},{38_000 + n}.0,0.01,380.0,{1_610_064_000_000 + n},{'true' if n % 2 else 'false'}" for n in range(5)]
    tape.write_text("id,price,qty,quote_qty,time,is_buyer_maker\n" + "\n".join(lines) + "\n")
    with running("--tape", str(tape), "--speed", "1000") as (_, urls):
        query = {"market_index": 1}
        url, found = urls["admin_url"] + "/sim/v1/trades", []
        while len(found) < 5:
            found = requests.get(url, params=query, timeout=5).json()["trades"]
    assert [row["price"] for row in found[:5]] == [f"{38_000 + n}.0" for n in range(5)]


CASES = [
    (("--tape", "{folder}/none.csv"), "none.csv"),
    (("--tape", "{folder}/empty.csv"), "no trades"),
    (("--tape", "{folder}/tape.csv", "--speed", "0"), "speed"),
    (("--delays", "maker=fast"), "fast"),
    (("--delays", "lunch=200"), "lunch=200"),
    (("--config", "{folder}/none.yaml"), "none.yaml"),
    (("--config", "{folder}/broken.yaml"), "broken.yaml"),
    (("--config", "{folder}/unknown.yaml"), "colour"),
    (("--config", "{folder}/wrong.yaml"), "$.socket.json_ping_s"),
    (("--truth", "{folder}/no/truth"), "truth"),
    (("--host", "300.1.1.1"), "300.1.1.1"),
    (("--port", "{taken}"), "127.0.0.1:{taken}"),
    (("--admin-port", "{taken}"), "127.0.0.1:{taken}"),
]


@pytest.mark.parametrize(("arguments", "words"), CASES)
def test_what_the_user_can_mend_is_one_line_and_exit_2(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "broken.yaml").write_text("socket: [")
    (tmp_path / "unknown.yaml").write_text("socket: {colour: red}")
    (tmp_path / "wrong.yaml").write_text("socket: {json_ping_s: soon}")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "tape.csv").write_text("1,38000.0,0.01,380.0,1610064000000,true\n")
    app = typer.Typer()
    app.command()(exchange)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        places = {"folder": str(tmp_path), "taken": str(taken.getsockname()[1])}
        ended = CliRunner().invoke(app, [argument.format(**places) for argument in arguments])
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert words.format(**places) in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert ended.stderr.startswith("hedge exchange: ")


@pytest.mark.process
def test_a_taken_port_ends_the_process_with_2_and_no_traceback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [*COMMAND, "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "cannot listen" in ended.stderr
    assert "Traceback" not in ended.stderr
