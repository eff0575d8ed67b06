"""Values of the domain as rows of the tables, and what an order was for. Pure.

What an order was for follows from its client order index alone (`domain/ids`): `quote` (A's own), `hedge` (B's: of
which maker order, which attempt), `close` (a position is being closed, on either account), `other` (B's, no hedge).
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from hedge_strategy.domain.account_trade import AccountTrade, FundingPayment
from hedge_strategy.domain.ids import hedge_identity, is_flatten_client_order_index
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport
from hedge_strategy.venues.port import BadRecord

ROLE_A, ROLE_B = "A", "B"
QUOTE, HEDGE, CLOSE, OTHER = "quote", "hedge", "close", "other"
CONTENT_CHARACTERS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """One account in one market, and from where on it is ours.

    Attributes:
        role: A or B.
        venue: the venue's name.
        account_index: the venue's number of the account.
        market: that account's market.
        maker_market_index: A's venue's number of it.
        begin_trade_id: trades up to this one are from before this system.
        begin_at_ms: orders and funding from before are too, unix ms.
    """

    role: str
    venue: str
    account_index: int
    market: Market
    maker_market_index: int
    begin_trade_id: int
    begin_at_ms: int

    @property
    def key(self) -> dict[str, Any]:
        """The columns that every row of this place begins with."""
        return {"venue": self.venue, "account_index": self.account_index, "market_index": self.market.index}

    @property
    def name(self) -> str:
        """For marks and logs."""
        return f"{self.venue}:{self.account_index}:{self.market.index}"

    def takes(self, trade: AccountTrade) -> bool:
        """Whether a trade is of this account in this market, and of our time."""
        fill = trade.fill
        is_here = (fill.account_index, fill.market_index) == (self.account_index, self.market.index)
        return is_here and fill.trade_id > self.begin_trade_id


def market_row(place: Place) -> dict[str, Any]:
    """What is known of the place itself."""
    return {
        "role": place.role,
        **place.key,
        "symbol": place.market.symbol,
        "size_decimals": place.market.size_decimals,
        "price_decimals": place.market.price_decimals,
        "maker_market_index": place.maker_market_index,
        "begin_trade_id": place.begin_trade_id,
        "begin_at_ms": place.begin_at_ms,
    }


def trade_row(place: Place, trade: AccountTrade) -> dict[str, Any]:
    """One trade of the account."""
    fill = trade.fill
    return {
        **place.key,
        "trade_id": fill.trade_id,
        "side": fill.side.value,
        "kind": trade.kind,
        "order_index": fill.order_index,
        "client_order_index": fill.client_order_index,
        "is_maker": fill.is_maker,
        "size": fill.size,
        "price": fill.price,
        "quote": trade.quote,
        "fee_rate": trade.fee_rate,
        "fee": trade.fee,
        "executed_at_us": trade.executed_at_us,
        "counter_account_index": fill.counter_account_index,
        "position_before": trade.position_before,
        "entry_quote_before": trade.entry_quote_before,
        "venue_pnl": trade.venue_pnl,
        **_purpose(place, fill.order_index, fill.client_order_index),
    }


def order_row(place: Place, report: OrderReport) -> dict[str, Any]:
    """One order of the account that has ended."""
    return {
        **place.key,
        "order_index": report.order_index,
        "client_order_index": report.client_order_index,
        "side": report.side.value,
        "price": report.price,
        "size": report.size,
        "filled_size": report.filled_size,
        "filled_quote": report.filled_quote,
        "status": report.status.value,
        "reason": report.reason,
        "ended_at_ms": report.updated_at_ms,
        **_purpose(place, report.order_index, report.client_order_index),
    }


def funding_row(place: Place, payment: FundingPayment) -> dict[str, Any]:
    """One payment of funding."""
    return {
        **place.key,
        "funding_id": payment.funding_id,
        "amount": payment.amount,
        "rate": payment.rate,
        "position": payment.position,
        "paid_at_ms": payment.paid_at_ms,
    }


def bad_row(bad: BadRecord, seen_at_ms: int) -> dict[str, Any]:
    """What could not be read; known again by its content."""
    return {
        "digest": hashlib.sha256(bad.source.encode() + b"\0" + bad.content).hexdigest(),
        "source": bad.source,
        "problem": bad.problem,
        "content": bad.content.decode("utf-8", "backslashreplace").replace("\0", "\\0")[:CONTENT_CHARACTERS_MAX],
        "seen_at_ms": seen_at_ms,
    }


def _purpose(place: Place, order_index: int, client_order_index: int) -> dict[str, Any]:
    if is_flatten_client_order_index(client_order_index):
        return {"purpose": CLOSE, "maker_order_index": None, "attempt": None}
    if place.role == ROLE_A:
        return {"purpose": QUOTE, "maker_order_index": order_index, "attempt": 0}
    try:
        identity = hedge_identity(client_order_index, place.maker_market_index)
    except ValueError:
        return {"purpose": OTHER, "maker_order_index": None, "attempt": None}
    return {"purpose": HEDGE, "maker_order_index": identity.maker_order_index, "attempt": identity.attempt}
