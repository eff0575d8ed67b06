"""Accounts, positions and balances as the venue writes them (venue fact sheet 1.3 and 3.3). Pure.

Known limits: one asset (USDC, index 3), no pools, no invitations, no unified trading mode.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from hedge_strategy.simulator.markets import Market
from hedge_strategy.simulator.model import Account, ApiKey, Position
from hedge_strategy.simulator.wire import JsonObject, decimal_text, quote_text

# No account here is a public pool, but the client library declares every field of one as required.
NO_POOL: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "status": 0,
        "operator_fee": "0",
        "min_operator_share_rate": "0",
        "total_shares": 0,
        "operator_shares": 0,
        "annual_percentage_yield": 0,
        "daily_returns": [],
        "share_prices": [],
        "sharpe_ratio": 0,
        "strategies": [],
    }
)

USDC_ASSET_ID = 3
ACTIVE = 1


def average_entry_price(position: Position, market: Market) -> int:
    """Ticks, rounded to the nearest; 0 for a flat position."""
    unit = abs(position.size) * market.quote_per_lot_tick
    return (position.entry_quote + unit // 2) // unit if unit else 0


def percent_text(fraction: int) -> str:
    """A margin fraction in 1e-4 as percent: 500 is "5.00"."""
    return decimal_text(fraction, 2)


def position_object(position: Position, market: Market) -> JsonObject:
    """A position; flat ones keep sign 1, as in real data."""
    price = market.price_decimals
    return {
        "market_id": position.market_index,
        "symbol": market.symbol,
        "initial_margin_fraction": percent_text(position.initial_margin_fraction),
        "open_order_count": position.open_order_count,
        "pending_order_count": 0,
        "position_tied_order_count": 0,
        "sign": -1 if position.size < 0 else 1,
        "position": decimal_text(abs(position.size), market.size_decimals),
        "avg_entry_price": decimal_text(average_entry_price(position, market), price),
        "position_value": quote_text(position.position_value),
        "unrealized_pnl": quote_text(position.unrealized_pnl),
        "realized_pnl": quote_text(position.realized_pnl),
        "liquidation_price": decimal_text(position.liquidation_price, price) if position.liquidation_price else "0",
        "total_funding_paid_out": quote_text(position.total_funding_paid),
        "margin_mode": int(position.margin_mode),
        "allocated_margin": quote_text(position.allocated_margin),
        "total_discount": "0.000000",
        "margin_set_flag": int(position.margin_set),
    }


def position_map(positions: Iterable[Position], markets: Mapping[int, Market]) -> dict[str, JsonObject]:
    """Positions by market index, as the socket's frames hold them."""
    return {str(one.market_index): position_object(one, markets[one.market_index]) for one in positions}


def asset_object(account: Account) -> JsonObject:
    """The account's USDC."""
    return {
        "symbol": "USDC",
        "asset_id": USDC_ASSET_ID,
        "balance": quote_text(account.collateral),
        "locked_balance": "0.000000",
        "margin_balance": quote_text(account.collateral),
        "margin_mode": "enabled",
        "multiplier": "1.000000",
    }


def account_object(account: Account, is_master: bool) -> JsonObject:
    """An account as `accountsByL1Address` lists it."""
    return {
        "code": 200,
        "account_type": 0 if is_master else 1,
        "account_trading_mode": 0,
        "index": account.account_index,
        "l1_address": account.l1_address,
        "cancel_all_time": account.cancel_all_at_ms,
        "total_order_count": account.open_order_count,
        "total_isolated_order_count": account.isolated_order_count,
        "pending_order_count": 0,
        "available_balance": quote_text(account.available_balance),
        "status": ACTIVE,
        "collateral": quote_text(account.collateral),
        "transaction_time": account.updated_ns // 1_000,
    }


def detailed_account_object(
    account: Account, is_master: bool, markets: Mapping[int, Market], active_only: bool = False
) -> JsonObject:
    """An account as `account` lists it, with positions and assets; `active_only` leaves out flat markets."""
    positions = [one for one in account.positions if one.size or one.open_order_count or not active_only]
    return {
        **account_object(account, is_master),
        "account_index": account.account_index,
        "name": "",
        "description": "",
        "can_invite": False,
        "referral_points_percentage": "",
        "positions": [position_object(one, markets[one.market_index]) for one in positions],
        "assets": [asset_object(account)],
        "total_asset_value": quote_text(account.total_asset_value),
        "cross_asset_value": quote_text(account.cross_asset_value),
        "cross_initial_margin_requirement": quote_text(account.cross_initial_margin),
        "cross_maintenance_margin_requirement": quote_text(account.cross_maintenance_margin),
        "pool_info": dict(NO_POOL),
        "shares": [],
        "created_at": account.created_ns // 1_000_000,
        "pending_unlocks": [],
        "approved_integrators": [],
        "can_rfq": False,
        "can_rfq_market_ids": [],
        "metadata": {"color": ""},
        "agent_enabled": False,
    }


def api_key_object(key: ApiKey) -> JsonObject:
    """A registered key; the public key without 0x."""
    return {
        "account_index": key.account_index,
        "api_key_index": key.api_key_index,
        "nonce": key.nonce,
        "public_key": key.public_key,
        "transaction_time": key.updated_ns // 1_000,
    }


def user_stats_object(account: Account) -> JsonObject:
    """Balances and leverage; the cross and the total part are the same here as far as cross margin goes."""
    cross = _stats(account, account.cross_asset_value)
    return {
        **_stats(account, account.total_asset_value),
        "account_trading_mode": 0,
        "cross_stats": cross,
        "total_stats": _stats(account, account.total_asset_value),
    }


def _stats(account: Account, value: int) -> dict[str, Any]:
    notional = sum(one.position_value for one in account.positions)
    return {
        "collateral": quote_text(account.collateral),
        "portfolio_value": quote_text(value),
        "leverage": _ratio_text(notional, value),
        "available_balance": quote_text(account.available_balance),
        "margin_usage": _ratio_text(100 * account.cross_initial_margin, value),
        "buying_power": quote_text(max(account.available_balance, 0)),
    }


def _ratio_text(part: int, whole: int) -> str:
    return decimal_text(100 * part // whole, 2) if whole > 0 else "0.00"
