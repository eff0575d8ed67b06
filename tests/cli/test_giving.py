"""A command is sent, waited for, and told of: by exit code, as JSON, and in words."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from hedge_strategy.cli.giving import sender
from hedge_strategy.coordination.commands import Acknowledgement, Action, Commands
from hedge_strategy.coordination.connection import connect
from hedge_strategy.coordination.status_board import StatusBoard
from tests.cli.settings_file import KEYS, TEXT, write_settings
from tests.polling import wait_until
from tests.redis_server import running_redis


@dataclass
class Desk:
    commands: Commands
    board: StatusBoard
    settings: Path

    def obey(self, who: str, *, is_done: bool = True) -> threading.Thread:
        """A process that answers the first command for BTC."""

        def answer() -> None:
            sent = wait_until(lambda: self.commands.standing("BTC"), "the command")
            said = Acknowledgement(who=who, at_ms=1, outcome="well", is_done=is_done, role="maker", market="BTC")
            self.commands.acknowledge(sent.command_id, said)

        thread = threading.Thread(target=answer)
        thread.start()
        return thread


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    with running_redis(tmp_path) as server, connect(server.settings) as client:
        settings = write_settings(tmp_path, TEXT.replace("port: 1}", f"port: {server.port}}}"))
        yield Desk(Commands(client), StatusBoard(client, life_ms=60_000), settings)


@pytest.mark.parametrize(("action", "is_done"), [("pause", True), ("resume", True), ("pause", False)])
def test_it_waits_for_all_that_are_alive_and_says_who_did_what(desk: Desk, action: str, is_done: bool) -> None:
    desk.board.write("maker-1", {"role": "maker", "market": "BTC"})
    thread = desk.obey("maker-1", is_done=is_done)
    arguments = [
        action,
        "--market",
        "BTC",
        "--reason",
        "lunch",
        "--config",
        str(desk.settings),
        "--wait",
        "2",
        "--json",
    ]
    shown = CliRunner().invoke(app, arguments)
    thread.join()
    assert shown.exit_code == (0 if is_done else 1)
    told = json.loads(shown.stdout)
    assert (told["ok"], told["action"], told["market"]) == (is_done, action, "BTC")
    assert [(one["who"], one["role"], one["is_done"], one["outcome"]) for one in told["processes"]] == [
        ("maker-1", "maker", is_done, "well")
    ]
    standing = desk.commands.standing("BTC")
    assert standing is not None
    assert standing.command.action is Action(action)
    assert (standing.command.reason, standing.command.sent_by) == ("lunch", sender())


def test_one_that_does_not_answer_is_named(desk: Desk) -> None:
    desk.board.write("hedger-1", {"role": "hedger", "market": "BTC"})
    shown = CliRunner().invoke(app, ["pause", "--config", str(desk.settings), "--wait", "2"])
    assert shown.exit_code == 1
    assert "hedger-1" in shown.output
    assert "has not answered" in shown.output


def test_where_nobody_is_alive_the_command_stands_for_whoever_starts(desk: Desk) -> None:
    shown = CliRunner().invoke(app, ["pause", "--config", str(desk.settings), "--wait", "2"])
    assert shown.exit_code == 0
    assert "no process is alive" in shown.output
    assert desk.commands.standing("ETH") is not None


def test_a_wrong_symbol_is_one_line(desk: Desk) -> None:
    shown = CliRunner().invoke(app, ["pause", "--market", "B{TC", "--config", str(desk.settings)])
    assert shown.exit_code == 2
    assert "cannot be the symbol" in shown.output
