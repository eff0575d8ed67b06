"""Debian's promtool, which says whether Prometheus would take a file."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"


def promtool(*arguments: str | Path) -> str:
    """Runs it in the folder of the rules; fails with what it says where it does not pass.

    Returns:
        All that it printed.
    """
    program = shutil.which("promtool")
    if program is None:
        lacking = "promtool is missing, so the rules of Prometheus are NOT checked: apt-get install prometheus"
        if os.environ.get("CI"):
            pytest.skip(lacking)
        pytest.fail(lacking, pytrace=False)
    done = subprocess.run([program, *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=110, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
