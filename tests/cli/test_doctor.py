"""`hedge doctor`: its lines, its JSON and its exit codes."""

import json
from pathlib import Path

from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from tests.cli.settings_file import KEYS, write_settings


def test_what_fails_is_told_in_lines_and_by_the_exit_code(tmp_path: Path) -> None:
    path = str(write_settings(tmp_path))
    shown = CliRunner().invoke(app, ["doctor", "--config", path], env=KEYS)
    assert shown.exit_code == 1
    assert "ok    settings: " in shown.stdout
    assert "fail  Redis: " in shown.stdout
    as_json = CliRunner().invoke(app, ["doctor", "--config", path, "--json"], env=KEYS)
    told = json.loads(as_json.stdout)
    assert (as_json.exit_code, told["grade"], told["findings"][0]["subject"]) == (1, "fail", "settings")
    assert {"grade", "subject", "words", "mend"} == set(told["findings"][0])


def test_settings_that_cannot_be_are_one_line_and_exit_code_2(tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "none.yaml")], env=KEYS)
    assert (refused.exit_code, len(refused.stderr.strip().splitlines())) == (2, 1)
