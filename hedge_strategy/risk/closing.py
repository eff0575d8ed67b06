"""The order that closes a position: the other way, reduce-only, its price bounded. Pure.

Reduce-only can never overshoot, so such an order may be repeated whatever became of the one before.
"""

from decimal import Decimal

from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderIntent, OrderKind, Side
from hedge_strategy.risk.checks import Situation
from hedge_strategy.risk.gate import Approved, Refused, approve
from hedge_strategy.risk.limits import Limits


def side_that_closes(position: Decimal) -> Side:
    """The side of an order that makes a position smaller."""
    return Side.SELL if position > 0 else Side.BUY


def closing_order(
    market: Market, position: Decimal, reference_price: Decimal, max_slippage: Decimal, client_order_index: int
) -> Approved | Refused:
    """Makes the order.

    Args:
        market: where.
        position: signed, base units, not 0.
        reference_price: the best price that the order would meet.
        max_slippage: how far the average price may be worse than that, a fraction.
        client_order_index: from `ids.flatten_client_order_index`.

    Returns:
        The order, or why it may not be sent. Limits of size do not bind what only closes.
    """
    side = side_that_closes(position)
    if side is Side.BUY:
        worst = market.price_of(market.ticks_up(reference_price * (1 + max_slippage)))
    else:
        worst = market.price_of(max(1, market.ticks_down(reference_price * (1 - max_slippage))))
    intent = OrderIntent(market, side, OrderKind.MARKET, abs(position), worst, client_order_index, reduce_only=True)
    return approve(intent, Limits(max_slippage=max_slippage), Situation(position, reference_price))
