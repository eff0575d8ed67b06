import subprocess
import sys
from pathlib import Path

import pytest

import hedge_strategy
from hedge_strategy.cli.bench import project_folder
from hedge_strategy.errors import UserError


def test_the_bench_of_this_checkout_is_found() -> None:
    folder = project_folder(Path(hedge_strategy.__file__))
    assert (folder / "bench" / "rounds.py").is_file()


def test_without_a_checkout_it_is_said_where_the_bench_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="checkout"):
        project_folder(tmp_path / "hedge_strategy" / "__init__.py")


def test_the_command_hands_its_options_on() -> None:
    command = [sys.executable, "-m", "hedge_strategy", "bench", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for option in ("--json", "--short", "--check", "--write-docs", "--only"):
        assert option in shown
