"""Fills that could not be published yet, on disk: one file for one account and market of A, one message a line.

- A message that was appended is on disk when `append` returns, whatever ends the process or the machine after that.
- Messages are told in the order in which they were appended. Amounts are cumulative, so telling some twice after a
  crash changes nothing, and of one order only the newest need be kept when the file has grown long.
- A crash in the middle of an append leaves half a line at the end; it is cut off at the next start. It was never
  promised to anybody.

Known limit: no more than `OutboxBounds.orders_max` orders can wait, give or take a file's worth of lines.
"""

import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec

from hedge_strategy.coordination.disk import FileLock, disk_errors, file_for
from hedge_strategy.coordination.messages import FillMessage, decode_fill, encode
from hedge_strategy.domain.hedge import OrderKey
from hedge_strategy.errors import InvariantBroken, WireError
from hedge_strategy.files import OWNER_ONLY, sync_folder, write_all, write_whole


@dataclass(frozen=True, slots=True)
class OutboxBounds:
    """How long a file may grow.

    Attributes:
        lines_kept: a longer file is rewritten with the newest message of each order …
        orders_max: … of which there may be fewer than this.
    """

    lines_kept: int = 1_000
    orders_max: int = 10_000


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A message that waits.

    Attributes:
        number: for `clear_up_to`; counted up over the life of the process.
        message: to be published.
    """

    number: int
    message: FillMessage


class Outbox:
    """The fills of one account in one market that wait for Redis. Safe to share between threads.

    Args:
        folder: where the file is.
        market: A's symbol; other markets' messages are refused.
        account_index: A's account.
        bounds: how long the file may grow.

    Raises:
        UserError: another process has the file, or the folder cannot be written to.
        DiskFailed: the file cannot be read.
        InvariantBroken: what it holds before its end was not written by an outbox of this market.
    """

    def __init__(
        self,
        folder: Path,
        market: str,
        account_index: int,
        bounds: OutboxBounds = OutboxBounds(),
    ) -> None:
        self._path = file_for(folder, "outbox", market, account_index, "jsonl")
        self._market = market
        self._bounds = bounds
        self._lock = threading.Lock()
        self._file_lock = FileLock(self._path)
        self._entries: list[OutboxEntry] = []
        self._appended = 0
        self._lines = 0
        self._rewrite_at = self._bounds.lines_kept
        self._has_half_a_line = False
        with ExitStack() as undone_on_failure:
            undone_on_failure.callback(self._file_lock.close)
            self._descriptor = self._open()
            undone_on_failure.callback(os.close, self._descriptor)
            self._read()
            undone_on_failure.pop_all()

    def append(self, message: FillMessage) -> int:
        """Keeps a message; it is on disk after the return.

        Returns:
            Its number.

        Raises:
            ValueError: it is for another market.
            DiskFailed: it may or may not be kept; repeating is harmless.
            InvariantBroken: too many orders wait already.
        """
        if message.market != self._market:
            raise ValueError(f"a message for {message.market} is not kept for {self._market}")
        with self._lock:
            if self._has_half_a_line:
                self._rewrite()
            if self._lines >= self._rewrite_at:
                self._shorten()
            self._has_half_a_line = True
            with disk_errors(self._path):
                write_all(self._descriptor, encode(message) + b"\n")
                os.fsync(self._descriptor)
            self._has_half_a_line = False
            self._lines += 1
            return self._remember(message)

    def pending(self) -> tuple[OutboxEntry, ...]:
        """What waits, in the order in which it was appended."""
        with self._lock:
            return tuple(self._entries)

    def clear_up_to(self, number: int) -> None:
        """Forgets messages that are published: those with this number and all before.

        The file is shortened when nothing is left or much is done with; until then a restart tells some of them again.

        Raises:
            DiskFailed: they may be told again; repeating is harmless.
        """
        with self._lock:
            self._entries = [entry for entry in self._entries if entry.number > number]
            if not self._entries and self._lines:
                with disk_errors(self._path):
                    os.ftruncate(self._descriptor, 0)
                    os.fsync(self._descriptor)
                self._lines, self._rewrite_at = 0, self._bounds.lines_kept
            elif self._lines - len(self._entries) >= self._bounds.lines_kept:
                self._rewrite()

    def close(self) -> None:
        """Lets other processes have the file; what waits stays in it."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
            self._file_lock.close()

    def _open(self) -> int:
        with disk_errors(self._path):
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, OWNER_ONLY)
            sync_folder(self._path)
            return descriptor

    def _read(self) -> None:
        with disk_errors(self._path):
            content = self._path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                os.ftruncate(self._descriptor, whole)
                os.fsync(self._descriptor)
        for line in content[:whole].splitlines():
            try:
                self._remember(decode_fill(line, self._market))
            except WireError as error:
                raise InvariantBroken(f"{self._path}: line {self._lines + 1} is damaged: {error}") from error
            self._lines += 1

    def _remember(self, message: FillMessage) -> int:
        self._appended += 1
        self._entries.append(OutboxEntry(self._appended, message))
        return self._appended

    def _shorten(self) -> None:
        """Keeps the newest message of each order, where its newest stood."""
        newest: dict[OrderKey, OutboxEntry] = {}
        for entry in self._entries:
            earlier = newest.pop(entry.message.order, None)
            message = _larger(earlier.message, entry.message) if earlier else entry.message
            newest[entry.message.order] = OutboxEntry(entry.number, message)
        if len(newest) >= self._bounds.orders_max:
            raise InvariantBroken(f"{self._path}: {len(newest)} orders with fills wait for Redis already")
        self._entries = list(newest.values())
        self._rewrite()

    def _rewrite(self) -> None:
        with disk_errors(self._path):
            write_whole(self._path, b"".join(encode(entry.message) + b"\n" for entry in self._entries))
        replaced, self._descriptor = self._descriptor, self._open()
        os.close(replaced)
        self._has_half_a_line = False
        self._lines = len(self._entries)
        self._rewrite_at = max(self._bounds.lines_kept, 2 * self._lines)


def _larger(earlier: FillMessage, later: FillMessage) -> FillMessage:
    """The message with the larger amount; an end that either of them tells is kept."""
    grew = Decimal(later.filled_base_amount) >= Decimal(earlier.filled_base_amount)
    chosen = later if grew else earlier
    return msgspec.structs.replace(chosen, is_final=earlier.is_final or later.is_final)
