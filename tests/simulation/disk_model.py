"""A process's records on disk: they outlive its crashes, and the loss of everything in Redis."""

from collections.abc import Callable
from typing import Generic, TypeVar

from hedge_strategy.errors import DiskFailed

_Kept = TypeVar("_Kept")


class DiskModel(Generic[_Kept]):
    """As `DiskRecord`.

    Args:
        fails: asked at each save; True where the disk does not take it.
    """

    def __init__(self, fails: Callable[[], bool] = lambda: False) -> None:
        self._fails = fails
        self._record: _Kept | None = None
        self.first: _Kept | None = None
        """What was saved before all else."""

    def load(self) -> _Kept | None:
        """As `DiskRecord.load`."""
        return self._record

    def save(self, record: _Kept) -> None:
        """As `DiskRecord.save`."""
        if self._fails():
            raise DiskFailed("the disk is full")
        self._record = record
        self.first = self.first or record

    def close(self) -> None:
        """As `DiskRecord.close`."""
