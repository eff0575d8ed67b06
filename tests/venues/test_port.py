"""The port's own values."""

from decimal import Decimal

from hedge_strategy.domain.order import Side
from hedge_strategy.venues.lighter.venue import LighterVenue
from hedge_strategy.venues.port import BookTop, Venue


def test_a_buyer_rests_among_the_bids() -> None:
    bid, ask = (Decimal(1), Decimal(5)), (Decimal(2), Decimal(6))
    top = BookTop((bid,), (ask,), is_live=True)
    assert top.levels(Side.BUY) == (bid,)
    assert top.levels(Side.SELL) == (ask,)


def test_lighter_has_all_that_the_port_asks_for() -> None:
    asked = {name for name in vars(Venue) if not name.startswith("_")}
    assert asked <= set(dir(LighterVenue))
