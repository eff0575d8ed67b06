"""`hedge healthcheck`: alive by the status board of a real Redis, in words and an exit code for container engines."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hedge_strategy.cli.app import app
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.hedger_registry import HedgerRegistry, LiveHedger
from hedge_strategy.coordination.status_board import StatusBoard
from tests.cli.settings_file import KEYS, TEXT, write_settings
from tests.redis_server import RedisServer, running_redis

HOST = socket.gethostname()
MAKER = {"role": "maker", "market": "BTC", "state": "paused", "reason": "lunch"}
HEDGER = {"role": "hedger", "market": "BTC", "state": "hedging", "reason": ""}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    with running_redis(tmp_path) as server:
        write_settings(tmp_path, TEXT.replace("port: 1}", f"port: {server.port}}}"))
        yield server


def say(server: RedisServer, who: str, state: dict[str, str], life_ms: int = 60_000) -> None:
    with connect(server.settings) as client:
        StatusBoard(client, life_ms=life_ms).write(who, state)


def ask(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["healthcheck", "--config", str(folder / "config.yaml"), *arguments])


def test_a_process_of_this_host_is_alive_whatever_it_does(server: RedisServer, tmp_path: Path) -> None:
    say(server, f"maker-{HOST}-{os.getpid()}-1", MAKER)
    shown = ask(tmp_path)
    assert (shown.exit_code, shown.stdout.strip()) == (0, "maker of BTC is paused: lunch")
    assert ask(tmp_path, "--role", "maker").exit_code == 0
    missing = ask(tmp_path, "--role", "hedger")
    assert (missing.exit_code, "no hedger" in missing.stderr) == (1, True)


def test_a_process_of_several_markets_is_alive_while_any_of_them_is(server: RedisServer, tmp_path: Path) -> None:
    say(server, f"maker-{HOST}-{os.getpid()}-1#BTC", MAKER)
    shown = ask(tmp_path)
    assert (shown.exit_code, shown.stdout.strip()) == (0, "maker of BTC is paused: lunch")


def test_a_hedger_that_shares_markets_is_alive_also_while_it_owns_none(server: RedisServer, tmp_path: Path) -> None:
    with connect(server.settings) as client:
        HedgerRegistry(client, life_ms=60_000).tell(LiveHedger(who=f"hedger-{HOST}-{os.getpid()}-1", markets=("BTC",)))
    shown = ask(tmp_path, "--role", "hedger")
    assert (shown.exit_code, shown.stdout.strip()) == (0, "hedger shares markets")


def test_an_alerter_is_asked_for_by_its_role(server: RedisServer, tmp_path: Path) -> None:
    assert ask(tmp_path, "--role", "alerter").exit_code == 1
    say(server, f"alerter-{HOST}-{os.getpid()}-1", {"role": "alerter", "state": "standby"})
    shown = ask(tmp_path, "--role", "alerter")
    assert (shown.exit_code, shown.stdout.strip()) == (0, "alerter is standby")


def test_who_fell_silent_is_not_alive_also_for_the_live_probe(server: RedisServer, tmp_path: Path) -> None:
    assert ask(tmp_path).exit_code == 1
    assert ask(tmp_path, "--live").exit_code == 1


def test_another_hosts_process_and_one_that_is_gone_do_not_count(server: RedisServer, tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(20)
    say(server, f"hedger-{HOST}-{gone.pid}-1", HEDGER)
    say(server, f"hedger-x{HOST}-{os.getpid()}-1", HEDGER)
    say(server, f"hedger-{HOST}-2-{os.getpid()}-1", HEDGER)
    assert ask(tmp_path).exit_code == 1


def test_without_redis_nothing_is_known_and_a_restart_is_not_asked_for(server: RedisServer, tmp_path: Path) -> None:
    say(server, f"hedger-{HOST}-{os.getpid()}-1", HEDGER)
    assert ask(tmp_path).exit_code == 0
    server.stop()
    shown = ask(tmp_path)
    assert (shown.exit_code, "Redis does not answer" in shown.stderr, shown.stderr.count("\n")) == (1, True, 1)
    assert ask(tmp_path, "--live").exit_code == 0


def test_settings_that_cannot_be_read_end_with_one_and_one_line(tmp_path: Path) -> None:
    shown = ask(tmp_path, "--live")
    assert (shown.exit_code, "does not exist" in shown.stderr, shown.stderr.count("\n")) == (1, True, 1)
