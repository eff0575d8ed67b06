"""What A wants to rest on the book, decided from its position and the book alone. Pure.

- Holding enough to rest an order on: close it, at level `depth` of the other side (long: sell at the asks).
- Otherwise, flat or with less than may rest: buy `quantity` at level `depth` of the bids. A remainder below the
  venue's minimum is thus carried into the next round instead of being refused for ever.

Quotes are post-only: a maker never takes. A book that is not live or not deep enough is waited for, with a reason.
"""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import Side
from hedge_strategy.venues.port import BookTop


@dataclass(frozen=True, slots=True)
class QuoteRule:
    """What the user asked for on the command line.

    Attributes:
        market: where.
        quantity: size of an opening order, base units.
        depth: level of the book to rest at, 1 being the best.
    """

    market: Market
    quantity: Decimal
    depth: int


@dataclass(frozen=True, slots=True)
class Quote:
    """An order that should rest now."""

    side: Side
    size: Decimal
    price: Decimal
    reduce_only: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing should rest now, and why."""

    reason: str


def decide_quote(rule: QuoteRule, position: Decimal, book: BookTop) -> Quote | Wait:
    """Decides the next order.

    Args:
        rule: market, quantity, depth.
        position: signed size held, base units.
        book: at least `depth` levels where the market has them, without an order of ours.

    Returns:
        The order to rest, or why to wait.
    """
    if not book.is_live:
        return Wait("the order book is being fetched")
    closing = Side.SELL if position > 0 else Side.BUY
    closing_price = _price_at(book, closing, rule.depth)
    if position and closing_price is not None and rule.market.may_rest(abs(position), closing_price):
        return Quote(closing, abs(position), closing_price, reduce_only=True)
    price = _price_at(book, Side.BUY, rule.depth)
    if price is None or (position and closing_price is None):
        side = closing if position else Side.BUY
        return Wait(f"depth {rule.depth} is beyond the book: {len(book.levels(side))} levels on the {side} side")
    if not rule.market.may_rest(rule.quantity, price):
        return Wait(f"quantity {rule.quantity} at {price} is below the venue's minimum for resting orders")
    return Quote(Side.BUY, rule.quantity, price, reduce_only=False)


def _price_at(book: BookTop, side: Side, depth: int) -> Decimal | None:
    levels = book.levels(side)
    return levels[depth - 1][0] if len(levels) >= depth else None
