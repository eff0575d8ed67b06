"""A bounded, ordered memory: what has settled, newest at the end.

It holds at least `bound` items once that many were appended and at most about an eighth more: the oldest leave in
bulk, so that appending stays cheap.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SLACK_DIVISOR = 8
MIN_SLACK = 16


class RecentLog(Generic[T]):
    """Keys must rise with each append."""

    __slots__ = ("_items", "_keys", "_limit", "bound")

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self._limit = bound + max(bound // SLACK_DIVISOR, MIN_SLACK)
        self._keys: list[int] = []
        self._items: list[T] = []

    def __len__(self) -> int:
        return len(self._items)

    def append(self, key: int, item: T) -> list[T]:
        """Returns what was forgotten to make room (mostly nothing)."""
        self._keys.append(key)
        self._items.append(item)
        if len(self._items) <= self._limit:
            return []
        surplus = len(self._items) - self.bound
        forgotten = self._items[:surplus]
        del self._items[:surplus]
        del self._keys[:surplus]
        return forgotten

    def newest_first(self, before: int | None, limit: int, wanted: Callable[[T], bool] | None = None) -> list[T]:
        """Up to `limit` items with keys below `before` (None means from the newest)."""
        at = len(self._keys) if before is None else bisect_left(self._keys, before)
        found: list[T] = []
        while at > 0 and len(found) < limit:
            at -= 1
            item = self._items[at]
            if wanted is None or wanted(item):
                found.append(item)
        return found
