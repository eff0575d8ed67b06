"""What each transaction type does to orders, margin and keys."""

import pytest

from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.model import MarginMode, OrderStatus
from hedge_strategy.simulator.settings import Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import (
    Attribute,
    CancelAll,
    CancelOrder,
    ChangeKey,
    ModifyOrder,
    UpdateLeverage,
    UpdateMargin,
)
from tests.simulator.core_driver import BTC, ETH, KEY, MS, PRICE, USDC, Driver


@pytest.fixture
def venue() -> Driver:
    return Driver()


def modify(index: int, base: int, price: int) -> ModifyOrder:
    return ModifyOrder(market_index=BTC, index=index, base_amount=base, price=price)


# -- create -------------------------------------------------------------------------------------------------------


def test_order_index_joins_market_and_order_nonce(venue: Driver) -> None:
    user = venue.user()
    bids = [venue.order(user, venue.limit(False, 100, PRICE - 10)) for _ in range(2)]
    asks = [venue.order(user, venue.limit(True, 100, PRICE + 10)) for _ in range(2)]
    assert [o.order_index for o in bids] == [2 * 2**48 + 2**48 - 1, 2 * 2**48 + 2**48 - 2]
    assert [o.order_index for o in asks] == [2 * 2**48 + 1, 2 * 2**48 + 2]
    assert asks[0].order_nonce == 1


def test_duplicate_client_index_in_the_queue_has_no_effect_but_uses_its_nonce() -> None:
    venue = Driver(ExchangeSettings(delays=Delays(200, 300, 100)))
    user = venue.user()
    venue.send(user, venue.limit(False, 100, PRICE, client_order_index=5))
    venue.send(user, venue.limit(False, 100, PRICE, client_order_index=5), tx_hash="bb")
    venue.wait(1000)
    done = venue.read.transaction("bb")
    assert done is not None
    assert (done.code, done.order, done.nonce_consumed) == (Code.CLIENT_ORDER_INDEX_EXISTS, None, True)
    assert len(venue.read.active_orders(user)) == 1


def test_one_client_index_can_run_two_market_orders(venue: Driver) -> None:
    venue.quote(True, 1000, PRICE)
    user = venue.user()
    for _ in range(2):
        venue.run(user, venue.market(False, 100, PRICE, client_order_index=5))
    assert venue.size(user) == 200
    assert len(venue.read.orders_by_client_index(user, 5)) == 2


# -- cancel -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_client_index", [True, False])
def test_cancel_by_either_index(venue: Driver, by_client_index: bool) -> None:
    user = venue.user()
    order = venue.order(user, venue.limit(False, 100, PRICE, client_order_index=5))
    index = 5 if by_client_index else order.order_index
    done = venue.run(user, CancelOrder(market_index=BTC, index=index))
    assert done.order is not None
    assert (done.order.status, done.cancelled_count) == (OrderStatus.CANCELED, 1)
    assert venue.read.active_orders(user) == []
    assert venue.read.book_levels(BTC, is_ask=False) == []


def test_cancel_names_the_market_too(venue: Driver) -> None:
    user = venue.user()
    order = venue.order(user, venue.limit(False, 100, PRICE))
    done = venue.run(user, CancelOrder(market_index=ETH, index=order.order_index))
    assert done.code == Code.ORDER_NOT_ACTIVE
    assert len(venue.read.active_orders(user)) == 1


def _orders_in_two_markets(venue: Driver) -> int:
    user = venue.user()
    venue.order(user, venue.limit(False, 100, PRICE))
    venue.order(user, venue.limit(False, 100, 300_000, market_index=ETH))
    return user


def test_cancel_all_takes_everything_of_this_account_only(venue: Driver) -> None:
    user, other = _orders_in_two_markets(venue), _orders_in_two_markets(venue)
    assert venue.run(user, CancelAll(time_in_force=0)).cancelled_count == 2
    assert venue.read.active_orders(user) == []
    assert len(venue.read.active_orders(other)) == 2


@pytest.mark.parametrize(("market", "left"), [(ETH, BTC), (BTC, ETH)])
def test_cancel_all_of_one_market(venue: Driver, market: int, left: int) -> None:
    user = _orders_in_two_markets(venue)
    venue.run(user, CancelAll(time_in_force=0), attributes={Attribute.CANCEL_ALL_MARKET: market})
    assert [order.market_index for order in venue.read.active_orders(user)] == [left]


def test_dead_man_switch_fires_is_moved_and_is_aborted(venue: Driver) -> None:
    user = _orders_in_two_markets(venue)
    start_ms = venue.now_ns // MS
    venue.run(user, CancelAll(time_in_force=1, time_ms=start_ms + 300_000))
    venue.run(user, CancelAll(time_in_force=1, time_ms=start_ms + 600_000))
    account = venue.read.account(user)
    assert account is not None and account.cancel_all_at_ms == start_ms + 600_000
    venue.wait(599_999)
    assert len(venue.read.active_orders(user)) == 2
    venue.wait(1)
    assert venue.read.active_orders(user) == []
    survivor = _orders_in_two_markets(venue)
    venue.run(survivor, CancelAll(time_in_force=1, time_ms=venue.now_ns // MS + 300_000))
    venue.run(survivor, CancelAll(time_in_force=2))
    venue.wait(400_000)
    assert len(venue.read.active_orders(survivor)) == 2


def test_abort_without_a_switch_does_nothing_but_use_its_nonce(venue: Driver) -> None:
    user = _orders_in_two_markets(venue)
    assert venue.run(user, CancelAll(time_in_force=2)).nonce_consumed
    assert len(venue.read.active_orders(user)) == 2


# -- modify -------------------------------------------------------------------------------------------------------


def _queue_of_two(venue: Driver) -> tuple[int, int, int]:
    user = venue.user()
    first = venue.order(user, venue.limit(True, 100, PRICE))
    second = venue.quote(True, 100, PRICE)
    return user, first.order_index, second.order_index


def _turns(venue: Driver) -> list[int]:
    return [order.order_index for order in venue.read.book_orders(BTC, is_ask=True)]


@pytest.mark.parametrize("base", [60, 100, 140])
def test_every_modify_loses_the_turn(venue: Driver, base: int) -> None:
    user, first, second = _queue_of_two(venue)
    done = venue.run(user, modify(first, base, PRICE))
    assert _turns(venue) == [second, first]
    assert venue.read.book_levels(BTC, is_ask=True)[0].size == 100 + base
    assert done.order is not None
    assert (done.order.order_index, done.order.order_nonce) == (first, 3)


def test_modify_counts_what_is_filled_as_part_of_the_new_total(venue: Driver) -> None:
    user, first, _ = _queue_of_two(venue)
    venue.take(False, 30, PRICE, account=venue.open_house())
    done = venue.run(user, modify(first, 80, PRICE))
    assert done.order is not None
    assert (done.order.initial_base, done.order.filled_base, done.order.remaining_base) == (80, 30, 50)
    assert done.order.version == 2
    ended = venue.run(user, modify(first, 30, PRICE))
    assert ended.order is not None
    assert (ended.order.status, ended.order.filled_base, ended.order.initial_base) == (OrderStatus.FILLED, 30, 30)
    assert ended.order.remaining_base == 0
    assert venue.read.book_levels(BTC, is_ask=True)[0].size == 100
    venue.exchange.check_invariants()


def test_modify_brings_its_own_self_trade_mode(venue: Driver) -> None:
    user = venue.user()
    ask = venue.order(user, venue.limit(True, 100, PRICE))
    bid = venue.order(user, venue.limit(False, 100, PRICE - 10))
    expire_taker = {Attribute.SELF_TRADE_BEHAVIOUR: 1}
    done = venue.run(user, modify(bid.order_index, 100, PRICE), attributes=expire_taker)
    assert done.order is not None and done.order.status is OrderStatus.CANCELED_SELF_TRADE
    assert [order.order_index for order in venue.read.active_orders(user)] == [ask.order_index]


def test_a_new_price_moves_the_order_and_may_trade(venue: Driver) -> None:
    user, first, _ = _queue_of_two(venue)
    venue.run(user, modify(first, 100, PRICE + 5))
    assert [level.price for level in venue.read.book_levels(BTC, is_ask=True)] == [PRICE, PRICE + 5]
    venue.quote(False, 40, PRICE - 5)
    done = venue.run(user, modify(first, 100, PRICE - 5))
    assert done.order is not None and done.trade is not None
    assert (done.order.order_index, done.order.filled_base, done.order.status) == (first, 40, OrderStatus.OPEN)


def test_modify_of_an_order_gone_or_of_another_version_has_no_effect(venue: Driver) -> None:
    user, first, _ = _queue_of_two(venue)
    stale = venue.run(user, modify(first, 60, PRICE), attributes={Attribute.ORDER_VERSION: 7})
    assert stale.code == Code.ORDER_NOT_ACTIVE
    venue.take(False, 100, PRICE)
    assert venue.run(user, modify(first, 60, PRICE)).code == Code.ORDER_NOT_ACTIVE


# -- leverage, margin, keys ---------------------------------------------------------------------------------------


def test_leverage_changes_what_a_position_needs(venue: Driver) -> None:
    venue.quote(True, 10_000, PRICE)
    user = venue.user(collateral=100 * USDC)
    venue.run(user, UpdateLeverage(market_index=BTC, initial_margin_fraction=1_000))
    assert venue.position(user).initial_margin_fraction == 1_000
    order = venue.order(user, venue.market(False, 1_001, PRICE))
    assert order.status is OrderStatus.CANCELED_MARGIN_NOT_ALLOWED
    assert venue.order(user, venue.market(False, 1_000, PRICE)).filled_base == 1_000
    too_low = venue.run(user, UpdateLeverage(market_index=BTC, initial_margin_fraction=1_100))
    assert too_low.code == Code.BELOW_INITIAL_MARGIN
    assert venue.position(user).initial_margin_fraction == 1_000


def test_isolated_margin_moves_between_account_and_position(venue: Driver) -> None:
    venue.quote(True, 10_000, PRICE)
    user = venue.user(collateral=1_000 * USDC)
    venue.run(user, UpdateLeverage(market_index=BTC, initial_margin_fraction=1_000, margin_mode=1))
    venue.run(user, venue.market(False, 1_000, PRICE))
    assert venue.position(user).allocated_margin == 100 * USDC
    venue.run(user, UpdateMargin(market_index=BTC, usdc_amount=50 * USDC, direction=1))
    assert venue.position(user).allocated_margin == 150 * USDC
    account = venue.read.account(user)
    assert account is not None and account.collateral == 850 * USDC
    assert venue.run(user, UpdateMargin(market_index=BTC, usdc_amount=50 * USDC, direction=0)).code == Code.OK
    assert venue.run(user, UpdateMargin(market_index=BTC, usdc_amount=USDC, direction=0)).code != Code.OK
    too_much = UpdateMargin(market_index=BTC, usdc_amount=901 * USDC, direction=1)
    assert venue.run(user, too_much).code == Code.NOT_ENOUGH_MARGIN
    switched = venue.run(user, UpdateLeverage(market_index=BTC, initial_margin_fraction=1_000, margin_mode=0))
    assert switched.code == Code.INVALID_TX_INFO
    assert venue.position(user).margin_mode is MarginMode.ISOLATED
    venue.exchange.check_invariants()


def test_a_changed_key_keeps_its_nonce(venue: Driver) -> None:
    user = venue.user()
    venue.run(user, ChangeKey(public_key="cd" * 40))
    key = venue.read.api_key(user, KEY)
    assert key is not None
    assert (key.public_key, key.nonce) == ("cd" * 40, 1)
