"""What each transaction does when its turn comes, inside one step.

A transaction without effect (duplicate client id, order gone) still uses its nonce; only one whose resting order
lacks margin does not (venue fact sheet 2.4).

Modify keeps the order index but takes a new order nonce, so the order always goes to the end of the queue of its price,
and trades first if it crosses; a new total that is filled already ends it as filled; self-trade and integrator
attributes are those of the modify (all of it as in the venue's public circuit).
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hedge_strategy.simulator import margin
from hedge_strategy.simulator.accounts import AccountState
from hedge_strategy.simulator.admission import find_order
from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.matching import place
from hedge_strategy.simulator.model import (
    MarginMode,
    OrderStatus,
    OrderType,
    SelfTradeBehaviour,
    SelfTradeEquality,
    TimeInForce,
)
from hedge_strategy.simulator.orders import LiveOrder, order_index_of
from hedge_strategy.simulator.state import MS, State
from hedge_strategy.simulator.timers import TimerKind
from hedge_strategy.simulator.transactions import (
    NIL_MARKET,
    Attribute,
    CancelAll,
    CancelOrder,
    ChangeKey,
    CreateOrder,
    ModifyOrder,
    TransactionRequest,
    UpdateLeverage,
    UpdateMargin,
)


class Outcome(msgspec.Struct, frozen=True):
    """`code` 200 means that it had its effect."""

    code: Code = Code.OK
    order: LiveOrder | None = None
    cancelled_count: int = 0
    is_nonce_consumed: bool = True


DONE = Outcome()


def execute(state: State, account: AccountState, request: TransactionRequest) -> Outcome:
    """Runs the body within the current step. The request has passed admission."""
    body = request.body
    injected = request.injection
    if injected.refuse_code:
        return Outcome(Code(injected.refuse_code), is_nonce_consumed=injected.consume_nonce)
    return _HANDLERS[type(body)](state, account, request, body)


def cancel_orders(
    state: State, account: AccountState, market_index: int = NIL_MARKET, status: OrderStatus = OrderStatus.CANCELED
) -> int:
    """Ends all live orders of the account, or those of one market; returns how many."""
    chosen = [o for o in account.orders.values() if market_index in (NIL_MARKET, o.market_index)]
    for order in chosen:
        state.close(order, status)
    return len(chosen)


def _create_order(state: State, account: AccountState, request: TransactionRequest, body: CreateOrder) -> Outcome:
    if body.client_order_index in account.orders_by_client:
        return Outcome(Code.CLIENT_ORDER_INDEX_EXISTS)
    market = state.markets[body.market_index]
    is_ask = body.is_ask == 1
    rests = body.time_in_force != TimeInForce.IMMEDIATE_OR_CANCEL
    if rests and not body.reduce_only and not market.book.crosses(is_ask, body.price):
        position = account.position(market)
        if not margin.can_rest(account, position, is_ask, body.base_amount):
            return Outcome(Code.NOT_ENOUGH_MARGIN, is_nonce_consumed=False)
    order = _order_from(state, account, request, body)
    if rests and body.order_expiry_ms * MS <= state.now_ns:
        state.close(order, OrderStatus.CANCELED_EXPIRED)
    elif rests and len(account.orders) >= state.settings.bounds.open_orders_per_account:
        return Outcome(Code.TOO_MANY_OPEN_ORDERS)
    else:
        place(state, order, request.injection)
    return Outcome(order=order)


def _order_from(state: State, account: AccountState, request: TransactionRequest, body: CreateOrder) -> LiveOrder:
    is_ask = body.is_ask == 1
    order_nonce = state.markets[body.market_index].take_order_nonce(is_ask)
    order = LiveOrder(
        order_index=order_index_of(body.market_index, order_nonce),
        client_order_index=body.client_order_index,
        market_index=body.market_index,
        owner=account,
        api_key_index=request.api_key_index,
        order_nonce=order_nonce,
        is_ask=is_ask,
        order_type=OrderType(body.order_type),
        time_in_force=TimeInForce(body.time_in_force),
        reduce_only=body.reduce_only == 1,
        price=body.price,
        initial=body.base_amount,
        remaining=body.base_amount,
        expiry_ms=body.order_expiry_ms,
        created_ns=state.now_ns,
        tx_hash=request.hash,
        tx_nonce=request.nonce,
        self_trade_behaviour=state.settings.self_trade_behaviour,
        self_trade_equality=state.settings.self_trade_equality,
    )
    _take_attributes(state, order, request.attributes)
    return order


def _take_attributes(state: State, order: LiveOrder, attributes: Mapping[int, int]) -> None:
    """Zero counts as absent: then the exchange's default applies."""
    settings = state.settings
    behaviour = attributes.get(Attribute.SELF_TRADE_BEHAVIOUR, 0) or settings.self_trade_behaviour
    equality = attributes.get(Attribute.SELF_TRADE_EQUALITY, 0) or settings.self_trade_equality
    order.self_trade_behaviour = SelfTradeBehaviour(behaviour)
    order.self_trade_equality = SelfTradeEquality(equality)
    order.integrator_account_index = attributes.get(Attribute.INTEGRATOR_ACCOUNT, 0)
    order.integrator_taker_fee = attributes.get(Attribute.INTEGRATOR_TAKER_FEE, 0)
    order.integrator_maker_fee = attributes.get(Attribute.INTEGRATOR_MAKER_FEE, 0)


def _cancel_order(state: State, account: AccountState, request: TransactionRequest, body: CancelOrder) -> Outcome:
    order = find_order(state, account, body.market_index, body.index)
    if order is None:
        return Outcome(Code.ORDER_NOT_ACTIVE)
    state.close(order, OrderStatus.CANCELED)
    return Outcome(order=order, cancelled_count=1)


def _cancel_all(state: State, account: AccountState, request: TransactionRequest, body: CancelAll) -> Outcome:
    if body.time_in_force == 0:
        market_index = request.attributes.get(Attribute.CANCEL_ALL_MARKET, NIL_MARKET)
        return Outcome(cancelled_count=cancel_orders(state, account, market_index))
    state.timers.remove(account.cancel_all_at_ns, TimerKind.CANCEL_ALL, account.index)
    account.cancel_all_at_ns = 0
    if body.time_in_force == 1:
        account.cancel_all_at_ns = body.time_ms * MS
        state.timers.add(account.cancel_all_at_ns, TimerKind.CANCEL_ALL, account.index)
    state.touch_account(account)
    return DONE


def _modify_order(state: State, account: AccountState, request: TransactionRequest, body: ModifyOrder) -> Outcome:
    order = find_order(state, account, body.market_index, body.index)
    version = request.attributes.get(Attribute.ORDER_VERSION, 0)
    if order is None or (version and version != order.version):
        return Outcome(Code.ORDER_NOT_ACTIVE)
    remaining = body.base_amount - order.filled
    if remaining <= 0:
        order.initial = order.filled
        state.shrink(order, order.remaining)
        state.close(order, OrderStatus.FILLED)
        return Outcome(order=order)
    added = remaining - order.remaining
    position = account.position(state.markets[order.market_index])
    if added > 0 and not order.reduce_only and not margin.can_rest(account, position, order.is_ask, added):
        return Outcome(Code.NOT_ENOUGH_MARGIN)
    state.unrest(order)
    order.version += 1
    order.order_nonce = state.markets[order.market_index].take_order_nonce(order.is_ask)
    order.tx_hash, order.tx_nonce = request.hash, request.nonce
    order.initial, order.remaining, order.price = body.base_amount, remaining, body.price
    order.status = OrderStatus.IN_PROGRESS
    _take_attributes(state, order, request.attributes)
    place(state, order)
    return Outcome(order=order)


def _update_leverage(state: State, account: AccountState, request: TransactionRequest, body: UpdateLeverage) -> Outcome:
    position = account.position(state.markets[body.market_index])
    mode = MarginMode(body.margin_mode)
    if mode is not position.mode and (position.size or position.order_count):
        return Outcome(Code.INVALID_TX_INFO)
    before = position.margin_fraction
    position.margin_fraction = body.initial_margin_fraction
    is_isolated = position.mode is MarginMode.ISOLATED and position.size != 0
    equity = position.allocated + position.unrealized_pnl()
    is_short = is_isolated and equity < margin.initial_margin(position, abs(position.size))
    if is_short or (body.initial_margin_fraction > before and margin.available_balance(account) < 0):
        position.margin_fraction = before
        return Outcome(Code.BELOW_INITIAL_MARGIN)
    position.mode = mode
    position.margin_set = True
    state.touch_position(account, position)
    return DONE


def _update_margin(state: State, account: AccountState, request: TransactionRequest, body: UpdateMargin) -> Outcome:
    position = account.position(state.markets[body.market_index])
    if position.mode is not MarginMode.ISOLATED or position.size == 0:
        return Outcome(Code.INVALID_TX_INFO)
    if body.direction == 1:
        if margin.available_balance(account) < body.usdc_amount:
            return Outcome(Code.NOT_ENOUGH_MARGIN)
        moved = body.usdc_amount
    else:
        equity = position.allocated + position.unrealized_pnl() - body.usdc_amount
        if equity < margin.initial_margin(position, abs(position.size)) or position.allocated < body.usdc_amount:
            return Outcome(Code.BELOW_INITIAL_MARGIN)
        moved = -body.usdc_amount
    position.allocated += moved
    account.collateral -= moved
    state.touch_position(account, position)
    return DONE


def _change_key(state: State, account: AccountState, request: TransactionRequest, body: ChangeKey) -> Outcome:
    key = account.keys[request.api_key_index]
    key.public_key = body.public_key
    key.updated_ns = state.now_ns
    state.touch_account(account)
    return DONE


_HANDLERS: dict[type, Callable[[State, AccountState, TransactionRequest, Any], Outcome]] = {
    CreateOrder: _create_order,
    CancelOrder: _cancel_order,
    CancelAll: _cancel_all,
    ModifyOrder: _modify_order,
    UpdateLeverage: _update_leverage,
    UpdateMargin: _update_margin,
    ChangeKey: _change_key,
}
