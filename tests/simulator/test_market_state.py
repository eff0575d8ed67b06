"""Prices and rolling figures of one market."""

from hedge_strategy.simulator.market_state import DAY_MINUTES, MINUTE_NS
from hedge_strategy.simulator.orders import MAX_ORDER_NONCE
from tests.simulator.core_driver import BTC, PRICE, START_NS, Driver


def test_ask_nonces_rise_and_bid_nonces_fall() -> None:
    market = Driver().exchange._state.markets[BTC]
    assert [market.take_order_nonce(is_ask=True) for _ in range(2)] == [1, 2]
    assert [market.take_order_nonce(is_ask=False) for _ in range(2)] == [MAX_ORDER_NONCE, MAX_ORDER_NONCE - 1]


def test_one_odd_print_does_not_move_the_mark() -> None:
    venue = Driver()
    other = venue.user(collateral=10**12)
    venue.quote(True, 100, PRICE * 3)
    venue.run(other, venue.market(False, 100, PRICE * 3))
    stats = venue.read.market_stats(BTC)
    assert stats.last_trade_price == PRICE * 3
    assert stats.mark_price == PRICE


def test_mark_is_the_median_of_index_middle_and_last() -> None:
    venue = Driver()
    venue.quote(False, 100, PRICE + 90)
    venue.quote(True, 100, PRICE + 110)
    venue.run(venue.user(), venue.market(False, 50, PRICE + 110))
    assert venue.read.market_stats(BTC).mark_price == PRICE + 100


def test_a_day_of_volume_rolls_off() -> None:
    venue = Driver()
    venue.quote(True, 1000, PRICE)
    user = venue.user()
    venue.run(user, venue.market(False, 100, PRICE))
    venue.wait(60_000)
    venue.quote(True, 1000, PRICE - 50)
    venue.run(user, venue.market(False, 10, PRICE))
    stats = venue.read.market_stats(BTC)
    assert (stats.daily_base_volume, stats.daily_trade_count) == (110, 2)
    assert (stats.daily_open_price, stats.daily_high_price, stats.daily_low_price) == (PRICE, PRICE, PRICE - 50)
    assert stats.daily_quote_volume == 100 * PRICE + 10 * (PRICE - 50)
    venue.wait((DAY_MINUTES - 1) * 60_000)
    assert venue.read.market_stats(BTC).daily_base_volume == 10


def test_open_interest_counts_one_side() -> None:
    venue = Driver()
    a, b = venue.user(), venue.user()
    venue.run(a, venue.limit(True, 100, PRICE))
    venue.run(b, venue.market(False, 100, PRICE))
    assert venue.read.market_stats(BTC).open_interest == 100
    venue.run(b, venue.limit(True, 60, PRICE))
    venue.run(a, venue.market(False, 60, PRICE))
    assert venue.read.market_stats(BTC).open_interest == 40


def test_premium_is_weighted_by_time_and_clamped() -> None:
    venue = Driver()
    market = venue.exchange._state.markets[BTC]
    market.start_funding_interval(START_NS)
    market.last_price = PRICE + 8_000
    venue.quote(False, 1, PRICE + 7_999)
    venue.quote(True, 1, PRICE + 8_001)
    market.refresh_mark(START_NS + 30 * MINUTE_NS)
    assert market.current_funding_rate(START_NS + 60 * MINUTE_NS, clamp=5_000) == 500
    assert market.current_funding_rate(START_NS + 60 * MINUTE_NS, clamp=100) == 100
