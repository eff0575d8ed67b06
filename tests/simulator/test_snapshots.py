"""The figures of an account at one moment."""

from hedge_strategy.simulator.transactions import UpdateLeverage
from tests.simulator.core_driver import BTC, PRICE, USDC, Driver


def test_account_with_position_and_resting_order() -> None:
    venue = Driver()
    venue.quote(True, 1_000, PRICE)
    user = venue.user(collateral=1_000 * USDC)
    venue.run(user, venue.market(False, 1_000, PRICE))
    venue.run(user, venue.limit(False, 200, PRICE - 10))
    venue.exchange.set_index_price(BTC, PRICE + 10_000, venue.now_ns)
    venue.take(True, 1, PRICE - 10)
    account = venue.read.account(user)
    assert account is not None
    mark = venue.read.market_stats(BTC).mark_price
    (position,) = account.positions
    assert (position.size, position.entry_quote) == (1_001, 1_001 * PRICE - 10)
    assert position.position_value == 1_001 * mark
    assert position.unrealized_pnl == 1_001 * mark - position.entry_quote
    assert account.collateral == 1_000 * USDC
    assert account.total_asset_value == account.cross_asset_value == account.collateral + position.unrealized_pnl
    assert account.cross_initial_margin == -(-1_001 * mark // 20)
    assert account.available_balance == account.cross_asset_value - -(-1_200 * mark // 20)
    assert (account.open_order_count, position.open_order_count) == (1, 1)
    assert (account.total_trade_count, account.total_volume) == (2, position.entry_quote)
    assert 0 < position.liquidation_price < PRICE


def test_isolated_orders_are_counted_apart() -> None:
    venue = Driver()
    user = venue.user()
    venue.run(user, UpdateLeverage(market_index=BTC, initial_margin_fraction=1_000, margin_mode=1))
    venue.run(user, venue.limit(False, 100, PRICE))
    account = venue.read.account(user)
    assert account is not None
    assert (account.open_order_count, account.isolated_order_count) == (1, 1)
    assert account.positions[0].margin_set
