"""A PostgreSQL server of its own on a socket in a folder of its own; nothing where none is installed.

PostgreSQL refuses to run as root; there it runs as `nobody`.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.polling import wait_until

START_WITHIN_S = 30
OWNER = "nobody"


def programs() -> Path | None:
    """The folder of its programs; None where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


@contextmanager
def running_postgres(bin_folder: Path) -> Iterator[str]:
    """The URL of an empty database."""
    owner: dict[str, Any] = {"user": OWNER} if os.geteuid() == 0 else {}
    if owner:
        owner["group"] = int(subprocess.check_output(["id", "-g", OWNER]))
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if owner:
            shutil.chown(folder, OWNER, owner["group"])
        data = folder / "data"
        quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **owner}
        made = [str(bin_folder / "initdb"), "-D", str(data), "-U", "hedge", "-A", "trust", "--no-sync"]
        subprocess.run(made, check=True, **quiet)
        settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-k", str(folder)]
        server = subprocess.Popen([str(bin_folder / "postgres"), "-D", str(data), *settings], **quiet)
        try:
            wait_until(lambda: _answers(folder), "PostgreSQL", deadline_s=START_WITHIN_S)
            yield f"postgresql+psycopg://hedge@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)  # it ends whoever is still connected
            server.wait(START_WITHIN_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _answers(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), user="hedge", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True
