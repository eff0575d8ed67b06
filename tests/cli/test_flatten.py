"""`hedge flatten`: who is waited for, and that nothing known is a mistake. Real processes: `process/test_commands`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from hedge_strategy.cli.flatten import StandIn
from hedge_strategy.errors import UserError
from tests.cli.settings_file import KEYS, TEXT, write_settings
from tests.redis_server import running_redis


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)


def test_where_nothing_ever_ran_a_market_must_be_named(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        settings = write_settings(tmp_path, TEXT.replace("port: 1}", f"port: {server.port}}}"))
        shown = CliRunner().invoke(app, ["flatten", "--config", str(settings)])
    assert shown.exit_code == 2
    assert "name a market with --market" in shown.output


def test_a_redis_that_is_away_is_one_line(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["flatten", "--market", "BTC", "--config", str(write_settings(tmp_path))])
    assert shown.exit_code == 2
    assert shown.output.startswith("hedge flatten: ")


class Runs:
    """A process that runs until it is asked to stop."""

    def __init__(self) -> None:
        self.is_asked = False

    def ask_to_stop(self) -> None:
        self.is_asked = True

    def run(self) -> int:
        return 0


def test_a_part_that_cannot_be_done_here_is_said() -> None:
    def refuse() -> Runs:
        raise UserError("another process has the file")

    one = StandIn(refuse, "maker", "BTC")
    one.start()
    one.end()
    assert "the maker's part could not be done here: another process has the file" in one.problem


def test_a_stand_in_is_ended() -> None:
    process = Runs()
    one = StandIn(lambda: process, "hedger", "BTC")
    one.start()
    one.end()
    assert one.problem == ""
