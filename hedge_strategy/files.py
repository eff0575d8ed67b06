"""Files that a crash at any moment leaves whole: the old content or the new one, readable by their owner alone.

Known limit: no promise on network file systems that do not force writes.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

OWNER_ONLY = 0o600


def write_whole(path: Path, content: bytes) -> None:
    """Puts content in place of a file's, so that a crash leaves the one or the other, and after the return the new one.

    Only this user may read the new one. A crash may leave a file beside it, which nobody reads.

    Raises:
        OSError: the old content or the new one is there.
    """
    # A name of its own: two processes may write the same file at the same moment.
    descriptor, name = tempfile.mkstemp(suffix=".new", prefix=path.name + ".", dir=path.parent)
    beside = Path(name)
    with ExitStack() as undone_on_failure:
        undone_on_failure.callback(beside.unlink)
        try:
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
        undone_on_failure.pop_all()
    sync_folder(path)


def write_all(descriptor: int, content: bytes) -> None:
    """Writes to the last byte; the system may take less at a time.

    Raises:
        OSError: part of it may be written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(path: Path) -> None:
    """Forces to disk which files a file's folder holds.

    Raises:
        OSError: it may or may not be so.
    """
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
