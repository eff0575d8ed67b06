"""The order while it is alive: the one mutable form, inside the core only; everyone else gets `snapshot()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hedge_strategy.simulator.model import (
    Order,
    OrderStatus,
    OrderType,
    SelfTradeBehaviour,
    SelfTradeEquality,
    TimeInForce,
)

if TYPE_CHECKING:
    from hedge_strategy.simulator.accounts import AccountState

ORDER_NONCE_BITS = 48
MAX_ORDER_NONCE = (1 << ORDER_NONCE_BITS) - 1


def order_index_of(market_index: int, order_nonce: int) -> int:
    """(market_index + 1) * 2^48 + order nonce (venue fact sheet 2.3)."""
    return ((market_index + 1) << ORDER_NONCE_BITS) + order_nonce


class LiveOrder(msgspec.Struct, kw_only=True, eq=False):
    """Field meanings as in `model.Order`. Invariant: 0 <= remaining and filled + remaining <= initial."""

    order_index: int
    client_order_index: int
    market_index: int
    owner: AccountState
    api_key_index: int = 0
    order_nonce: int
    is_ask: bool
    order_type: OrderType
    time_in_force: TimeInForce
    reduce_only: bool = False
    price: int
    trigger_price: int = 0
    initial: int
    remaining: int
    filled: int = 0
    filled_quote: int = 0
    status: OrderStatus = OrderStatus.IN_PROGRESS
    expiry_ms: int = 0
    created_ns: int
    closed_ns: int = 0
    version: int = 1
    tx_hash: str = ""
    tx_nonce: int = 0
    self_trade_behaviour: SelfTradeBehaviour
    self_trade_equality: SelfTradeEquality
    integrator_account_index: int = 0
    integrator_taker_fee: int = 0
    integrator_maker_fee: int = 0
    is_resting: bool = False
    last: Order | None = None
    """The latest snapshot, renewed once per step."""

    def snapshot(self, now_ns: int, sequence: int, block_height: int) -> Order:
        """The immutable copy as of now; also kept in `last`."""
        self.last = Order(
            order_index=self.order_index,
            client_order_index=self.client_order_index,
            market_index=self.market_index,
            account_index=self.owner.index,
            api_key_index=self.api_key_index,
            order_nonce=self.order_nonce,
            is_ask=self.is_ask,
            order_type=self.order_type,
            time_in_force=self.time_in_force,
            reduce_only=self.reduce_only,
            price=self.price,
            trigger_price=self.trigger_price,
            initial_base=self.initial,
            remaining_base=self.remaining,
            filled_base=self.filled,
            filled_quote=self.filled_quote,
            status=self.status,
            expiry_ms=self.expiry_ms,
            created_ns=self.created_ns,
            updated_ns=now_ns,
            closed_ns=self.closed_ns,
            version=self.version,
            sequence=sequence,
            tx_hash=self.tx_hash,
            tx_nonce=self.tx_nonce,
            block_height=block_height,
            self_trade_behaviour=self.self_trade_behaviour,
            self_trade_equality=self.self_trade_equality,
            integrator_account_index=self.integrator_account_index,
            integrator_taker_fee=self.integrator_taker_fee,
            integrator_maker_fee=self.integrator_maker_fee,
        )
        return self.last
