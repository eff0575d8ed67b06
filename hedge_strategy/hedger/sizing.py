"""From a claim to the order that hedges it: other side, same size, worst price. Pure.

The bound on the price is measured from the best price on the hedging venue as it is now, and from the fill's own
price only where the book is not live: a market that has moved since the fill must still be hedged, a thin book must
not be swept.
"""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.hedge import Claim
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderIntent, OrderKind, Side
from hedge_strategy.venues.port import BookTop


@dataclass(frozen=True, slots=True)
class HedgeRule:
    """What sizes and bounds a hedge.

    Attributes:
        maker_market: the market that the fill's lots are counted in.
        hedge_market: the market that is hedged in.
        max_slippage: fraction that the average price may be worse than the reference.
    """

    maker_market: Market
    hedge_market: Market
    max_slippage: Decimal


@dataclass(frozen=True, slots=True)
class PricedHedge:
    """An order and the price that its bound was measured from."""

    intent: OrderIntent
    reference_price: Decimal


def reference_price(side: Side, book: BookTop, fill_price: Decimal | None) -> Decimal | None:
    """The price to measure slippage from: the best that an order of that side would meet, else the fill's own."""
    opposite = book.levels(side.opposite)
    if book.is_live and opposite:
        return opposite[0][0]
    return fill_price


def size_hedge(rule: HedgeRule, claim: Claim, book: BookTop, fill_price: Decimal | None) -> PricedHedge | None:
    """Makes the hedging order of a claim.

    Args:
        rule: markets and bound.
        claim: what the ledger has set aside.
        book: the hedging venue's book.
        fill_price: average price of the fill, quote units, None where it is not known.

    Returns:
        The order, or None while there is no price to bound it by.
    """
    side = claim.maker_side.opposite
    reference = reference_price(side, book, fill_price)
    if reference is None or reference <= 0:
        return None
    market = rule.hedge_market
    if side is Side.BUY:
        worst = market.price_of(market.ticks_up(reference * (1 + rule.max_slippage)))
    else:
        worst = market.price_of(max(1, market.ticks_down(reference * (1 - rule.max_slippage))))
    size = rule.maker_market.size_of(claim.lots)
    intent = OrderIntent(market, side, OrderKind.MARKET, size, worst, claim.client_order_index)
    return PricedHedge(intent, reference)
