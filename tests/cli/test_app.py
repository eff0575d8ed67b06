"""The table of commands."""

import pytest
from typer.testing import CliRunner

from hedge_strategy.cli.app import app

COMMANDS = ("exchange", "maker", "hedger", "demo", "status", "pause", "resume", "flatten", "audit", "check-config")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output
    assert len(shown.output.splitlines()) > 5


def test_without_a_command_all_are_listed() -> None:
    shown = CliRunner().invoke(app, [])
    assert all(command in shown.output for command in COMMANDS)
