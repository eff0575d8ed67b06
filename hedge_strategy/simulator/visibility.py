"""What history shows and when: lag, filters and pages (venue fact sheet 4.2).

Promise: an item becomes visible once it is older than the lag and stays visible; a page never repeats an item of the
page before. Pure. Known limit: an item hidden by lag when its page was read is not on a later page either, as on the
venue; look again from the start.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from hedge_strategy.simulator.faults import MAX_HISTORY_LAG_S, Fault, fraction_of

T = TypeVar("T")

MAX_PAGES = 600
PAGE = 100


class Lag:
    """How long what happened stays invisible to one request."""

    def __init__(self, delay_ms: int, fault: Fault | None) -> None:
        self._base_ns = delay_ms * 1_000_000
        self._fault = fault

    def hides(self, happened_ns: int, number: int, now_ns: int) -> bool:
        """Whether the item with this number is still hidden."""
        return now_ns - happened_ns < self._base_ns + self._fault_ns(number)

    def _fault_ns(self, number: int) -> int:
        if self._fault is None:
            return 0
        if self._fault.request.seconds is not None:
            return int(self._fault.request.seconds * 1e9)
        return int(fraction_of(self._fault.seed, number) * MAX_HISTORY_LAG_S * 1e9)


class Page(Generic[T]):
    """A page and the cursor of the next one; None when there is no more."""

    def __init__(self, items: list[T], next_cursor: str | None) -> None:
        self.items = items
        self.next_cursor = next_cursor


def read_page(
    fetch: Callable[[int | None, int], Sequence[T]],
    wanted: Callable[[T], bool],
    number: Callable[[T], int],
    cursor: int | None,
    limit: int,
) -> Page[T]:
    """The next `limit` wanted items, newest first. `fetch(before, limit)` reads them, `number` is their cursor."""
    found: list[T] = []
    before = cursor
    for _ in range(MAX_PAGES):
        batch = fetch(before, PAGE)
        for item in batch:
            if wanted(item):
                found.append(item)
                if len(found) == limit:
                    return Page(found, str(number(item)))
        if len(batch) < PAGE:
            return Page(found, None)
        before = number(batch[-1])
    return Page(found, None if before is None else str(before))


def read_page_ascending(
    fetch: Callable[[int | None, int], Sequence[T]],
    wanted: Callable[[T], bool],
    number: Callable[[T], int],
    cursor: int | None,
    limit: int,
) -> Page[T]:
    """As `read_page`, oldest first: the items after the cursor."""
    everything = read_page(fetch, wanted, number, None, MAX_PAGES * PAGE).items
    later = [item for item in reversed(everything) if cursor is None or number(item) > cursor]
    shown = later[:limit]
    return Page(shown, str(number(shown[-1])) if len(later) > limit else None)
