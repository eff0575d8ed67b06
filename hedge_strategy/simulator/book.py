"""The order book of one market: price first, then time of arrival at that price.

Invariants: a level exists only with orders in it; its size is the sum of their remaining sizes; an order is in at most
one level. The book does not judge: crossing orders are the matcher's matter.
"""

from collections import OrderedDict
from collections.abc import Iterator

from sortedcontainers import SortedDict

from hedge_strategy.simulator.orders import LiveOrder


class Level:
    """All orders at one price, oldest first."""

    __slots__ = ("orders", "price", "size")

    def __init__(self, price: int) -> None:
        self.price = price
        self.size = 0
        self.orders: OrderedDict[int, LiveOrder] = OrderedDict()


class BookSide:
    """Asks from low to high, bids from high to low."""

    __slots__ = ("_levels", "_sign", "order_count")

    def __init__(self, is_ask: bool) -> None:
        self._sign = 1 if is_ask else -1
        self._levels: SortedDict = SortedDict()
        self.order_count = 0

    def add(self, order: LiveOrder) -> None:
        """Queues the order behind the others of its price."""
        key = order.price * self._sign
        level: Level | None = self._levels.get(key)
        if level is None:
            level = self._levels[key] = Level(order.price)
        level.orders[order.order_index] = order
        level.size += order.remaining
        self.order_count += 1
        order.is_resting = True

    def remove(self, order: LiveOrder) -> None:
        """Takes the order out, with what remains of it. Raises KeyError when it is not here."""
        key = order.price * self._sign
        level: Level = self._levels[key]
        del level.orders[order.order_index]
        level.size -= order.remaining
        self.order_count -= 1
        order.is_resting = False
        if not level.orders:
            del self._levels[key]

    def reduce(self, order: LiveOrder, base: int) -> None:
        """Shrinks a resting order in place; its turn stays."""
        level: Level = self._levels[order.price * self._sign]
        level.size -= base
        order.remaining -= base

    def best(self) -> LiveOrder | None:
        """The order that trades next."""
        if not self._levels:
            return None
        level: Level = self._levels.peekitem(0)[1]
        return next(iter(level.orders.values()))

    def best_price(self) -> int | None:
        if not self._levels:
            return None
        price: int = self._levels.peekitem(0)[0] * self._sign
        return price

    def size_at(self, price: int) -> int:
        """0 when nothing rests there."""
        level: Level | None = self._levels.get(price * self._sign)
        return 0 if level is None else level.size

    def levels(self) -> Iterator[Level]:
        """Best first."""
        return iter(self._levels.values())

    def orders(self) -> Iterator[LiveOrder]:
        """In the order in which they would trade."""
        for level in self._levels.values():
            yield from level.orders.values()


class Book:
    """Both sides of one market."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.asks = BookSide(is_ask=True)
        self.bids = BookSide(is_ask=False)

    def side(self, is_ask: bool) -> BookSide:
        return self.asks if is_ask else self.bids

    def crosses(self, is_ask: bool, price: int) -> bool:
        """Whether a limit order at this price would meet the other side."""
        best = self.side(not is_ask).best_price()
        if best is None:
            return False
        return best >= price if is_ask else best <= price

    def mid_price(self) -> int:
        """0 when a side is empty."""
        bid, ask = self.bids.best_price(), self.asks.best_price()
        return 0 if bid is None or ask is None else (bid + ask) // 2
