"""Decimals become the venue's whole numbers exactly, and bounds stay bounds."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderIntent, OrderKind, Side
from hedge_strategy.venues.lighter.encode import ORDER_LIFE_MS, check_market_index, encode_order, price_ticks

ETH = Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal(10))
BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal(10))
NOW_MS = 1_790_000_000_000


def intent(
    market: Market = BTC,
    kind: OrderKind = OrderKind.MARKET,
    side: Side = Side.BUY,
    size: str = "0.00030",
    price: str = "100000",
) -> OrderIntent:
    return OrderIntent(market, side, kind, Decimal(size), Decimal(price), 77)


def test_a_size_is_whole_lots_to_the_last_one() -> None:
    """F18: 0.00030 through a float becomes 29 lots."""
    assert encode_order(intent(size="0.00030"), NOW_MS).lots == 30


@given(st.integers(1, 2**48 - 1))
def test_every_size_survives(lots: int) -> None:
    assert encode_order(intent(size=str(BTC.size_of(lots))), NOW_MS).lots == lots


def test_market_index_0_is_a_market() -> None:
    """F18: ETH's index is 0."""
    assert encode_order(intent(market=ETH), NOW_MS).market_index == 0
    check_market_index(0)
    for index in (-1, 255):
        with pytest.raises(ValueError, match="no market index"):
            check_market_index(index)


@given(st.decimals(min_value=1, max_value=1_000_000, places=6))
def test_a_bound_stays_a_bound(price: Decimal) -> None:
    assert BTC.price_of(price_ticks(BTC, Side.BUY, price)) <= price <= BTC.price_of(price_ticks(BTC, Side.SELL, price))


@pytest.mark.parametrize(
    ("kind", "order_type", "time_in_force", "life_ms"),
    [
        (OrderKind.POST_ONLY, 0, 2, ORDER_LIFE_MS),
        (OrderKind.LIMIT, 0, 1, ORDER_LIFE_MS),
        (OrderKind.IMMEDIATE_OR_CANCEL, 0, 0, None),
        (OrderKind.MARKET, 1, 0, None),
    ],
)
def test_kinds(kind: OrderKind, order_type: int, time_in_force: int, life_ms: int | None) -> None:
    encoded = encode_order(intent(kind=kind), NOW_MS)
    assert (encoded.order_type, encoded.time_in_force) == (order_type, time_in_force)
    assert encoded.expires_at_ms == (0 if life_ms is None else NOW_MS + life_ms)


@pytest.mark.parametrize(
    "bad",
    [
        intent(size="0.000305"),
        intent(size="0"),
        intent(size=str(BTC.size_of(2**48))),
        intent(price="0.04"),
        intent(price=str(BTC.price_of(2**32 + 5))),  # the signing library would wrap it round to 5
    ],
)
def test_what_the_venue_does_not_take_is_refused(bad: OrderIntent) -> None:
    with pytest.raises(ValueError, match=r"decimals|the venue takes"):
        encode_order(bad, NOW_MS)
