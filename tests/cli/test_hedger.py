"""`hedge hedger`: what the user can mend is one line and exit code 2."""

from pathlib import Path

from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from tests.cli.settings_file import KEYS, write_settings


def test_redis_not_there_is_one_line(tmp_path: Path) -> None:
    arguments = ["hedger", "--market", "BTC", "--config", str(write_settings(tmp_path))]
    result = CliRunner().invoke(app, arguments, env=KEYS)
    assert result.exit_code == 2
    assert "Redis does not answer at 127.0.0.1:1/0" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["hedger", "--market", "BTC", "--config", str(tmp_path / "none.yaml")])
    assert result.exit_code == 2
    assert "none.yaml does not exist" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
