"""Funding moves money between longs and shorts and nowhere else."""

from hedge_strategy.simulator.events import FundingPaid
from hedge_strategy.simulator.settings import Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import UpdateLeverage
from tests.simulator.core_driver import BTC, MS, PRICE, USDC, Driver

HOUR_MS = 3_600_000


def _long_and_short(venue: Driver, *, isolated: bool = False) -> tuple[int, int]:
    buyer, seller = venue.user(), venue.user()
    if isolated:
        venue.run(buyer, UpdateLeverage(market_index=BTC, initial_margin_fraction=1_000, margin_mode=1))
    venue.run(seller, venue.limit(True, 1_000, PRICE))
    venue.run(buyer, venue.market(False, 1_000, PRICE))
    return buyer, seller


def _collateral(venue: Driver, account: int) -> int:
    found = venue.read.account(account)
    assert found is not None
    return found.collateral


def _premium(venue: Driver, ticks: int) -> None:
    """The book and the last trade say more than the index."""
    venue.exchange.set_index_price(BTC, PRICE - ticks, venue.now_ns)
    venue.quote(False, 1, PRICE - 1)
    venue.quote(True, 1, PRICE + 1)
    venue.exchange.set_index_price(BTC, PRICE - ticks, venue.now_ns)


def test_longs_pay_shorts_while_the_market_is_above_its_index() -> None:
    venue = Driver()
    buyer, seller = _long_and_short(venue)
    _premium(venue, 8_000)
    venue.happened()
    venue.wait(HOUR_MS)
    paid = {e.account_index: e.amount for e in venue.happened() if isinstance(e, FundingPaid)}
    assert paid[buyer] > 0 > paid[seller]
    assert _collateral(venue, buyer) == 10_000 * USDC - paid[buyer]
    assert _collateral(venue, seller) == 10_000 * USDC - paid[seller]
    assert venue.position(buyer).total_funding_paid == paid[buyer]
    assert venue.read.market_stats(BTC).funding_rate > 0
    venue.exchange.check_invariants()


def test_shorts_pay_longs_below_the_index() -> None:
    venue = Driver()
    buyer, seller = _long_and_short(venue)
    _premium(venue, -8_000)
    venue.wait(HOUR_MS)
    assert _collateral(venue, buyer) > 10_000 * USDC > _collateral(venue, seller)


def test_an_isolated_position_pays_from_its_own_margin() -> None:
    venue = Driver()
    buyer, _ = _long_and_short(venue, isolated=True)
    before = _collateral(venue, buyer)
    _premium(venue, 8_000)
    venue.wait(HOUR_MS)
    assert _collateral(venue, buyer) == before
    assert venue.position(buyer).allocated_margin < 100 * USDC
    venue.exchange.check_invariants()


def test_funding_falls_on_the_hour_and_can_be_off() -> None:
    venue = Driver()
    due_ms = venue.read.market_stats(BTC).next_funding_ms
    assert due_ms % HOUR_MS == 0 and 0 < due_ms - venue.now_ns // MS <= HOUR_MS
    off = Driver(ExchangeSettings(delays=Delays(0, 0, 0), funding_interval_ms=0))
    buyer, _ = _long_and_short(off)
    _premium(off, 8_000)
    off.wait(3 * HOUR_MS)
    assert _collateral(off, buyer) == 10_000 * USDC


def test_fractions_of_a_micro_usdc_are_not_lost() -> None:
    venue = Driver()
    buyer, seller = venue.user(), venue.user()
    venue.run(seller, venue.limit(True, 101, PRICE + 3))
    venue.run(buyer, venue.market(False, 101, PRICE + 3))
    venue.quote(False, 1, PRICE)
    venue.quote(True, 1, PRICE + 6)
    venue.exchange.set_index_price(BTC, PRICE - 8_001, venue.now_ns)
    venue.happened()
    venue.wait(HOUR_MS)
    paid = {e.account_index: e for e in venue.happened() if isinstance(e, FundingPaid)}
    exact = 101 * venue.read.market_stats(BTC).mark_price * paid[buyer].rate
    assert exact % 1_000_000 != 0
    assert paid[buyer].amount == exact // 1_000_000 + 1
    assert paid[seller].amount == -(exact // 1_000_000)
    venue.exchange.check_invariants()
