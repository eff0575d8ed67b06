"""`hedge maker`: what the user can mend is one line and exit code 2, before anything is asked of Redis or the venue."""

from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from hedge_strategy.cli.maker import options_of
from hedge_strategy.config.reader import parse_config
from hedge_strategy.config.schema import Config
from hedge_strategy.errors import UserError
from hedge_strategy.wiring_maker import MakerOptions
from tests.cli.settings_file import KEYS, TEXT, write_settings

GOOD = {"--market": "BTC", "--quantity": "0.0002", "--depth": "1"}


def run(folder: Path, **changed: str) -> tuple[int, str]:
    options = GOOD | {f"--{name}": value for name, value in changed.items()}
    arguments = [text for pair in options.items() for text in pair]
    result = CliRunner().invoke(app, ["maker", *arguments, "--config", str(write_settings(folder))], env=KEYS)
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"quantity": "0"}, "--quantity 0 must be above 0"),
        ({"quantity": "-1"}, "--quantity -1 must be above 0"),
        ({"quantity": "NaN"}, "--quantity NaN must be above 0"),
        ({"quantity": "lots"}, "--quantity lots is no number"),
        ({"depth": "0"}, "--depth 0 must be 1 or more"),
        ({"depth": "-3"}, "--depth -3 must be 1 or more"),
        ({}, "Redis does not answer at 127.0.0.1:1/0"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, changed: dict[str, str], expected: str) -> None:
    code, said = run(tmp_path, **changed)
    assert code == 2
    assert expected in said
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said


def settings(*markets: str | dict[str, object]) -> Config:
    """With a key for each of these markets; without any, with one."""
    tree = yaml.safe_load(TEXT)
    if markets:
        tree["markets"] = list(markets)
        for number, account in enumerate(tree["accounts"].values()):
            del account["api_key_index"], account["api_key_private_key_env"]
            keys = enumerate(markets, start=4)
            account["api_keys"] = [{"index": index, "private_key": f"{number}{index}" * 40} for index, _ in keys]
    return parse_config(yaml.safe_dump(tree), KEYS)


BOTH = ({"symbol": "BTC", "quantity": 0.0002, "depth": 20}, {"symbol": "ETH"})


def of(options: tuple[MakerOptions, ...]) -> list[tuple[str, Decimal | None, int]]:
    return [(one.market, one.quantity, one.depth) for one in options]


def test_the_settings_say_what_the_command_line_does_not() -> None:
    assert of(options_of(settings(*BOTH), (), None, None)) == [("BTC", Decimal("0.0002"), 20), ("ETH", None, 1)]
    assert of(options_of(settings(*BOTH), ("ETH", "BTC"), None, 7)) == [
        ("ETH", None, 7),
        ("BTC", Decimal("0.0002"), 20),
    ]


def test_the_command_line_comes_first_where_one_market_is_quoted() -> None:
    size = Decimal("0.5")
    assert of(options_of(settings(*BOTH), ("BTC",), size, 3)) == [("BTC", size, 3)]
    assert of(options_of(settings(BOTH[0]), (), size, None)) == [("BTC", size, 20)]
    assert of(options_of(settings(), ("DOGE",), size, 3)) == [("DOGE", size, 3)]


@pytest.mark.parametrize(
    ("markets", "named", "quantity", "depth", "expected"),
    [
        ((), (), "1", 1, "--market is missing"),
        ((), ("BTC",), None, 1, "--quantity is missing"),
        ((), ("BTC",), "1", None, "--depth is missing"),
        ((), ("BTC", "ETH"), "1", 1, "need a list of `markets`"),
        (BOTH, ("ETH", "BTC", "ETH"), None, None, "--market ETH stands there twice"),
        (BOTH, ("ETH", "DOGE"), None, None, "DOGE is none of them: BTC, ETH"),
        (BOTH, (), "1", None, "--quantity goes with one --market"),
    ],
)
def test_what_is_missing_or_stands_there_twice_is_said(
    markets: tuple[dict[str, object], ...],
    named: tuple[str, ...],
    quantity: str | None,
    depth: int | None,
    expected: str,
) -> None:
    with pytest.raises(UserError, match=expected):
        options_of(settings(*markets), named, None if quantity is None else Decimal(quantity), depth)
