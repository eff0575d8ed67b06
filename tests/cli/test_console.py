"""`hedge console`: its password, and its mistakes in one line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hedge_strategy.cli.app import app
from hedge_strategy.console.passwords import is_password, read_hash
from tests.cli.settings_file import KEYS, TEXT, write_settings


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    return write_settings(tmp_path, f"{TEXT}state_dir: {tmp_path / 'state'}\n")


def run(path: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["console", *arguments, "--config", str(path)], input=typed)


def test_a_password_is_set_from_standard_input_and_shown_nowhere(path: Path, tmp_path: Path) -> None:
    done = run(path, "set-password", typed="correct horse battery\n")
    assert done.exit_code == 0, done.output
    assert "correct horse" not in done.output
    kept = read_hash(tmp_path / "state")
    assert kept is not None
    assert is_password(kept, "correct horse battery")


def test_the_hash_may_be_printed_for_another_place(path: Path, tmp_path: Path) -> None:
    done = run(path, "set-password", "--print", typed="correct horse battery\n")
    assert done.stdout.startswith("$argon2id$")
    assert read_hash(tmp_path / "state") is None


def test_mistakes_are_one_line(path: Path) -> None:
    short = run(path, "set-password", typed="short\n")
    assert (short.exit_code, "10 to 256" in short.stderr) == (2, True)
    assert run(path, "--listen", "8080").exit_code == 2
    nobody = run(path)
    assert (nobody.exit_code, "Redis" in nobody.stderr) == (2, True)
