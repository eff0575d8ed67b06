"""What the API refuses, with which code (venue fact sheet 2.3, 2.6)."""

from collections.abc import Callable

import pytest

from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.model import Receipt
from hedge_strategy.simulator.settings import Bounds, Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import (
    Attribute,
    Body,
    CancelAll,
    CancelOrder,
    ChangeKey,
    ModifyOrder,
    TxType,
    UpdateLeverage,
    UpdateMargin,
)
from tests.simulator.core_driver import BTC, ETH, MS, PRICE, USDC, Driver

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def venue() -> Driver:
    return Driver()


def test_unknown_account_key_and_type(venue: Driver) -> None:
    user = venue.user()
    order = venue.market(False, 100, PRICE)
    assert venue.refused(999, order) == Code.ACCOUNT_NOT_FOUND
    assert venue.refused(venue.house, order) == Code.ACCOUNT_NOT_FOUND
    assert venue.refused(user, order, key=77) == Code.API_KEY_NOT_FOUND
    assert venue.refused(user, None, tx_type=28) == Code.UNSUPPORTED_TX_TYPE
    assert venue.refused(user, order, tx_type=TxType.CANCEL_ALL) == Code.INVALID_TX_INFO
    assert venue.refused(user, order, life_ms=0) == Code.INVALID_TX_INFO


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"market_index": 7}, Code.INVALID_MARKET),
        ({"client_order_index": -1}, Code.INVALID_CLIENT_ORDER_INDEX),
        ({"client_order_index": 1 << 48}, Code.INVALID_CLIENT_ORDER_INDEX),
        ({"base_amount": 0}, Code.INVALID_BASE_AMOUNT),
        ({"base_amount": 1 << 48}, Code.INVALID_BASE_AMOUNT),
        ({"price": 0}, Code.INVALID_PRICE),
        ({"price": 1 << 32}, Code.INVALID_PRICE),
        ({"is_ask": 2}, Code.INVALID_IS_ASK),
        ({"order_type": 2}, Code.INVALID_ORDER_TYPE),
        ({"time_in_force": 3}, Code.INVALID_TIME_IN_FORCE),
        ({"order_type": 1}, Code.INVALID_TIME_IN_FORCE),
        ({"reduce_only": 2}, Code.INVALID_REDUCE_ONLY),
        ({"trigger_price": 5}, Code.INVALID_PRICE),
        ({"order_expiry_ms": 0}, Code.INVALID_EXPIRY),
        ({"order_expiry_ms": -1}, Code.INVALID_EXPIRY),
        ({"base_amount": 1 << 47, "price": 1 << 31}, Code.INVALID_ORDER_AMOUNT),
        ({"base_amount": 19}, Code.INVALID_ORDER_AMOUNT),
        ({"base_amount": 20, "price": 499_999}, Code.INVALID_ORDER_AMOUNT),
        ({"base_amount": 1_000_000}, Code.NOT_ENOUGH_MARGIN),
        ({"reduce_only": 1}, Code.REDUCE_ONLY_INCREASES),
    ],
)
def test_each_bad_value_of_a_resting_order_has_its_code(venue: Driver, fields: dict[str, int], code: Code) -> None:
    user = venue.user(1_000 * USDC)
    good = venue.limit(False, 100, PRICE)
    values = {name: getattr(good, name) for name in good.__struct_fields__}
    bad = type(good)(**{**values, **fields})
    assert venue.refused(user, bad) == code
    assert isinstance(venue.send(user, good), Receipt)


def test_takers_pass_below_the_minimums_and_without_margin(venue: Driver) -> None:
    user = venue.user(collateral=0)
    assert isinstance(venue.send(user, venue.market(False, 1, PRICE)), Receipt)
    assert isinstance(venue.send(user, venue.ioc(True, 1_000_000, PRICE)), Receipt)
    assert venue.refused(user, venue.limit(False, 1, PRICE)) == Code.INVALID_ORDER_AMOUNT


def test_an_immediate_order_has_no_expiry(venue: Driver) -> None:
    order = venue.market(False, 100, PRICE, order_expiry_ms=venue.now_ns // MS + HOUR_MS)
    assert venue.refused(venue.user(), order) == Code.INVALID_EXPIRY


@pytest.mark.parametrize(
    ("ahead_ms", "is_fine"), [(3 * 60_000, False), (5 * 60_000, True), (28 * DAY_MS, True), (31 * DAY_MS, False)]
)
def test_window_of_order_expiry(venue: Driver, ahead_ms: int, is_fine: bool) -> None:
    order = venue.limit(False, 100, PRICE, order_expiry_ms=venue.now_ns // MS + ahead_ms)
    answer = venue.send(venue.user(), order)
    assert isinstance(answer, Receipt) is is_fine
    assert is_fine or getattr(answer, "code", None) == Code.INVALID_EXPIRY


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (CancelAll(time_in_force=3), Code.INVALID_CANCEL_ALL_TIF),
        (CancelAll(time_in_force=0, time_ms=5), Code.INVALID_CANCEL_ALL_TIME),
        (CancelAll(time_in_force=1, time_ms=5), Code.INVALID_CANCEL_ALL_TIME),
        (CancelOrder(market_index=9, index=1), Code.INVALID_MARKET),
        (CancelOrder(market_index=BTC, index=0), Code.INVALID_ORDER_INDEX),
        (ModifyOrder(market_index=BTC, index=0, base_amount=100, price=PRICE), Code.INVALID_ORDER_INDEX),
        (ModifyOrder(market_index=BTC, index=1, base_amount=0, price=PRICE), Code.INVALID_BASE_AMOUNT),
        (ModifyOrder(market_index=BTC, index=1, base_amount=100, price=0), Code.INVALID_PRICE),
        (ModifyOrder(market_index=BTC, index=1, base_amount=5, price=PRICE), Code.INVALID_ORDER_AMOUNT),
        (UpdateLeverage(market_index=BTC, initial_margin_fraction=199), Code.INVALID_TX_INFO),
        (UpdateLeverage(market_index=BTC, initial_margin_fraction=500, margin_mode=2), Code.INVALID_TX_INFO),
        (UpdateMargin(market_index=BTC, usdc_amount=0, direction=1), Code.INVALID_TX_INFO),
        (ChangeKey(public_key="0x12"), Code.INVALID_TX_INFO),
    ],
)
def test_bad_values_of_other_types(venue: Driver, body: Body, code: Code) -> None:
    assert venue.refused(venue.user(), body) == code


@pytest.mark.parametrize(("ahead_ms", "is_fine"), [(4 * 60_000, False), (300_000, True), (16 * DAY_MS, False)])
def test_window_of_the_dead_man_switch(venue: Driver, ahead_ms: int, is_fine: bool) -> None:
    body = CancelAll(time_in_force=1, time_ms=venue.now_ns // MS + ahead_ms)
    assert isinstance(venue.send(venue.user(), body), Receipt) is is_fine


def test_the_dead_man_switch_is_for_all_markets(venue: Driver) -> None:
    body = CancelAll(time_in_force=1, time_ms=venue.now_ns // MS + HOUR_MS)
    user = venue.user()
    assert venue.refused(user, body, attributes={Attribute.CANCEL_ALL_MARKET: ETH}) == Code.INVALID_CANCEL_ALL_TIF
    assert isinstance(venue.send(user, body, attributes={Attribute.CANCEL_ALL_MARKET: 255}), Receipt)


def test_a_pending_dead_man_switch_may_be_made_exclusive() -> None:
    venue = Driver(ExchangeSettings(delays=Delays(0, 0, 0), rearm_cancel_all=False))
    user = venue.user()
    body = CancelAll(time_in_force=1, time_ms=venue.now_ns // MS + HOUR_MS)
    venue.run(user, body)
    assert venue.refused(user, body) == Code.CANCEL_ALL_PENDING


def test_client_index_is_taken_while_its_order_lives_and_free_afterwards(venue: Driver) -> None:
    user = venue.user()
    first = venue.order(user, venue.limit(False, 100, PRICE, client_order_index=5))
    assert venue.refused(user, venue.market(False, 100, PRICE, client_order_index=5)) == Code.CLIENT_ORDER_INDEX_EXISTS
    assert venue.order(venue.user(), venue.limit(False, 100, PRICE, client_order_index=5)).client_order_index == 5
    venue.run(user, CancelOrder(market_index=BTC, index=5))
    second = venue.order(user, venue.limit(False, 100, PRICE, client_order_index=5))
    assert second.order_index != first.order_index


def test_zero_is_no_client_index(venue: Driver) -> None:
    user = venue.user()
    venue.order(user, venue.limit(False, 100, PRICE))
    assert isinstance(venue.send(user, venue.limit(False, 100, PRICE)), Receipt)


@pytest.mark.parametrize(
    "body",
    [
        lambda index: CancelOrder(market_index=BTC, index=index),
        lambda index: ModifyOrder(market_index=BTC, index=index, base_amount=100, price=PRICE),
    ],
)
def test_the_order_of_another_account_is_out_of_reach(venue: Driver, body: Callable[[int], Body]) -> None:
    order = venue.order(venue.user(), venue.limit(False, 100, PRICE))
    assert venue.refused(venue.user(), body(order.order_index)) == Code.NOT_ORDER_OWNER
    assert [o.order_index for o in venue.read.book_orders(BTC, is_ask=False)] == [order.order_index]


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({Attribute.SELF_TRADE_BEHAVIOUR: 4}, Code.INVALID_TX_INFO),
        ({Attribute.SELF_TRADE_BEHAVIOUR: 3, Attribute.SELF_TRADE_EQUALITY: 1}, Code.INVALID_TX_INFO),
        ({Attribute.SELF_TRADE_BEHAVIOUR: 1, Attribute.INTEGRATOR_TAKER_FEE: 10}, Code.INVALID_TX_INFO),
        ({Attribute.CANCEL_ALL_MARKET: 9}, Code.INVALID_MARKET),
    ],
)
def test_attributes_that_do_not_go_together(venue: Driver, attributes: dict[int, int], code: Code) -> None:
    assert venue.refused(venue.user(), venue.market(False, 100, PRICE), attributes=attributes) == code


def test_integrators_pass_in_lenient_mode_only() -> None:
    attributes = {Attribute.INTEGRATOR_ACCOUNT: 718_718, Attribute.INTEGRATOR_TAKER_FEE: 1000}
    strict = Driver(ExchangeSettings(lenient_integrators=False))
    order = strict.market(False, 100, PRICE)
    assert strict.refused(strict.user(), order, attributes=attributes) == Code.INTEGRATOR_NOT_APPROVED
    lenient = Driver()
    assert isinstance(lenient.send(lenient.user(), order, attributes=attributes), Receipt)
    zeros = {Attribute.INTEGRATOR_ACCOUNT: 0, Attribute.INTEGRATOR_TAKER_FEE: 0, Attribute.SKIP_NONCE: 1}
    assert isinstance(strict.send(strict.user(), order, attributes=zeros), Receipt)


def test_fat_finger_guards_the_aggressive_side_only() -> None:
    venue = Driver(ExchangeSettings(fat_finger_ppm=50_000))
    user = venue.user()
    assert venue.refused(user, venue.limit(False, 100, PRICE * 106 // 100)) == Code.FAT_FINGER
    assert venue.refused(user, venue.limit(True, 100, PRICE * 94 // 100)) == Code.FAT_FINGER
    assert isinstance(venue.send(user, venue.limit(False, 100, PRICE * 94 // 100)), Receipt)


def test_open_orders_are_counted() -> None:
    venue = Driver(ExchangeSettings(delays=Delays(0, 0, 0), bounds=Bounds(open_orders_per_account=2)))
    user = venue.user()
    for price in (PRICE, PRICE - 1):
        venue.order(user, venue.limit(False, 100, price))
    assert venue.refused(user, venue.limit(False, 100, PRICE - 2)) == Code.TOO_MANY_OPEN_ORDERS


def test_enlarging_an_order_needs_margin(venue: Driver) -> None:
    user = venue.user(collateral=60 * USDC)
    order = venue.order(user, venue.limit(False, 1_000, PRICE))
    larger = ModifyOrder(market_index=BTC, index=order.order_index, base_amount=2_000, price=PRICE)
    assert venue.refused(user, larger) == Code.NOT_ENOUGH_MARGIN


def test_market_zero_is_a_market(venue: Driver) -> None:
    venue.quote(True, 1_000, 300_000, market=ETH)
    done = venue.order(venue.user(), venue.market(False, 50, 300_000, market_index=ETH))
    assert (done.market_index, done.filled_base) == (ETH, 50)
