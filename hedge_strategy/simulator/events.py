"""What happened, in order, for the shell to tell its clients and its truth log.

Within one executed step the order is: trades, orders, positions, accounts, book levels, the transaction itself.
Order, position and account events concern users' accounts; those of house accounts are left out (their trades are not).
"""

import msgspec

from hedge_strategy.simulator.model import Account, Order, Position, Trade, Transaction


class TradeExecuted(msgspec.Struct, frozen=True):
    trade: Trade


class OrderChanged(msgspec.Struct, frozen=True):
    order: Order


class PositionChanged(msgspec.Struct, frozen=True):
    position: Position


class AccountChanged(msgspec.Struct, frozen=True):
    account: Account


class BookChanged(msgspec.Struct, frozen=True):
    """The new total size at one price; 0 means that the level is gone."""

    market_index: int
    is_ask: bool
    price: int
    size: int
    at_ns: int


class TransactionAccepted(msgspec.Struct, frozen=True):
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
