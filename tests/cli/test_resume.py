"""`hedge resume`: what it does is tested in `test_giving`; here, that a Redis that is away is one line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from tests.cli.settings_file import KEYS, write_settings


def test_a_redis_that_is_away_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    shown = CliRunner().invoke(app, ["resume", "--config", str(write_settings(tmp_path))])
    assert shown.exit_code == 2
    assert shown.output.startswith("hedge resume: ")
    assert len(shown.output.splitlines()) == 1
