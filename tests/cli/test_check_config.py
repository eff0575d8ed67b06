"""`hedge check-config`: says what the settings come to, and never shows a key."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from tests.cli.settings_file import KEYS, TEXT, write_settings


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_settings_are_shown_without_keys(tmp_path: Path, form: list[str]) -> None:
    arguments = ["check-config", "--offline", "--config", str(write_settings(tmp_path)), *form]
    result = CliRunner().invoke(app, arguments, env=KEYS)
    assert result.exit_code == 0
    assert not any(key in result.output for key in KEYS.values())
    if form:
        shown = json.loads(result.stdout)
        assert shown["ok"] is True
        assert shown["config"]["account_a"]["account_index"] == 1
        assert shown["config"]["strategy"]["max_slippage"] == "0.005"
    else:
        assert "max_slippage: 0.005" in result.stdout


def test_an_unknown_key_is_named_with_its_path(tmp_path: Path) -> None:
    path = write_settings(tmp_path, TEXT.replace("redis: {host", "redis: {hots"))
    result = CliRunner().invoke(app, ["check-config", "--offline", "--config", str(path)], env=KEYS)
    assert result.exit_code == 2
    assert "redis.hots: unknown key; did you mean host?" in result.stderr


def test_what_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check-config", "--config", str(write_settings(tmp_path))], env=KEYS)
    assert result.exit_code == 2
    assert "Redis does not answer" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_markets_are_shown_with_the_keys_that_sign_there(tmp_path: Path) -> None:
    text = TEXT + "markets: [{symbol: BTC, quantity: 0.0002}]\n"
    shown = CliRunner().invoke(
        app, ["check-config", "--offline", "--config", str(write_settings(tmp_path, text))], env=KEYS
    )
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "markets:\n  BTC: A's API key 4, B's 4, quantity 0.0002\n" in shown.stdout


def test_two_markets_on_one_key_are_one_line(tmp_path: Path) -> None:
    path = write_settings(tmp_path, TEXT + "markets: [BTC, ETH]\n")
    refused = CliRunner().invoke(app, ["check-config", "--offline", "--config", str(path)], env=KEYS)
    assert refused.exit_code == 2
    assert "each market needs a key of its own; keys: 1, markets: 2" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
