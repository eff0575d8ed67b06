"""From a claim to the order that hedges it."""

from decimal import Decimal

import pytest

from hedge_strategy.domain.hedge import Claim, IntentState, OrderKey
from hedge_strategy.domain.order import OrderKind, Side
from hedge_strategy.hedger.sizing import HedgeRule, PricedHedge, size_hedge
from hedge_strategy.venues.port import BookTop
from tests.fake_venue import BTC

RULE = HedgeRule(BTC, BTC, Decimal("0.005"))
LIVE = BookTop(((Decimal("99999.9"), Decimal(1)),), ((Decimal("100000.1"), Decimal(1)),), is_live=True)
OLD = BookTop(LIVE.bids, LIVE.asks, is_live=False)
EMPTY = BookTop((), (), is_live=True)


def _claim(side: Side, lots: int = 30) -> Claim:
    return Claim(OrderKey(7, 1, 5), side, 4242, 0, lots, IntentState.RESERVED)


def _priced(side: Side, book: BookTop, fill_price: str | None) -> PricedHedge:
    priced = size_hedge(RULE, _claim(side), book, Decimal(fill_price) if fill_price else None)
    assert priced is not None
    return priced


@pytest.mark.parametrize(
    ("maker", "hedge", "worst"), [(Side.BUY, Side.SELL, "99499.9"), (Side.SELL, Side.BUY, "100500.2")]
)
def test_other_side_same_size_bounded_from_the_live_book(maker: Side, hedge: Side, worst: str) -> None:
    intent = _priced(maker, LIVE, "50000").intent
    assert (intent.side, intent.kind, intent.size) == (hedge, OrderKind.MARKET, Decimal("0.00030"))
    assert intent.price == Decimal(worst)
    assert (intent.client_order_index, intent.reduce_only) == (4242, False)


@pytest.mark.parametrize("book", [OLD, EMPTY])
def test_without_a_live_book_the_fill_price_bounds_it(book: BookTop) -> None:
    assert _priced(Side.BUY, book, "50000").reference_price == 50_000


@pytest.mark.parametrize(("book", "price"), [(OLD, None), (EMPTY, None), (EMPTY, Decimal(0))])
def test_without_any_price_there_is_no_order(book: BookTop, price: Decimal | None) -> None:
    assert size_hedge(RULE, _claim(Side.BUY), book, price) is None


def test_a_bound_is_never_below_a_tick() -> None:
    assert _priced(Side.BUY, EMPTY, "0.1").intent.price == Decimal("0.1")


@pytest.mark.parametrize(("maker_side", "price"), [(Side.BUY, "100000.1"), (Side.SELL, "99999.9")])
def test_a_hedge_stays_clear_of_the_rest_of_the_makers_order(maker_side: Side, price: str) -> None:
    rule = HedgeRule(BTC, BTC, Decimal("0.005"), keeps_apart=True)
    priced = size_hedge(rule, _claim(maker_side), LIVE, Decimal(100_000), may_rest=True)
    assert priced is not None
    assert (priced.intent.kind, priced.intent.price) == (OrderKind.IMMEDIATE_OR_CANCEL, Decimal(price))


@pytest.mark.parametrize(("keeps_apart", "may_rest"), [(False, True), (True, False)])
def test_elsewhere_or_once_it_is_gone_the_hedge_is_a_market_order(keeps_apart: bool, may_rest: bool) -> None:
    rule = HedgeRule(BTC, BTC, Decimal("0.005"), keeps_apart=keeps_apart)
    priced = size_hedge(rule, _claim(Side.BUY), LIVE, Decimal(100_000), may_rest=may_rest)
    assert priced is not None
    assert priced.intent.kind is OrderKind.MARKET
