"""What a process asks of the system, in order: whether bytes were forced to disk shows nowhere else.

Needs `strace` and the right to trace one's own children; where either is missing the tests that ask for it are skipped.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TRACED = "fsync,fdatasync,rename,renameat,renameat2,write"
LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")


def _can_trace() -> bool:
    program = shutil.which("strace")
    if program is None:
        return False
    done = subprocess.run([program, "-o", "/dev/null", sys.executable, "-c", ""], capture_output=True, check=False)
    return done.returncode == 0


needs_strace = pytest.mark.skipif(not _can_trace(), reason="strace is not installed, or may not trace here")


def system_calls(program: str, folder: Path) -> list[tuple[str, str]]:
    """Runs a Python program with the folder as its argument; tells its calls on files: name, arguments with paths."""
    trace = folder.with_name(folder.name + ".trace")
    traced = ["strace", "-f", "-y", "-s", "200", "-e", f"trace={TRACED}", "-o", str(trace)]
    subprocess.run([*traced, sys.executable, "-c", program, str(folder)], check=True, capture_output=True)
    found = [LINE.match(line) for line in trace.read_text().splitlines()]
    return [(one[1], one[2]) for one in found if one is not None]
