"""The books of one socket: which are asked for, which are there, which must be asked for again.

A book that is late, is refused, or has a gap concerns its own market alone: it is asked for again by itself, later each
time, and the connection, which the account's other markets need, goes on. Times are milliseconds of a clock that never
goes back. What is written and confirmed belongs to the socket's thread; `top` and `is_there` may be asked from any.
"""

import re
from collections.abc import Callable, Iterable

import structlog

from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter.book import LiveBook
from hedge_strategy.venues.lighter.parse import BookChange
from hedge_strategy.venues.port import BookTop

_log = structlog.get_logger(__name__)

RESYNC_PAUSE_MS = 1_000
"""Between two fetches of one book, where each comes and has a gap; the venue takes 200 messages a minute."""
ASK_PAUSE_MAX_MS = 60_000
"""At least so often a book that does not come is asked for again."""
DOUBLINGS_MAX = 8
_NOT_ASKED = 1 << 62
_CHANNEL = re.compile(r"order_book[:/](\d+)")


class BookFeeds:
    """The books of one socket.

    Args:
        write: subscribes or unsubscribes: "subscribe" or "unsubscribe", and a market's index.
        patience_ms: a book may take so long before it is asked for again.
    """

    def __init__(self, write: Callable[[str, int], None], patience_ms: int) -> None:
        self._write = write
        self._patience_ms = patience_ms
        self._books: dict[int, LiveBook] = {}
        self._left: set[int] = set()
        self._due_at_ms: dict[int, int] = {}
        self._answer_by_ms: dict[int, int] = {}
        self._asked: dict[int, int] = {}
        self._fetched_at_ms: dict[int, int] = {}

    @property
    def indices(self) -> frozenset[int]:
        """The markets whose books are wanted."""
        return frozenset(self._books)

    def is_there(self, index: int) -> bool:
        """Whether a market's book is confirmed."""
        return index in self._books and index not in self._due_at_ms

    def is_awaiting(self, now_ms: int) -> bool:
        """Whether the venue may still answer that a book is refused."""
        return any(now_ms < by_ms for by_ms in self._answer_by_ms.values())

    def top(self, index: int, depth: int) -> BookTop:
        """The best levels from memory; empty and not live for a market that is not wanted."""
        book = self._books.get(index)
        return book.top(depth) if book is not None else BookTop((), (), is_live=False)

    def want(self, indices: Iterable[int]) -> None:
        """These are wanted, which must still be asked for."""
        for index in indices:
            self._left.discard(index)
            self._due_at_ms[index] = _NOT_ASKED
            self._books[index] = LiveBook()

    def leave(self, index: int) -> None:
        """A market is given up."""
        self._left.add(index)
        del self._books[index]
        for kept in (self._due_at_ms, self._answer_by_ms, self._asked, self._fetched_at_ms):
            kept.pop(index, None)

    def opened(self, now_ms: int) -> None:
        """A connection stands, of which nothing was asked yet."""
        self._asked.clear()
        self._answer_by_ms.clear()
        self._fetched_at_ms.clear()
        self._due_at_ms = dict.fromkeys(self._books, now_ms + self._patience_ms)

    def closed(self) -> None:
        """What is known is old from here on."""
        for book in self._books.values():
            book.invalidate()

    def ask(self, index: int, now_ms: int) -> None:
        """Asks for a book: again, where it was asked for before on this connection."""
        asked = self._asked[index] = self._asked.get(index, 0) + 1
        if asked > 1 or index in self._fetched_at_ms:
            self._write("unsubscribe", index)
        self._answer_by_ms[index] = now_ms + self._patience_ms
        pause_ms = self._patience_ms << min(asked - 1, DOUBLINGS_MAX)
        self._due_at_ms[index] = now_ms + min(pause_ms, max(ASK_PAUSE_MAX_MS, self._patience_ms))
        self._write("subscribe", index)

    def tick(self, now_ms: int) -> None:
        """Asks again for what is late or has a gap."""
        for index in [index for index, due_ms in self._due_at_ms.items() if due_ms <= now_ms]:
            if self._asked.get(index, 0) == 1:
                _log.warning("an order book was not confirmed in time, asking for it again", market_index=index)
            self.ask(index, now_ms)

    def are_all_late(self, now_ms: int) -> bool:
        """Whether not one of the books has come in time."""
        awaited = [self._due_at_ms.get(index) for index in self._books]
        return bool(awaited) and all(due_ms is not None and due_ms <= now_ms for due_ms in awaited)

    def confirmed(self, channel: str) -> int | None:
        """A subscription is confirmed; returns the index of the market whose book was awaited."""
        found = _CHANNEL.fullmatch(channel)
        index = -1 if found is None else int(found[1])
        if index not in self._due_at_ms:
            return None
        self._asked[index] = 0
        del self._due_at_ms[index]
        self._answer_by_ms.pop(index, None)
        self._fetched_at_ms.setdefault(index, -RESYNC_PAUSE_MS)
        return index

    def is_refusal(self, channel: str, words: str, now_ms: int) -> bool:
        """Whether an error of the venue speaks of a book that is awaited; it is asked for again when it is due."""
        named = [int(index) for index in _CHANNEL.findall(f"{channel} {words}")]
        for index in named:
            self._answer_by_ms.pop(index, None)
        return any(index in self._due_at_ms for index in named) or (not named and self.is_awaiting(now_ms))

    def heard(self, change: BookChange, now_ms: int, *, is_snapshot: bool) -> None:
        """Takes a book, or a change of one, in. Raises: WireError: nobody wants it."""
        index = change.market_index
        book = self._books.get(index)
        if book is None and index in self._left:
            return
        if book is None:
            raise WireError("lighter.book", f"market {index} was not asked for")
        if is_snapshot:
            book.replace(change)
        elif not book.apply(change):
            _log.warning("order book has a gap, fetching it again", market_index=index)
            due_ms = self._fetched_at_ms.get(index, -RESYNC_PAUSE_MS) + RESYNC_PAUSE_MS
            if due_ms <= now_ms:
                self._fetched_at_ms[index] = now_ms
                self.ask(index, now_ms)
            else:
                self._due_at_ms[index] = due_ms
