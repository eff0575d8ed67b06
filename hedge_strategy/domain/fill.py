"""Fills: one trade of one of our orders, and an order's cumulative fill, which is what crosses Redis."""

from dataclasses import dataclass
from decimal import Decimal

from hedge_strategy.domain.order import Side


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade, seen from one account's side of it.

    Attributes:
        trade_id: the venue's number, unique per market, rising; the key by which repeats are recognised.
        account_index: whose side this is.
        market_index: where.
        order_index: our order in it.
        client_order_index: our own number for that order, 0 where none was given.
        side: which way our order went.
        size: base units.
        price: quote units per base unit.
        is_maker: whether ours was the resting order.
        executed_at_ms: unix milliseconds, the venue's clock.
        counter_account_index: who stood on the other side.
    """

    trade_id: int
    account_index: int
    market_index: int
    order_index: int
    client_order_index: int
    side: Side
    size: Decimal
    price: Decimal
    is_maker: bool
    executed_at_ms: int
    counter_account_index: int

    @property
    def quote(self) -> Decimal:
        """Size times price, quote units."""
        return self.size * self.price


@dataclass(frozen=True, slots=True)
class CumulativeFill:
    """How much of one order has been filled so far. Later and larger replaces earlier and smaller, never adds to it.

    Attributes:
        account_index: whose order.
        market_index: where.
        order_index: the venue's number of the order.
        side: which way the order went.
        filled_size: cumulative, base units.
        filled_quote: cumulative, quote units.
        is_final: True once the order can fill no further.
        filled_at_ms: time of the last fill, unix milliseconds.
        last_trade_id: the newest trade counted in, 0 where only the order's own report is known.
    """

    account_index: int
    market_index: int
    order_index: int
    side: Side
    filled_size: Decimal
    filled_quote: Decimal
    is_final: bool
    filled_at_ms: int
    last_trade_id: int = 0

    @property
    def average_price(self) -> Decimal:
        """Quote per base; 0 where nothing was filled."""
        return self.filled_quote / self.filled_size if self.filled_size else Decimal(0)
