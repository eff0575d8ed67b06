"""What a taker gets from the book, and why it stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.simulator.events import OrderChanged, TradeExecuted
from hedge_strategy.simulator.model import OrderStatus, SelfTradeBehaviour, SelfTradeEquality
from hedge_strategy.simulator.settings import Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import AccountSpec, Attribute, Injection
from tests.simulator.core_driver import BTC, PRICE, USDC, Driver


@pytest.fixture
def venue() -> Driver:
    return Driver()


def test_better_price_first_then_older_order_first(venue: Driver) -> None:
    early, late = venue.user(), venue.user()
    venue.quote(True, 100, PRICE + 5)
    first = venue.order(early, venue.limit(True, 100, PRICE + 3))
    second = venue.order(late, venue.limit(True, 100, PRICE + 3))
    best = venue.quote(True, 100, PRICE)
    taker = venue.user()
    venue.happened()
    venue.run(taker, venue.market(False, 250, PRICE + 100))
    trades = [e.trade for e in venue.happened() if isinstance(e, TradeExecuted)]
    assert [(t.ask_order_index, t.base, t.price) for t in trades] == [
        (best.order_index, 100, PRICE),
        (first.order_index, 100, PRICE + 3),
        (second.order_index, 50, PRICE + 3),
    ]


def test_market_order_fills_beyond_its_price_while_the_average_holds(venue: Driver) -> None:
    venue.quote(True, 100, PRICE)
    venue.quote(True, 100, PRICE + 10)
    order = venue.order(venue.user(), venue.market(False, 150, PRICE + 5))
    assert (order.status, order.filled_base) == (OrderStatus.FILLED, 150)


def test_market_order_is_trimmed_where_the_average_would_break_then_cancelled(venue: Driver) -> None:
    venue.quote(True, 100, PRICE)
    venue.quote(True, 1000, PRICE + 10)
    order = venue.order(venue.user(100_000 * USDC), venue.market(False, 500, PRICE + 5))
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_TOO_MUCH_SLIPPAGE, 200)
    assert order.filled_quote == 200 * (PRICE + 5)


def test_limit_ioc_never_fills_beyond_its_price(venue: Driver) -> None:
    venue.quote(False, 100, PRICE)
    venue.quote(False, 100, PRICE - 1)
    order = venue.order(venue.user(), venue.ioc(True, 150, PRICE))
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_TOO_MUCH_SLIPPAGE, 100)


def test_empty_book_cancels_a_market_order_and_says_why(venue: Driver) -> None:
    order = venue.order(venue.user(), venue.market(False, 100, PRICE))
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_NOT_ENOUGH_LIQUIDITY, 0)
    assert order.remaining_base == 100


def test_exhausted_book_keeps_what_was_filled(venue: Driver) -> None:
    venue.quote(True, 60, PRICE)
    order = venue.order(venue.user(), venue.market(False, 100, PRICE))
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_NOT_ENOUGH_LIQUIDITY, 60)


def test_limit_order_rests_with_what_it_did_not_trade(venue: Driver) -> None:
    venue.quote(True, 60, PRICE)
    user = venue.user()
    order = venue.order(user, venue.limit(False, 100, PRICE))
    assert (order.status, order.filled_base, order.remaining_base) == (OrderStatus.OPEN, 60, 40)
    assert venue.read.book_levels(BTC, is_ask=False)[0].size == 40


def test_post_only_that_crosses_is_cancelled_unfilled(venue: Driver) -> None:
    venue.quote(True, 100, PRICE)
    order = venue.order(venue.user(), venue.post_only(False, 100, PRICE))
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_POST_ONLY, 0)
    assert venue.read.book_levels(BTC, is_ask=False) == []


def test_trades_print_at_the_makers_price_and_name_both_sides(venue: Driver) -> None:
    venue.quote(True, 100, PRICE)
    user = venue.user()
    done = venue.run(user, venue.market(False, 40, PRICE + 50, client_order_index=77))
    trade = done.trade
    assert trade is not None and done.order is not None
    assert (trade.price, trade.base, trade.quote, trade.is_maker_ask) == (PRICE, 40, 40 * PRICE, True)
    assert (trade.bid_account_index, trade.ask_account_index) == (user, venue.house)
    assert (trade.bid_order_index, trade.bid_client_order_index) == (done.order.order_index, 77)
    assert (trade.taker_position_before, trade.maker_position_before) == (0, 0)
    assert trade.tx_hash == done.hash
    assert done.maker_order is not None and done.maker_order.remaining_base == 60


def test_reduce_only_taker_is_trimmed_to_the_position(venue: Driver) -> None:
    venue.quote(True, 30, PRICE)
    user = venue.user()
    venue.run(user, venue.market(False, 30, PRICE))
    venue.quote(False, 500, PRICE - 10)
    order = venue.order(user, venue.market(True, 100, PRICE - 10, reduce_only=1))
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_REDUCE_ONLY, 30)
    assert venue.size(user) == 0


def test_reduce_only_in_the_wrong_direction_is_cancelled(venue: Driver) -> None:
    venue.quote(True, 100, PRICE)
    order = venue.order(venue.user(), venue.market(False, 50, PRICE, reduce_only=1))
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_REDUCE_ONLY, 0)


def test_resting_reduce_only_order_stops_at_a_flat_position(venue: Driver) -> None:
    venue.quote(True, 30, PRICE)
    user = venue.user()
    venue.run(user, venue.market(False, 30, PRICE))
    resting = venue.order(user, venue.limit(True, 100, PRICE + 10, reduce_only=1))
    venue.take(False, 80, PRICE + 10)
    after = venue.read.order(resting.order_index)
    assert after is not None
    assert (after.status, after.filled_base) == (OrderStatus.CANCELED_REDUCE_ONLY, 30)
    assert venue.size(user) == 0


def test_injected_partial_ioc_and_empty_book(venue: Driver) -> None:
    venue.quote(True, 1000, PRICE)
    user = venue.user()
    partial = venue.order(user, venue.market(False, 100, PRICE), injection=Injection(fill_ppm=600_000))
    assert (partial.status, partial.filled_base) == (OrderStatus.CANCELED_TOO_MUCH_SLIPPAGE, 60)
    nothing = venue.order(user, venue.market(False, 100, PRICE), injection=Injection(empty_book=True))
    assert (nothing.status, nothing.filled_base) == (OrderStatus.CANCELED_NOT_ENOUGH_LIQUIDITY, 0)


# -- self-trade ---------------------------------------------------------------------------------------------------


def _meet_own_order(behaviour: SelfTradeBehaviour, own: int = 100, taker: int = 150) -> tuple[Driver, int, int, int]:
    venue = Driver()
    user = venue.user()
    resting = venue.order(user, venue.limit(True, own, PRICE))
    venue.quote(True, 1000, PRICE)
    order = venue.order(user, venue.market(False, taker, PRICE), attributes={Attribute.SELF_TRADE_BEHAVIOUR: behaviour})
    return venue, user, resting.order_index, order.order_index


@pytest.mark.parametrize(
    ("behaviour", "maker_status", "taker_status", "filled"),
    [
        (SelfTradeBehaviour.EXPIRE_MAKER, OrderStatus.CANCELED_SELF_TRADE, OrderStatus.FILLED, 150),
        (SelfTradeBehaviour.EXPIRE_TAKER, OrderStatus.OPEN, OrderStatus.CANCELED_SELF_TRADE, 0),
        (SelfTradeBehaviour.EXPIRE_BOTH, OrderStatus.CANCELED_SELF_TRADE, OrderStatus.CANCELED_SELF_TRADE, 0),
        (SelfTradeBehaviour.REDUCE_BOTH, OrderStatus.CANCELED_SELF_TRADE, OrderStatus.FILLED, 50),
    ],
)
def test_meeting_an_own_order(
    behaviour: SelfTradeBehaviour, maker_status: OrderStatus, taker_status: OrderStatus, filled: int
) -> None:
    venue, user, maker_index, taker_index = _meet_own_order(behaviour)
    maker, taker = venue.read.order(maker_index), venue.read.order(taker_index)
    assert maker is not None and taker is not None
    assert (maker.status, maker.filled_base) == (maker_status, 0)
    assert (taker.status, taker.filled_base) == (taker_status, filled)
    assert venue.size(user) == filled


def test_reduce_both_with_a_smaller_taker_leaves_the_rest_of_the_maker(venue: Driver) -> None:
    venue, _, maker_index, taker_index = _meet_own_order(SelfTradeBehaviour.REDUCE_BOTH, own=100, taker=30)
    maker, taker = venue.read.order(maker_index), venue.read.order(taker_index)
    assert maker is not None and taker is not None
    assert (maker.status, maker.remaining_base) == (OrderStatus.OPEN, 70)
    assert taker.status is OrderStatus.CANCELED_SELF_TRADE


@pytest.mark.parametrize(
    ("equality", "traded"), [(SelfTradeEquality.SAME_ACCOUNT, 50), (SelfTradeEquality.SAME_MASTER, 0)]
)
def test_sub_accounts_of_one_master_trade_unless_told_otherwise(equality: SelfTradeEquality, traded: int) -> None:
    venue = Driver()
    a, b = venue.user(l1_address="0xAb"), venue.user(l1_address="0xaB")
    venue.run(a, venue.limit(True, 50, PRICE))
    venue.run(b, venue.market(False, 50, PRICE), attributes={Attribute.SELF_TRADE_EQUALITY: equality})
    assert (venue.size(a), venue.size(b)) == (-traded, traded)


def test_a_post_only_order_does_not_reduce_its_own_maker(venue: Driver) -> None:
    user = venue.user()
    own = venue.order(user, venue.limit(True, 50, PRICE))
    attributes = {Attribute.SELF_TRADE_BEHAVIOUR: SelfTradeBehaviour.REDUCE_BOTH}
    order = venue.order(user, venue.post_only(False, 50, PRICE), attributes=attributes)
    assert order.status is OrderStatus.CANCELED_POST_ONLY
    assert [o.order_index for o in venue.read.active_orders(user)] == [own.order_index]


def test_an_own_order_beyond_the_bound_is_not_met(venue: Driver) -> None:
    user = venue.user()
    own = venue.order(user, venue.limit(True, 50, PRICE + 100))
    order = venue.order(user, venue.market(False, 50, PRICE))
    assert order.status is OrderStatus.CANCELED_TOO_MUCH_SLIPPAGE
    assert [o.order_index for o in venue.read.active_orders(user)] == [own.order_index]


# -- margin and fees ----------------------------------------------------------------------------------------------


def test_taker_that_cannot_pay_is_cancelled(venue: Driver) -> None:
    venue.quote(True, 10**6, PRICE)
    poor = venue.user(collateral=10 * USDC)
    order = venue.order(poor, venue.market(False, 1_000, PRICE))
    assert (order.status, order.filled_base) == (OrderStatus.CANCELED_MARGIN_NOT_ALLOWED, 0)


def test_maker_that_can_no_longer_pay_is_cancelled_and_the_taker_goes_on(venue: Driver) -> None:
    poor, rich = venue.user(collateral=60 * USDC), venue.user()
    resting = venue.order(poor, venue.limit(True, 1_000, PRICE))
    other = venue.quote(True, 1_000, PRICE)
    venue.exchange.deposit(poor, -9 * USDC, venue.now_ns)
    venue.exchange.set_index_price(BTC, PRICE * 2, venue.now_ns)
    taken = venue.order(rich, venue.market(False, 1_000, PRICE * 2))
    maker = venue.read.order(resting.order_index)
    assert maker is not None
    assert (maker.status, maker.filled_base) == (OrderStatus.CANCELED_MARGIN_NOT_ALLOWED, 0)
    assert taken.filled_base == 1_000
    after = venue.read.order(other.order_index)
    assert after is not None and after.filled_base == 1_000


def test_when_neither_side_can_pay_both_are_cancelled(venue: Driver) -> None:
    maker, taker = venue.user(collateral=60 * USDC), venue.user(collateral=10 * USDC)
    resting = venue.order(maker, venue.limit(True, 1_000, PRICE))
    venue.exchange.deposit(maker, -9 * USDC, venue.now_ns)
    venue.exchange.set_index_price(BTC, PRICE * 102 // 100, venue.now_ns)
    taken = venue.order(taker, venue.market(False, 1_000, PRICE * 2))
    made = venue.read.order(resting.order_index)
    assert made is not None
    assert made.status is OrderStatus.CANCELED_MARGIN_NOT_ALLOWED
    assert (taken.status, taken.filled_base) == (OrderStatus.CANCELED_MARGIN_NOT_ALLOWED, 0)


def test_fees_by_tier_leave_the_accounts_and_are_named_in_the_trade() -> None:
    venue = Driver(ExchangeSettings(delays=Delays(0, 0, 0)))
    maker = venue.user(tier="premium")
    venue.run(maker, venue.limit(True, 100, PRICE))
    taker = venue.user(tier="premium")
    trade = venue.run(taker, venue.market(False, 100, PRICE)).trade
    assert trade is not None
    assert (trade.taker_fee_rate, trade.maker_fee_rate) == (280, 40)
    assert (trade.taker_fee_amount, trade.maker_fee_amount) == (28_000, 4_000)
    account = venue.read.account(taker)
    assert account is not None and account.collateral == 10_000 * USDC - 28_000


def test_fractions_of_a_fee_go_to_the_venue() -> None:
    venue = Driver()
    venue.quote(True, 1, 3)
    trade = venue.run(venue.user(tier="premium"), venue.market(False, 1, 3)).trade
    assert trade is not None and trade.taker_fee_amount == 1


def test_the_rest_of_a_crossing_order_needs_margin_to_stay() -> None:
    venue = Driver(ExchangeSettings(delays=Delays(200, 0, 0)))
    venue.quote(True, 1_000, PRICE)
    user = venue.user(collateral=75 * USDC)
    venue.send(user, venue.limit(False, 1_500, PRICE), tx_hash="aa")
    venue.exchange.deposit(user, -20 * USDC, venue.now_ns)
    venue.wait(200)
    done = venue.read.transaction("aa")
    assert done is not None and done.order is not None
    assert (done.order.status, done.order.filled_base) == (OrderStatus.CANCELED_MARGIN_NOT_ALLOWED, 1_000)
    assert done.nonce_consumed


# -- properties ---------------------------------------------------------------------------------------------------


@given(
    levels=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 40)), min_size=1, max_size=8),
    base=st.integers(1, 300),
    bound=st.integers(0, 60),
    is_ask=st.booleans(),
)
def test_average_price_stays_within_the_bound_and_no_lot_is_left_that_would_have_fit(
    levels: list[tuple[int, int]], base: int, bound: int, is_ask: bool
) -> None:
    venue = Driver()
    sign = -1 if is_ask else 1
    for distance, size in levels:
        venue.quote(not is_ask, size, PRICE + sign * distance)
    limit = PRICE + sign * bound
    order = venue.order(venue.user(), venue.market(is_ask, base, limit))
    assert sign * order.filled_quote <= sign * limit * order.filled_base
    fitting, spent = 0, 0
    for distance, size in sorted(levels):
        for _ in range(size):
            if fitting == base or sign * (spent + PRICE + sign * distance) > sign * limit * (fitting + 1):
                break
            fitting, spent = fitting + 1, spent + PRICE + sign * distance
    assert (order.filled_base, order.filled_quote) == (fitting, spent)


@given(
    orders=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), min_size=1, max_size=12), taken=st.integers(1, 80)
)
def test_makers_are_served_by_price_then_time(orders: list[tuple[int, int]], taken: int) -> None:
    venue = Driver()
    makers = venue.open(AccountSpec(is_house=True))
    placed = [venue.quote(False, base, PRICE - distance, account=makers) for distance, base in orders]
    venue.take(True, taken, PRICE - 10)
    filled = {e.trade.bid_order_index: e.trade.base for e in venue.happened() if isinstance(e, TradeExecuted)}
    left = taken
    for order in sorted(placed, key=lambda order: (-order.price, order.created_ns, -order.order_nonce)):
        expected = min(left, order.initial_base)
        assert filled.get(order.order_index, 0) == expected
        left -= expected


def test_events_tell_trades_before_orders(venue: Driver) -> None:
    venue.quote(True, 100, PRICE)
    user = venue.user()
    venue.happened()
    venue.run(user, venue.market(False, 40, PRICE))
    kinds = [type(event) for event in venue.happened()]
    assert kinds.index(TradeExecuted) < kinds.index(OrderChanged)
