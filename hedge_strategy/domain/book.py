"""An order book side by side: a snapshot with changes applied, level by level.

Immutable views are cheap to take (`top`), the book itself is changed in place by its one owner under that owner's
lock. Prices and sizes are `Decimal`; a level of size 0 is gone.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from decimal import Decimal

from hedge_strategy.domain.order import Side

Level = tuple[Decimal, Decimal]


class BookSide:
    """One side's levels, best first."""

    def __init__(self, side: Side) -> None:
        """Args: side: BUY for bids (highest first), SELL for asks (lowest first)."""
        self._sign = -1 if side is Side.BUY else 1
        self._sizes: dict[Decimal, Decimal] = {}
        self._keys: list[Decimal] = []

    def __len__(self) -> int:
        return len(self._keys)

    def replace(self, levels: Iterable[Level]) -> None:
        """Forgets everything and takes these levels, in any order; of one price named twice the later counts."""
        self._sizes = {price: size for price, size in dict(levels).items() if size > 0}
        self._keys = sorted(price * self._sign for price in self._sizes)

    def set_level(self, price: Decimal, size: Decimal) -> None:
        """Sets the size at a price; 0 removes the level, and removing what is not there is no error."""
        known = price in self._sizes
        key = price * self._sign
        if size <= 0:
            if known:
                del self._sizes[price]
                del self._keys[bisect_left(self._keys, key)]
            return
        if not known:
            insort(self._keys, key)
        self._sizes[price] = size

    def level(self, depth: int) -> Level | None:
        """The `depth`-th level, 1 being the best; None where the side is not that deep."""
        if not 1 <= depth <= len(self._keys):
            return None
        price = self._keys[depth - 1] * self._sign
        return price, self._sizes[price]

    def top(self, depth: int) -> tuple[Level, ...]:
        """The best `depth` levels, best first."""
        prices = (key * self._sign for key in self._keys[:depth])
        return tuple((price, self._sizes[price]) for price in prices)


class OrderBook:
    """Both sides of one market. Not thread-safe: its owner holds a lock."""

    def __init__(self) -> None:
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)

    def side(self, side: Side) -> BookSide:
        """The levels on which an order of that side would rest."""
        return self.bids if side is Side.BUY else self.asks
