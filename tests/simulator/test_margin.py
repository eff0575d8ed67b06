"""Whether an account can afford something, and where it would be liquidated."""

from hedge_strategy.simulator import margin
from hedge_strategy.simulator.accounts import AccountState, PositionState
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.markets import BTC
from hedge_strategy.simulator.model import MarginMode
from hedge_strategy.simulator.settings import Bounds, Tier
from hedge_strategy.simulator.transactions import AccountSpec

PRICE = 1_000_000
USDC = 1_000_000


def holding(size: int, collateral: int, is_house: bool = False) -> tuple[AccountState, PositionState]:
    """BTC at 100,000 USDC: 1,000 lots are worth 1,000 USDC and need 50 initially, 12 to be maintained."""
    account = AccountState(1, AccountSpec(is_house=is_house), Tier(0, 0), Bounds(), 0)
    position = account.position(MarketState(BTC))
    position.apply(size, abs(size) * PRICE)
    account.collateral = collateral
    return account, position


def test_initial_and_maintenance_margin_at_mark() -> None:
    account, position = holding(1_000, 100 * USDC)
    assert margin.cross_initial_margin(account) == 50 * USDC
    assert margin.cross_maintenance_margin(account) == 12 * USDC
    assert margin.available_balance(account) == 50 * USDC
    position.market.mark_price = PRICE - 10_000
    assert margin.cross_value(account) == 90 * USDC


def test_resting_orders_count_by_the_worse_side() -> None:
    account, position = holding(0, 100 * USDC)
    position.bid_lots, position.ask_lots = 1_000, 600
    assert margin.available_balance(account) == 50 * USDC
    assert margin.can_rest(account, position, is_ask=True, lots=400)
    assert margin.can_rest(account, position, is_ask=False, lots=1_000)
    assert not margin.can_rest(account, position, is_ask=False, lots=1_001)


def test_an_order_that_only_closes_needs_nothing() -> None:
    account, position = holding(1_000, 0)
    assert margin.can_rest(account, position, is_ask=True, lots=1_000)
    assert margin.can_trade(account, position, -1_000, 1_000 * PRICE, fee=0)
    assert not margin.can_trade(account, position, 1, PRICE, fee=0)


def test_a_trade_must_leave_its_initial_margin_its_loss_and_its_fee() -> None:
    account, position = holding(0, 50 * USDC)
    assert margin.can_trade(account, position, 1_000, 1_000 * PRICE, fee=0)
    assert not margin.can_trade(account, position, 1_000, 1_000 * PRICE, fee=1)
    assert not margin.can_trade(account, position, 1_000, 1_000 * (PRICE + 1), fee=0)
    assert not margin.can_trade(account, position, -1_000, 1_000 * (PRICE - 1), fee=0)


def test_a_trade_through_zero_is_judged_by_what_it_opens() -> None:
    account, position = holding(500, 50 * USDC)
    assert margin.can_trade(account, position, -1_500, 1_500 * PRICE, fee=0)
    assert not margin.can_trade(account, position, -1_600, 1_600 * PRICE, fee=0)


def test_the_house_is_never_checked() -> None:
    account, position = holding(0, 0, is_house=True)
    assert margin.can_trade(account, position, 10**9, 10**9 * PRICE, fee=0)
    assert margin.can_rest(account, position, is_ask=False, lots=10**9)


def test_liquidation_price_is_where_maintenance_is_no_longer_met() -> None:
    for size in (1_000, -1_000):
        account, position = holding(size, 100 * USDC)
        price = margin.liquidation_price(position, margin.cross_surplus(account))
        safe, fallen = (price + 1, price - 1) if size > 0 else (price - 1, price + 2)
        position.market.mark_price = safe
        assert not margin.is_below_maintenance(account)
        position.market.mark_price = fallen
        assert margin.is_below_maintenance(account)
    _, nothing = holding(0, 100)
    assert margin.liquidation_price(nothing, 0) == 0


def test_an_isolated_position_stands_alone() -> None:
    account, position = holding(1_000, 100 * USDC)
    position.mode = MarginMode.ISOLATED
    position.allocated = 50 * USDC
    assert margin.cross_initial_margin(account) == 0
    assert margin.available_balance(account) == 100 * USDC
    assert margin.total_value(account) == 150 * USDC
    assert not margin.is_isolated_below_maintenance(position)
    position.market.mark_price = PRICE - 40_000
    assert margin.is_isolated_below_maintenance(position)
    assert not margin.is_below_maintenance(account)


def test_closing_is_allowed_even_below_the_initial_margin() -> None:
    account, position = holding(1_000, 20 * USDC)
    assert margin.can_trade(account, position, -100, 100 * (PRICE - 5), fee=10)
    assert not margin.can_trade(account, position, 100, 100 * PRICE, fee=0)
