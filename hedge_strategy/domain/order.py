"""Orders: what we want, what was signed, what the venue reports, and the three ways a submission can end."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hedge_strategy.domain.market import Market


class Side(StrEnum):
    """Which way an order or a fill goes, named as in the messages."""

    BUY = "buy"
    SELL = "sell"

    __hash__ = str.__hash__  # equal to its text, so with its text's hash; and that is the quicker one

    @property
    def opposite(self) -> "Side":
        return _OPPOSITES[self]

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: what one unit of it adds to a position."""
        return _SIGNS[self]


_OPPOSITES = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
_SIGNS = {Side.BUY: 1, Side.SELL: -1}


class OrderKind(StrEnum):
    """How an order may execute."""

    POST_ONLY = "post-only"
    LIMIT = "limit"
    IMMEDIATE_OR_CANCEL = "immediate-or-cancel"
    MARKET = "market"


class OrderStatus(StrEnum):
    """What the venue says of an order; everything but PENDING and OPEN is final."""

    PENDING = "pending"
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self in _FINAL


_FINAL = (OrderStatus.FILLED, OrderStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An order we want, not yet approved by risk, not yet signed.

    Attributes:
        market: where.
        side: which way.
        kind: how it may execute.
        size: in base units, a whole number of lots.
        price: limit price; for a market order the worst average price that is still accepted.
        client_order_index: our number for it, 1 … 2^48-1, unique per intent.
        reduce_only: True: may only make the position smaller.
    """

    market: Market
    side: Side
    kind: OrderKind
    size: Decimal
    price: Decimal
    client_order_index: int
    reduce_only: bool = False


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """Bytes that may act on the venue, known in full before they leave.

    Attributes:
        kind: the venue's transaction type (Lighter: 14 create, 15 cancel, 16 cancel all …).
        payload: the signed text, sent unchanged however often it is sent.
        hash: the venue's name for it, computed by the signer.
        nonce: its place in its lane; of all transactions with one nonce at most one executes.
        key_index: the lane (API key) it was signed with.
        expires_at_ms: unix milliseconds after which it can no longer execute.
        client_order_index: the order it creates, or 0 where it creates none.
    """

    kind: int
    payload: str
    hash: str
    nonce: int
    key_index: int
    expires_at_ms: int
    client_order_index: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue took the transaction. Accepted is not executed.

    Attributes:
        executes_at_ms: when the venue expects to execute it, unix milliseconds.
    """

    executes_at_ms: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The venue refused the transaction.

    Attributes:
        code: the venue's number.
        message: the venue's text.
        is_nonce: True where the lane's nonce was the reason; on a re-send that proves nothing.
        is_proof: False where a limit spoke that may stand behind the place where transactions are taken: very likely
            nothing was done, but the same bytes are sent again rather than others.
    """

    code: int
    message: str
    is_nonce: bool = False
    is_proof: bool = True


@dataclass(frozen=True, slots=True)
class Unknown:
    """No usable answer: it may or may not execute, now or until it expires."""

    reason: str


Outcome = Accepted | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the venue tells it.

    Attributes:
        account_index: whose.
        market_index: where.
        order_index: the venue's number.
        client_order_index: ours, 0 where the order was placed without one.
        side: which way.
        price: its limit price.
        size: its whole size, base units.
        filled_size: cumulative, base units. The truth about what was executed; a cancelled order may have filled.
        filled_quote: cumulative, quote units.
        status: open or how it ended.
        reason: the venue's own word for the status, such as `canceled-post-only`.
        updated_at_ms: unix milliseconds.
    """

    account_index: int
    market_index: int
    order_index: int
    client_order_index: int
    side: Side
    price: Decimal
    size: Decimal
    filled_size: Decimal
    filled_quote: Decimal
    status: OrderStatus
    reason: str
    updated_at_ms: int


class TransactionStatus(StrEnum):
    """What the venue says became of a transaction."""

    PENDING = "pending"
    EXECUTED = "executed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TransactionReport:
    """A transaction as the venue tells it. Executed means included, not that its order was filled."""

    hash: str
    status: TransactionStatus
    nonce: int
    key_index: int
    error: str
