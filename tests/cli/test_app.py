"""The table of commands."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedge_strategy import cli
from hedge_strategy.cli.app import COMMANDS, app


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output
    assert len(shown.output.splitlines()) > 5


def test_without_a_command_all_are_listed() -> None:
    shown = CliRunner().invoke(app, [])
    assert all(command in shown.output for command in COMMANDS)


def test_a_command_that_there_is_not_is_one_line_that_helps() -> None:
    shown = CliRunner().invoke(app, ["statsu"])
    assert (shown.exit_code, "did you mean status?" in shown.output) == (2, True)


def test_every_module_with_a_command_is_in_the_table() -> None:
    """Its docstring begins with the command."""
    folder = Path(cli.__file__ or "").parent
    heads = {path.stem: path.read_text(encoding="utf-8").partition("\n")[0] for path in folder.glob("*.py")}
    commands = {name.replace("_", "-") for name, head in heads.items() if head.startswith('"""`hedge ')}
    assert commands == set(COMMANDS)


@pytest.mark.parametrize("command", ["status", "healthcheck"])
def test_only_what_a_command_needs_is_loaded(command: str) -> None:
    loaded = "import sys; from hedge_strategy.cli.app import app; app(standalone_mode=False); print(*sys.modules)"
    code = loaded.replace("app(", f"app(['{command}', '--help'], ")
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not {"sqlalchemy", "hedge_strategy.simulator.server", "hedge_strategy.cli.bench"} & set(shown.stdout.split())
