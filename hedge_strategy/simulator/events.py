"""What happened, in order, for the shell to tell its clients and its truth log.

Within one executed step the order is: trades, orders, positions, accounts, book levels, the transaction itself.
Order, position and account events concern users' accounts; those of house accounts are left out (their trades are not).
"""

import msgspec

from hedge_strategy.simulator.model import Account, Order, Position, Trade, Transaction


class TradeExecuted(msgspec.Struct, frozen=True):
    """One execution, a liquidation included (see its kind)."""

    trade: Trade


class OrderChanged(msgspec.Struct, frozen=True):
    """A user's order as it is after the step; the last such event of an order carries its terminal status."""

    order: Order


class PositionChanged(msgspec.Struct, frozen=True):
    """Size, margin or the count of resting orders changed; a moved mark price alone is not told."""

    position: Position


class AccountChanged(msgspec.Struct, frozen=True):
    """Collateral, positions, orders or the dead-man switch changed."""

    account: Account


class BookChanged(msgspec.Struct, frozen=True):
    """The new total size at one price; 0 means that the level is gone."""

    market_index: int
    is_ask: bool
    price: int
    size: int
    at_ns: int


class TransactionAccepted(msgspec.Struct, frozen=True):
    """The API said yes; nothing has been executed."""

    transaction: Transaction


class TransactionExecuted(msgspec.Struct, frozen=True):
    """Executed, or dropped without effect: see the status, code and `nonce_consumed` of the transaction."""

    transaction: Transaction


class FundingPaid(msgspec.Struct, frozen=True):
    """`amount` is positive when the account paid."""

    account_index: int
    market_index: int
    amount: int
    rate: int
    position_size: int
    at_ns: int


Event = (
    TradeExecuted
    | OrderChanged
    | PositionChanged
    | AccountChanged
    | BookChanged
    | TransactionAccepted
    | TransactionExecuted
    | FundingPaid
)
