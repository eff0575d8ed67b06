from hedge_strategy.simulator.markets import BTC, ETH
from hedge_strategy.simulator.model import MarginMode, Position
from hedge_strategy.simulator.transactions import AccountSpec
from hedge_strategy.simulator.wire_accounts import (
    account_object,
    api_key_object,
    asset_object,
    detailed_account_object,
    position_map,
    position_object,
    user_stats_object,
)
from tests.simulator.core_driver import Driver
from tests.simulator.shapes import declared, required


def position(size: int, entry_quote: int) -> Position:
    return Position(
        account_index=1,
        market_index=1,
        size=size,
        entry_quote=entry_quote,
        position_value=abs(size) * 1_000_000,
        unrealized_pnl=-5,
        realized_pnl=7,
        total_funding_paid=0,
        liquidation_price=0,
        initial_margin_fraction=500,
        margin_mode=MarginMode.CROSS,
        allocated_margin=0,
        open_order_count=2,
        margin_set=True,
    )


def test_a_short_position_is_a_magnitude_with_a_sign() -> None:
    shown = position_object(position(-30, 30_000_003), BTC)
    assert set(shown) == declared("AccountPosition")
    assert (shown["sign"], shown["position"], shown["avg_entry_price"]) == (-1, "0.00030", "100000.0")
    assert (shown["initial_margin_fraction"], shown["unrealized_pnl"]) == ("5.00", "-0.000005")
    assert (shown["open_order_count"], shown["margin_set_flag"], shown["liquidation_price"]) == (2, 1, "0")


def test_a_flat_position_keeps_sign_1_and_has_no_entry_price() -> None:
    shown = position_object(position(0, 0), BTC)
    assert (shown["sign"], shown["position"], shown["avg_entry_price"]) == (1, "0.00000", "0.0")
    assert list(position_map([position(0, 0)], {1: BTC})) == ["1"]


def test_an_account_has_every_required_field() -> None:
    driver = Driver()
    index = driver.open(AccountSpec(collateral=1_234_567_890, api_keys={4: "ab" * 40}))
    account = driver.read.account(index)
    assert account is not None
    detailed = detailed_account_object(account, True, {0: ETH, 1: BTC})
    assert required("DetailedAccount") <= set(detailed)
    assert (detailed["collateral"], detailed["available_balance"]) == ("1234.567890", "1234.567890")
    assert required("Account") <= set(account_object(account, False))
    assert (detailed["account_type"], account_object(account, False)["account_type"]) == (0, 1)
    assert set(asset_object(account)) == declared("AccountAsset")
    (key,) = driver.read.api_keys(index)
    assert api_key_object(key)["public_key"] == "ab" * 40
    stats = user_stats_object(account)
    assert (stats["portfolio_value"], stats["leverage"], stats["margin_usage"]) == ("1234.567890", "0.00", "0.00")
    assert set(stats["cross_stats"]) == set(stats["total_stats"])
