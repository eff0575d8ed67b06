"""From a claim to the order that hedges it: other side, same size, worst price. Pure.

The bound on the price is measured from the best price on the hedging venue as it is now, and from the fill's own
price only where the book is not live: a market that has moved since the fill must still be hedged, a thin book must
not be swept. While the rest of a partly filled maker order may be on the same book, the hedge takes only prices better
than that order's, so that A and B never trade with each other; A cancels the rest meanwhile.
"""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.hedge import Claim
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderIntent, OrderKind, Side
from hedge_strategy.venues.port import BookTop

APART_MS = 30_000
"""How long a hedge waits for the end of the maker's order where nothing else is said."""


@dataclass(frozen=True, slots=True)
class HedgeRule:
    """What sizes and bounds a hedge.

    Attributes:
        maker_market: the market that the fill's lots are counted in.
        hedge_market: the market that is hedged in.
        max_slippage: fraction that the average price may be worse than the reference.
        keeps_apart: the maker's own resting order, on the same venue, is never traded with.
        apart_ms: how long a hedge waits for that order's end at most; where the venue's dead-man switch is armed,
            longer than that takes, so that nothing of the maker's rests any more.
    """

    maker_market: Market
    hedge_market: Market
    max_slippage: Decimal
    keeps_apart: bool = False
    apart_ms: int = APART_MS


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


def size_hedge(
    rule: HedgeRule, claim: Claim, book: BookTop, fill_price: Decimal | None, *, may_rest: bool = False
) -> PricedHedge | None:
    """Makes the hedging order of a claim.

    Args:
        rule: markets and bound.
        claim: what the ledger has set aside.
        book: the hedging venue's book.
        fill_price: average price of the fill, quote units, None where it is not known.
        may_rest: the rest of the maker's order may still be on the book, at the fill's price.

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
    kind = OrderKind.MARKET
    if rule.keeps_apart and may_rest and fill_price is not None:
        # A market order's bound is on its average price, so it could still meet the maker's own order.
        kind = OrderKind.IMMEDIATE_OR_CANCEL
        worst = min(worst, fill_price - market.tick) if side is Side.BUY else max(worst, fill_price + market.tick)
    size = rule.maker_market.size_of(claim.lots)
    return PricedHedge(OrderIntent(market, side, kind, size, worst, claim.client_order_index), reference)
