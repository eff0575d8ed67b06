"""`hedge maker`: what the user can mend is one line and exit code 2, before anything is asked of Redis or the venue."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedge_strategy.cli.app import app
from tests.cli.settings_file import KEYS, write_settings

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
