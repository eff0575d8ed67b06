"""The full check of order books against accounts, for tests and for the admin who asks; too slow for every step."""

from collections.abc import Iterable

from hedge_strategy.simulator.accounts import AccountState
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.model import InvariantViolation
from hedge_strategy.simulator.orders import LiveOrder


def audit_books(markets: Iterable[MarketState], accounts: Iterable[AccountState]) -> None:
    """Books are not crossed, levels add up, and accounts and books know the same orders. Raises InvariantViolation."""
    resting: dict[int, LiveOrder] = {}
    for market in markets:
        bid, ask = market.book.bids.best_price(), market.book.asks.best_price()
        if bid is not None and ask is not None and bid >= ask:
            raise InvariantViolation(f"market {market.index} is crossed: bid {bid}, ask {ask}")
        for side in (market.book.asks, market.book.bids):
            count = 0
            for level in side.levels():
                count += len(level.orders)
                if not level.orders or level.size != sum(order.remaining for order in level.orders.values()):
                    raise InvariantViolation(f"market {market.index}: level {level.price} does not add up")
                resting.update(level.orders)
            if count != side.order_count:
                raise InvariantViolation(f"market {market.index} counts {side.order_count} orders, holds {count}")
    known: dict[int, LiveOrder] = {}
    for account in accounts:
        known.update(account.orders)
        _audit_account(account)
    if known != resting:
        raise InvariantViolation("accounts and books know different orders")


def _audit_account(account: AccountState) -> None:
    ids = {order.client_order_index: order for order in account.orders.values() if order.client_order_index}
    if ids != account.orders_by_client:
        raise InvariantViolation(f"account {account.index}: client order indexes do not match its live orders")
    for order in account.orders.values():
        if order.remaining < 1 or order.filled < 0 or order.filled + order.remaining > order.initial:
            raise InvariantViolation(
                f"order {order.order_index}: {order.filled} + {order.remaining} of {order.initial}"
            )
    for index, position in account.positions.items():
        if _resting_lots(account, index) != (position.bid_lots, position.ask_lots, position.order_count):
            raise InvariantViolation(f"account {account.index} market {index}: resting lots are miscounted")


def _resting_lots(account: AccountState, market_index: int) -> tuple[int, int, int]:
    orders = [order for order in account.orders.values() if order.market_index == market_index]
    bids = sum(order.remaining for order in orders if not order.is_ask and not order.reduce_only)
    asks = sum(order.remaining for order in orders if order.is_ask and not order.reduce_only)
    return bids, asks, len(orders)
