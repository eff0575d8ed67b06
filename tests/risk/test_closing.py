"""The order that closes: the whole position, the other way, reduce-only, at a bounded price."""

from decimal import Decimal

import pytest

from hedge_strategy.domain.order import OrderKind, Side
from hedge_strategy.risk.closing import closing_order, side_that_closes
from hedge_strategy.risk.gate import Approved, Refused
from tests.risk.orders import BTC


@pytest.mark.parametrize(("held", "side", "worst"), [("0.00050", Side.SELL, "99500.0"), ("-3", Side.BUY, "100500.0")])
def test_the_whole_position_goes_the_other_way_within_the_bound(held: str, side: Side, worst: str) -> None:
    order = closing_order(BTC, Decimal(held), Decimal(100_000), Decimal("0.005"), 9)
    assert isinstance(order, Approved)
    intent = order.intent
    assert (intent.side, intent.kind, intent.size) == (side, OrderKind.MARKET, abs(Decimal(held)))
    assert intent.reduce_only
    assert intent.price == Decimal(worst)
    assert side_that_closes(Decimal(held)) is side


def test_what_is_no_whole_number_of_lots_is_refused_not_cut() -> None:
    assert isinstance(closing_order(BTC, Decimal("0.000001"), Decimal(100_000), Decimal("0.005"), 9), Refused)
