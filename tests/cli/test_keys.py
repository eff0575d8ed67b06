"""`hedge keys` as a person uses it: keys go in and out of the file, and no secret is ever printed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hedge_strategy.cli.app import app
from hedge_strategy.config.key_file import open_key_file
from hedge_strategy.config.secret import Secret

KEY, OTHER = "ab" * 40, "cd" * 40
PASSPHRASE, NEW = "correct horse battery", "another passphrase"


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGE_KEYS_PASSPHRASE", PASSPHRASE)


def keys(folder: Path, *arguments: str, said: str = "") -> Result:
    result = CliRunner().invoke(app, ["keys", *arguments, "--file", str(folder / "keys.json")], input=said)
    told = result.stdout + result.stderr
    assert not any(secret in told for secret in (KEY, OTHER, PASSPHRASE, NEW))
    assert "Traceback" not in told
    return result


def stored(folder: Path, name: str, secret: str = PASSPHRASE) -> str:
    return open_key_file(folder / "keys.json", Secret(secret)).key(name).reveal()


def test_keys_are_added_listed_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys(tmp_path, "add", "maker", said=f"{KEY}\n").exit_code == 0
    monkeypatch.setenv("SOME_KEY", OTHER)
    assert keys(tmp_path, "add", "hedger", "--from-env", "SOME_KEY").exit_code == 0
    monkeypatch.delenv("HEDGE_KEYS_PASSPHRASE")
    assert keys(tmp_path, "list").stdout.split() == ["hedger", "maker"], "no passphrase is needed"
    assert (stored(tmp_path, "maker"), stored(tmp_path, "hedger")) == (KEY, OTHER)
    monkeypatch.setenv("HEDGE_KEYS_PASSPHRASE", PASSPHRASE)
    assert keys(tmp_path, "remove", "maker").exit_code == 0
    assert keys(tmp_path, "list").stdout.split() == ["hedger"]


def test_a_rotation_takes_another_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(tmp_path, "add", "maker", said=KEY)
    monkeypatch.setenv("HEDGE_KEYS_NEW_PASSPHRASE", NEW)
    assert keys(tmp_path, "rotate").exit_code == 0
    assert stored(tmp_path, "maker", NEW) == KEY


def test_a_random_key_takes_the_place_of_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(tmp_path, "add", "maker", said=KEY)
    random_key = CliRunner().invoke(app, ["keys", "new-key"]).stdout.strip()
    monkeypatch.setenv("HEDGE_KEYS_NEW_PASSPHRASE", random_key)
    assert keys(tmp_path, "rotate", "--random-key").exit_code == 0
    monkeypatch.setenv("HEDGE_KEYS_PASSPHRASE", random_key)
    assert keys(tmp_path, "add", "hedger", said=OTHER).exit_code == 0
    assert stored(tmp_path, "hedger", random_key) == OTHER


def test_what_cannot_be_is_one_line_and_exit_code_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys(tmp_path, "list").exit_code == 2, "there is no file"
    assert keys(tmp_path, "add", "maker", said="no key").exit_code == 2
    assert not (tmp_path / "keys.json").exists()
    keys(tmp_path, "add", "maker", said=KEY)
    assert keys(tmp_path, "add", "maker", said=OTHER).exit_code == 2
    monkeypatch.setenv("HEDGE_KEYS_PASSPHRASE", "something else")
    assert keys(tmp_path, "remove", "maker").exit_code == 2
    monkeypatch.delenv("HEDGE_KEYS_PASSPHRASE")
    refused = keys(tmp_path, "remove", "maker")
    assert (refused.exit_code, "set HEDGE_KEYS_PASSPHRASE" in refused.stderr) == (2, True)
    assert stored(tmp_path, "maker") == KEY
