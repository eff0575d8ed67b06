"""What a process must still know when Redis has forgotten: small JSON records on disk, each in a file of its own.

- A crash at any moment, also of the machine, leaves the old record or the new one, whole: the new one is written beside
  it, forced to disk, and put in its place in one step, which is forced to disk too.
- A file belongs to one process: a lock, which ends with the process however that ends, keeps all others out.

Known limits: POSIX only (`fcntl`); no promise on network file systems that ignore locks or do not force writes.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec

from hedge_strategy.coordination.checkpoint import Checkpoint
from hedge_strategy.coordination.flattened import Flattened
from hedge_strategy.errors import DiskFailed, InvariantBroken, UserError
from hedge_strategy.files import OWNER_ONLY, write_whole

_PROCESS_ID_BYTES = 32


class HedgerMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What a hedger remembers of the ledger of one market.

    Attributes:
        epoch: of the ledger it last worked on.
        sequence: the highest that it was told of that epoch.
        trade_id: A's trades up to this one are hedged, and belong to orders that can fill no further.
        saved_at_ms: unix ms.
        redis_run_id: which start of Redis it was; a restarted one may lack changes that came after this was saved.
        net_at_baseline: A's plus B's position when this system's history began, base units, decimal text.
        hedge_trade_id: B's trades up to this one are done with too; only a flattening tells.
        flattened: the newest flattening of the market that this hedger knows of.
        origin: the first epoch, from which this one was rebuilt, however often; empty where not known.
    """

    epoch: str
    sequence: int
    trade_id: int
    saved_at_ms: int
    redis_run_id: str = ""
    net_at_baseline: str = "0"
    hedge_trade_id: int = 0
    flattened: Flattened | None = None
    origin: str = ""

    def after(self, flattened: Flattened) -> "HedgerMemory":
        """The same once a market was flattened; while that is not done, only that it was begun."""
        if not flattened.is_done:
            return msgspec.structs.replace(self, flattened=flattened)
        return msgspec.structs.replace(
            self,
            trade_id=max(self.trade_id, flattened.trade_id),
            hedge_trade_id=max(self.hedge_trade_id, flattened.hedge_trade_id),
            net_at_baseline="0",
            flattened=flattened,
        )


class KeptCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The user's newest command that an A has obeyed, so that a pause outlives both A and Redis.

    Attributes:
        command_id: its name.
        wants_pause: True for pause and flatten.
        reason: who gave it and why.
    """

    command_id: str
    wants_pause: bool
    reason: str


class FileLock:
    """Makes a file this process's own until `close`, or until the process ends.

    Args:
        path: the file; the lock itself is a file beside it, which stays.

    Raises:
        UserError: another process has it, or its folder cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        lock = path.with_name(path.name + ".lock")
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        except OSError as error:
            raise UserError(f"{path.parent} must be a folder that this user may write to: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, _PROCESS_ID_BYTES, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise UserError(
                f"{path} is in use by another process ({holder}): one A runs per account and market. Stop that one "
                "first; another folder is no way out, since what A has seen and not yet published is kept in this one"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def close(self) -> None:
        """Lets others have the file; more than once is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns the system's errors into ours.

    Raises:
        DiskFailed: names the file.
    """
    try:
        yield
    except OSError as error:
        raise DiskFailed(f"{path}: {error.strerror or error}") from error


_Kept = TypeVar("_Kept", bound=msgspec.Struct)


def read_record(path: Path, kind: type[_Kept]) -> _Kept | None:
    """Reads a record without owning its file.

    Returns:
        None where there is none.

    Raises:
        DiskFailed: it cannot be read.
        InvariantBroken: what stands there is no such record.
    """
    with disk_errors(path):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvariantBroken(f"{path} is damaged: {error}") from error


class DiskRecord(Generic[_Kept]):
    """One record in one file, which belongs to this process. Safe to share between threads.

    Args:
        path: the file.
        kind: what it holds.
        is_shared: True: no lock is taken; who may write is settled elsewhere.

    Raises:
        UserError: another process has it, or its folder cannot be written to.
    """

    def __init__(self, path: Path, kind: type[_Kept], *, is_shared: bool = False) -> None:
        self._path = path
        self._kind = kind
        self._lock = threading.Lock()
        self._file_lock = None if is_shared else FileLock(path)

    def load(self) -> _Kept | None:
        """The record; None where none was ever saved.

        Raises:
            DiskFailed: it cannot be read.
            InvariantBroken: what stands there is no such record.
        """
        return read_record(self._path, self._kind)

    def save(self, record: _Kept) -> None:
        """Puts a record in place of the one before; it is on disk after the return.

        Raises:
            DiskFailed: the old one or the new one is there; repeating is harmless.
        """
        with self._lock, disk_errors(self._path):
            write_whole(self._path, msgspec.json.encode(record) + b"\n")

    def close(self) -> None:
        """Lets other processes have the file."""
        if self._file_lock is not None:
            self._file_lock.close()


def maker_checkpoint(folder: Path, market: str, account_index: int) -> DiskRecord[Checkpoint]:
    """Where A's history in a market begins and how far it is handled, so that Redis alone cannot forget it.

    Raises:
        UserError: another process has it, or the folder cannot be written to.
    """
    return DiskRecord(file_for(folder, "maker", market, account_index), Checkpoint)


def maker_command(folder: Path, market: str, account_index: int) -> DiskRecord[KeptCommand]:
    """What the user wanted of A last; the file belongs to whoever has A's checkpoint."""
    return DiskRecord(file_for(folder, "command", market, account_index), KeptCommand, is_shared=True)


def hedger_memory(folder: Path, market: str, account_index: int) -> DiskRecord[HedgerMemory]:
    """What B remembers of the ledger of a market.

    A second hedger of the market may wait beside the first, so the file may be shared. The owner of the market's lease
    writes what it knows, one that waits copies that. What an owner writes that has lost the lease without knowing leads
    to a recount at worst.

    Raises:
        UserError: the folder cannot be written to.
    """
    path = file_for(folder, "hedger", market, account_index)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} must be a folder that this user may write to: {error.strerror}") from error
    return DiskRecord(path, HedgerMemory, is_shared=True)


def file_for(folder: Path, role: str, market: str, account_index: int, suffix: str = "json") -> Path:
    """The name of a file of one account in one market; symbols may hold a slash."""
    return folder / f"{role}-{quote(market, safe='')}-{account_index}.{suffix}"
