"""Immutable copies of accounts and positions, with the margin figures of the moment."""

from hedge_strategy.simulator import margin
from hedge_strategy.simulator.accounts import AccountState, PositionState
from hedge_strategy.simulator.model import Account, MarginMode, Position


def position_of(account: AccountState, position: PositionState, surplus: int | None = None) -> Position:
    """At the mark price of this moment.

    Args:
        account: whose.
        position: which.
        surplus: the account's, where it is known: with many positions it is not worked out for each.
    """
    market = position.market
    surplus = margin.cross_surplus(account) if surplus is None else surplus
    return Position(
        account_index=account.index,
        market_index=market.index,
        size=position.size,
        entry_quote=position.entry_quote,
        position_value=abs(position.size) * market.mark_price * market.rules.quote_per_lot_tick,
        unrealized_pnl=position.unrealized_pnl(),
        realized_pnl=position.realized_pnl,
        total_funding_paid=position.funding_paid,
        liquidation_price=margin.liquidation_price(position, surplus),
        initial_margin_fraction=position.margin_fraction,
        margin_mode=position.mode,
        allocated_margin=position.allocated,
        open_order_count=position.order_count,
        margin_set=position.margin_set,
    )


def positions_of(account: AccountState) -> tuple[Position, ...]:
    """By market index."""
    surplus = margin.cross_surplus(account)
    return tuple(position_of(account, account.positions[index], surplus) for index in sorted(account.positions))


def account_of(account: AccountState) -> Account:
    """With all its positions, at the mark prices of this moment."""
    isolated = sum(p.order_count for p in account.positions.values() if p.mode is MarginMode.ISOLATED)
    return Account(
        account_index=account.index,
        l1_address=account.l1_address,
        tier=account.tier_name,
        is_house=account.is_house,
        created_ns=account.created_ns,
        updated_ns=account.updated_ns,
        collateral=account.collateral,
        available_balance=margin.available_balance(account),
        total_asset_value=margin.total_value(account),
        cross_asset_value=margin.cross_value(account),
        cross_initial_margin=margin.cross_initial_margin(account),
        cross_maintenance_margin=margin.cross_maintenance_margin(account),
        open_order_count=len(account.orders),
        isolated_order_count=isolated,
        cancel_all_at_ms=account.cancel_all_at_ns // 1_000_000,
        total_trade_count=account.trade_count,
        total_volume=account.volume,
        positions=positions_of(account),
    )
