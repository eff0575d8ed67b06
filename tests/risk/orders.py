"""One order on a real market's rules, to be varied by the tests of the checks and the gate."""

from decimal import Decimal

from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderIntent, OrderKind, Side

BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal("10"))


def order(
    side: str = "buy", size: str = "0.00020", price: str = "100000.0", kind: OrderKind = OrderKind.MARKET
) -> OrderIntent:
    """An order that passes every check as long as nothing is varied."""
    return OrderIntent(BTC, Side(side), kind, Decimal(size), Decimal(price), client_order_index=1)
