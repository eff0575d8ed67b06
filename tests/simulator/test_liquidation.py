"""What falls below maintenance is taken over, and nothing is lost on the way."""

from hedge_strategy.simulator.events import TradeExecuted
from hedge_strategy.simulator.liquidation import INSURANCE_ACCOUNT_INDEX
from hedge_strategy.simulator.model import OrderStatus, TradeKind
from hedge_strategy.simulator.settings import Delays, ExchangeSettings
from hedge_strategy.simulator.transactions import UpdateLeverage
from tests.simulator.core_driver import BTC, ETH, PRICE, USDC, Driver


def _long_position(venue: Driver, collateral: int) -> int:
    """1,000 lots, worth 1,000 USDC; maintenance is 12 USDC."""
    venue.quote(True, 1_000, PRICE)
    user = venue.user(collateral=collateral)
    venue.run(user, venue.market(False, 1_000, PRICE))
    return user


def _collateral(venue: Driver, account: int) -> int:
    found = venue.read.account(account)
    assert found is not None
    return found.collateral


def test_a_fallen_account_loses_orders_and_position() -> None:
    venue = Driver()
    user = _long_position(venue, 100 * USDC)
    order = venue.order(user, venue.limit(False, 100, PRICE - 200_000))
    venue.happened()
    venue.exchange.set_index_price(BTC, PRICE * 91 // 100, venue.now_ns)
    assert venue.size(user) == 0
    resting = venue.read.order(order.order_index)
    assert resting is not None and resting.status is OrderStatus.CANCELED_LIQUIDATION
    (trade,) = [e.trade for e in venue.happened() if isinstance(e, TradeExecuted)]
    assert (trade.kind, trade.ask_account_index, trade.price) == (TradeKind.LIQUIDATION, user, PRICE * 91 // 100)
    assert venue.size(INSURANCE_ACCOUNT_INDEX) == 1_000
    assert _collateral(venue, user) == 10 * USDC
    venue.exchange.check_invariants()


def test_a_position_that_still_meets_maintenance_stays() -> None:
    venue = Driver()
    user = _long_position(venue, 100 * USDC)
    venue.exchange.set_index_price(BTC, PRICE * 92 // 100, venue.now_ns)
    assert venue.size(user) == 1_000


def test_the_insurance_account_covers_what_is_missing() -> None:
    venue = Driver()
    user = _long_position(venue, 100 * USDC)
    before = _collateral(venue, INSURANCE_ACCOUNT_INDEX)
    venue.exchange.set_index_price(BTC, PRICE * 80 // 100, venue.now_ns)
    assert _collateral(venue, user) == 0
    assert _collateral(venue, INSURANCE_ACCOUNT_INDEX) == before - 100 * USDC
    venue.exchange.check_invariants()


def test_an_isolated_position_falls_alone() -> None:
    venue = Driver()
    venue.quote(True, 1_000, PRICE)
    venue.quote(True, 100, 300_000, market=ETH)
    user = venue.user(collateral=1_000 * USDC)
    venue.run(user, UpdateLeverage(market_index=BTC, initial_margin_fraction=1_000, margin_mode=1))
    venue.run(user, venue.market(False, 1_000, PRICE))
    venue.run(user, venue.market(False, 100, 300_000, market_index=ETH))
    venue.exchange.set_index_price(BTC, PRICE * 85 // 100, venue.now_ns)
    assert (venue.size(user, BTC), venue.size(user, ETH)) == (0, 100)
    assert _collateral(venue, user) == 900 * USDC
    assert venue.position(user).allocated_margin == 0
    venue.exchange.check_invariants()


def test_it_can_be_switched_off_and_the_books_still_balance() -> None:
    venue = Driver(ExchangeSettings(delays=Delays(0, 0, 0), liquidation=False))
    user = _long_position(venue, 100 * USDC)
    venue.exchange.set_index_price(BTC, PRICE // 2, venue.now_ns)
    assert venue.size(user) == 1_000
    account = venue.read.account(user)
    assert account is not None and account.total_asset_value == -400 * USDC
    venue.exchange.check_invariants()
