"""One market's book, kept from a snapshot and changes, with the chain of nonces checked.

Each change says on which nonce it builds (venue fact sheet 3.3). A change that was applied before is skipped, one that
leaves a gap makes the book old until the next snapshot; `top` then says so. The socket's thread writes, any reads.
"""

import threading

from hedge_strategy.domain.book import OrderBook
from hedge_strategy.venues.lighter.parse import BookChange
from hedge_strategy.venues.port import BookTop


class LiveBook:
    """The book of one market. Thread-safe."""

    def __init__(self) -> None:
        self._book = OrderBook()
        self._nonce = 0
        self._is_live = False
        self._lock = threading.Lock()

    @property
    def is_live(self) -> bool:
        """Whether the book follows the venue without a gap."""
        return self._is_live

    def replace(self, snapshot: BookChange) -> None:
        """Takes a snapshot: the book is live from here on."""
        with self._lock:
            self._book.bids.replace(snapshot.bids)
            self._book.asks.replace(snapshot.asks)
            self._nonce = snapshot.nonce
            self._is_live = True

    def apply(self, change: BookChange) -> bool:
        """Applies a change.

        Returns:
            False where this change shows for the first time that one before it is missing: fetch the book again.
        """
        with self._lock:
            if not self._is_live or change.nonce <= self._nonce:
                return True
            if change.begin_nonce != self._nonce:
                self._is_live = False
                return False
            for price, size in change.bids:
                self._book.bids.set_level(price, size)
            for price, size in change.asks:
                self._book.asks.set_level(price, size)
            self._nonce = change.nonce
            return True

    def invalidate(self) -> None:
        """The prices are old until the next snapshot."""
        with self._lock:
            self._is_live = False

    def top(self, depth: int) -> BookTop:
        """The best levels as last known."""
        with self._lock:
            return BookTop(self._book.bids.top(depth), self._book.asks.top(depth), self._is_live)
