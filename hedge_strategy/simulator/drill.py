"""Fills of one user's orders at a given pace, for measuring: a market that stands still but for these. Pure.

Each fill is one step of the exchange, so that nobody can act in between: the house steps back behind the user's order,
a house taker takes from it, and the house is in front again. So a hedge of the fill meets the house, never the order.

- The user's order must rest at the second level of the book (a maker's depth 2), where the house rests too.
- `lots` None takes the whole order, a number takes so much of it.
- `first_client_order_index` makes the orders too: each fill is of an order that is placed for the user and taken whole
  in the same step, numbered from there on. A maker that quotes one order at a time cannot be filled so often.

Where no order rests when a fill is due, it comes as soon as one does, and the pace begins anew there; where only the
exchange itself is late, the next fill is due as if it had not been, but no sooner than half an interval after.

Known limit: one drill at a time in one market.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from hedge_strategy.simulator.flow import Action, BookView, IndexPrice, Ladder, LadderLevel, Take, UserOrder
from hedge_strategy.simulator.markets import Market

NANOSECONDS: Final = 1_000_000_000
LEVELS: Final = 6
IN_FRONT: Final = 2
"""Levels of the house that step back."""
LOOK_NS: Final = 1_000_000
MAX_FILLS: Final = 100_000
LEVEL_USD: Final = 2_000_000
SPACING_PPM: Final = 20


class DrillRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is asked for. Raises ValueError for numbers that cannot be."""

    market_index: int
    account_index: int
    fills: int
    per_s: float
    lots: int | None = None
    first_client_order_index: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.fills <= MAX_FILLS or not 0 < self.per_s <= NANOSECONDS:
            raise ValueError(f"fills 0..{MAX_FILLS} and per_s above 0")
        if self.lots is not None and self.lots < 1:
            raise ValueError("lots must be 1 or more")
        if self.first_client_order_index is not None and self.lots is None:
            raise ValueError("lots must be given where orders are placed too")


class DrillFlow:
    """A still market at one price, and drills in it.

    Args:
        market: which.
        price: its price, in ticks.
        now_ns: from when on.
    """

    def __init__(self, market: Market, price: int, now_ns: int) -> None:
        self._market = market
        self._price = price
        spacing = max(1, price * SPACING_PPM // 1_000_000)
        base = max(1, LEVEL_USD * 1_000_000 // market.quote(1, price))
        self._base = base
        steps = range(1, LEVELS + 1)
        self._bids = tuple(LadderLevel(price - step * spacing, base, base) for step in steps)
        self._asks = tuple(LadderLevel(price + step * spacing, base, base) for step in steps)
        self._due_ns: int | None = now_ns
        self._drill: DrillRequest | None = None
        self._is_open = False
        self.done = 0
        """Fills of the drill so far."""

    @property
    def market_index(self) -> int:
        """Which market stands still."""
        return self._market.market_index

    @property
    def left(self) -> int:
        """Fills of the drill that are still to come."""
        return self._drill.fills - self.done if self._drill is not None else 0

    def begin(self, drill: DrillRequest, now_ns: int) -> None:
        """Starts a drill; one that is not over ends here."""
        self._drill, self.done = drill, 0
        self._due_ns = now_ns if drill.fills else None

    def next_due_ns(self) -> int | None:
        """When the next fill is due."""
        return self._due_ns

    def step(self, now_ns: int, book: BookView) -> Iterator[Action]:
        """One fill, or a look whether an order rests by now."""
        if not self._is_open:
            self._is_open, self._due_ns = True, None
            yield IndexPrice(self._market.market_index, self._price)
            yield self._ladder()
        drill, due_ns = self._drill, self._due_ns or now_ns
        if drill is None or not self.left:
            self._due_ns = None
            return
        is_ask = self._side_of_fill(drill, book)
        if is_ask is None:
            self._due_ns = now_ns + LOOK_NS
            return
        yield from self._fill(drill, is_ask, book)
        self.done += 1
        interval_ns = round(NANOSECONDS / drill.per_s)
        self._due_ns = max(due_ns + interval_ns, now_ns + interval_ns // 2) if self.left else None

    def _side_of_fill(self, drill: DrillRequest, book: BookView) -> bool | None:
        """Which of the user's sides is filled next; None while nothing rests there."""
        if drill.first_client_order_index is not None:
            return self.done % 2 == 1
        for is_ask in (False, True):
            if self._resting(is_ask, book):
                return is_ask
        return None

    def _resting(self, is_ask: bool, book: BookView) -> int:
        """What the user rests, in lots, while the house stands in front."""
        level = (self._asks if is_ask else self._bids)[IN_FRONT - 1]
        found = [
            one.size for one in book.levels(self._market.market_index, is_ask, IN_FRONT) if one.price == level.price
        ]
        return found[0] - self._base if found else 0

    def _fill(self, drill: DrillRequest, is_ask: bool, book: BookView) -> Iterator[Action]:
        resting = self._resting(is_ask, book)
        levels = self._asks if is_ask else self._bids
        price, lots = levels[IN_FRONT - 1].price, resting if drill.lots is None else drill.lots
        yield self._ladder(None if is_ask else IN_FRONT, IN_FRONT if is_ask else None)
        index = self._market.market_index
        if drill.first_client_order_index is not None:
            price = levels[0].price  # in front of what the user rests
            yield UserOrder(drill.account_index, index, is_ask, lots, price, drill.first_client_order_index + self.done)
            resting = lots
        yield Take(index, not is_ask, min(lots, resting), price)
        yield self._ladder()

    def _ladder(self, bids_back: int | None = None, asks_back: int | None = None) -> Ladder:
        return Ladder(self._market.market_index, self._bids[bids_back or 0 :], self._asks[asks_back or 0 :])
