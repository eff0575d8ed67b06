"""Liquidation, the simple and conserved kind: what falls below maintenance goes to the insurance account at mark.

First all orders of the account are cancelled; if it is still below maintenance its cross positions are taken over at
the mark price, as trades of kind `liquidation` outside the book. The insurance account covers what is then missing, and
may itself go below zero. Isolated positions stand and fall alone. Checked when an index price moves and after funding.
Known limit: no partial liquidation, no auto-deleveraging, no liquidation fee.
"""

from hedge_strategy.simulator import margin
from hedge_strategy.simulator.accounts import AccountState, PositionState
from hedge_strategy.simulator.execution import cancel_orders
from hedge_strategy.simulator.matching import execute_trade
from hedge_strategy.simulator.model import MarginMode, OrderStatus, OrderType, TimeInForce, TradeKind
from hedge_strategy.simulator.orders import LiveOrder, order_index_of
from hedge_strategy.simulator.state import State

INSURANCE_ACCOUNT_INDEX = (1 << 48) - 1
"""As in the venue's market_config."""


def liquidate_fallen(state: State) -> None:
    """Goes through all users' accounts, within the current step."""
    if not state.settings.liquidation:
        return
    for account in state.accounts.values():
        if account.is_house or not any(position.size for position in account.positions.values()):
            continue
        for position in account.positions.values():
            if margin.is_isolated_below_maintenance(position):
                cancel_orders(state, account, position.market.index, OrderStatus.CANCELED_LIQUIDATION)
                _take_over(state, account, position)
        if margin.is_below_maintenance(account):
            cancel_orders(state, account, status=OrderStatus.CANCELED_LIQUIDATION)
            for position in account.positions.values():
                if position.size and position.mode is MarginMode.CROSS:
                    _take_over(state, account, position)


def _take_over(state: State, account: AccountState, position: PositionState) -> None:
    insurance = state.accounts[INSURANCE_ACCOUNT_INDEX]
    collateral_before = account.collateral
    is_isolated = position.mode is MarginMode.ISOLATED
    base = abs(position.size)
    is_ask = position.size > 0
    taker = _order(state, account, position, is_ask)
    maker = _order(state, insurance, position, not is_ask)
    execute_trade(state, taker, maker, base, TradeKind.LIQUIDATION)
    state.close(taker, OrderStatus.FILLED)
    state.close(maker, OrderStatus.FILLED)
    if is_isolated:
        missing = collateral_before - account.collateral
    elif any(p.size and p.mode is MarginMode.CROSS for p in account.positions.values()):
        missing = 0  # the last cross position to go settles the account
    else:
        missing = -account.collateral
    if missing > 0:
        account.collateral += missing
        insurance.collateral -= missing


def _order(state: State, account: AccountState, position: PositionState, is_ask: bool) -> LiveOrder:
    market = position.market
    order_nonce = market.take_order_nonce(is_ask)
    base = abs(position.size)
    return LiveOrder(
        order_index=order_index_of(market.index, order_nonce),
        client_order_index=0,
        market_index=market.index,
        owner=account,
        order_nonce=order_nonce,
        is_ask=is_ask,
        order_type=OrderType.LIQUIDATION,
        time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
        price=market.mark_price,
        initial=base,
        remaining=base,
        created_ns=state.now_ns,
        self_trade_behaviour=state.settings.self_trade_behaviour,
        self_trade_equality=state.settings.self_trade_equality,
    )
