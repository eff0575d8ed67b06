"""What a venue is to the rest of the product.

A venue is bound to one account and one lane (API key) and runs a socket thread of its own. Everything it hears is
handed to one listener, in order, on that thread (answers to sends that went by REST come on another one, but never two
calls at a time): the listener must return fast and never wait for the venue. It may call `send`.

- `send` hands the signed bytes to the wire and returns at once; what became of them comes later as exactly one
  `SendAnswered`: unknown where no answer came in time or the connection broke. It never repeats anything by itself.
- The reading methods use REST and block; they are never called on the socket's thread. They raise `VenueError`s;
  an error is never reported as "nothing there".
- Signing takes milliseconds of CPU and touches no network; nonces come from the caller, who owns the lane.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from hedge_strategy.domain.account_trade import AccountTrade, FundingPayment
from hedge_strategy.domain.allowance import Allowance, RequestCounts
from hedge_strategy.domain.book import Level
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport, Outcome, Side, SignedTransaction, TransactionReport
from hedge_strategy.domain.position import Position
from hedge_strategy.risk.gate import Approved


@dataclass(frozen=True, slots=True)
class Connected:
    """The socket is up and all subscriptions are confirmed. What happened before it must be read by REST."""

    is_first: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The socket is gone; the venue reconnects by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class FillSeen:
    """A trade of one of the account's orders; may repeat, may be old, may come before its order's report."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """An order of the account changed, or was listed in a snapshot."""

    report: OrderReport


@dataclass(frozen=True, slots=True)
class PositionSeen:
    """The account's position in a market, as of the venue's frame."""

    position: Position


@dataclass(frozen=True, slots=True)
class TransactionSeen:
    """A transaction of the account was included or refused by the sequencer."""

    report: TransactionReport


@dataclass(frozen=True, slots=True)
class SendAnswered:
    """The answer to a `send`.

    Attributes:
        transaction: what was sent.
        outcome: accepted, rejected, or unknown where the way was cut or the answer was unreadable.
    """

    transaction: SignedTransaction
    outcome: Outcome


VenueEvent = Connected | Disconnected | FillSeen | OrderSeen | PositionSeen | TransactionSeen | SendAnswered
Listener = Callable[[VenueEvent], None]


@dataclass(frozen=True, slots=True)
class BookTop:
    """The best levels of a book, best first.

    Attributes:
        bids: price and size.
        asks: price and size.
        is_live: False while the book is being fetched again or the socket is down; prices are then old.
    """

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    is_live: bool

    def levels(self, side: Side) -> tuple[Level, ...]:
        """The levels on which an order of that side would rest."""
        return self.bids if side is Side.BUY else self.asks


class Venue(Protocol):
    """One account on one venue, trading through one lane."""

    @property
    def account_index(self) -> int:
        """The account this venue object acts for."""
        ...

    @property
    def key_index(self) -> int:
        """The lane: the API key that signs."""
        ...

    def check(self) -> None:
        """Verifies that the venue answers and that the key belongs to the account.

        Raises:
            UserError: the key does not fit the account; says how to mend it.
            VenueUnreachable: the venue does not answer; says so to people too.
            RateLimited: not now.
        """
        ...

    def clock_offset_ms(self) -> int:
        """How far the venue's clock is ahead of this host's, ms, to within a second; negative where it is behind.

        Raises:
            VenueError: the venue did not answer.
        """
        ...

    def load_market(self, symbol: str) -> Market:
        """Looks a market up by its symbol.

        Raises:
            UserError: no such market; names those there are.
            VenueError: the venue did not answer.
        """
        ...

    def give_way_between(self, other_account_index: int) -> bool:
        """Has the venue keep this account and the other one from trading with each other, where it can: of two of their
        orders that would meet, the resting one is cancelled and the other goes on. Holds for every order signed from
        now on; only before the first one. REST.

        Returns:
            Whether it can: True where the venue knows both accounts as one owner's.

        Raises:
            VenueError: the venue did not answer, or does not know one of the accounts.
        """
        ...

    def start(self, markets: Sequence[Market], listener: Listener) -> None:
        """Opens the socket and subscribes; events go to the listener from now on. Returns before it is connected."""
        ...

    def close(self) -> None:
        """Ends the socket thread and waits for it; safe to call twice."""
        ...

    def is_connected(self) -> bool:
        """Whether the socket is up with all subscriptions confirmed."""
        ...

    def book(self, market: Market, depth: int) -> BookTop:
        """The best `depth` levels on both sides, from memory; never blocks on the network."""
        ...

    def allowance(self) -> Allowance:
        """What the account's limits still allow, by this process's own count."""
        ...

    def requests(self) -> RequestCounts:
        """What became of this process's requests for the account so far."""
        ...

    def sign_order(self, order: Approved, nonce: int) -> SignedTransaction:
        """Signs an order on the lane.

        Raises:
            SigningFailed: the signer refused it.
        """
        ...

    def sign_cancel(self, market: Market, index: int, nonce: int) -> SignedTransaction:
        """Signs the cancelling of one order by its order index or its client order index."""
        ...

    def sign_cancel_all(self, nonce: int, market: Market | None = None) -> SignedTransaction:
        """Signs the cancelling of all resting orders, of one market or of the whole account, at once."""
        ...

    def sign_dead_man(self, nonce: int, at_ms: int | None) -> SignedTransaction:
        """Signs the arming of the dead-man switch (all orders cancelled at `at_ms`, unix ms), or its disarming (None).

        Disarming where none is armed changes nothing: the harmless transaction that can kill a doubtful one.
        """
        ...

    def send(self, transaction: SignedTransaction) -> None:
        """Puts the bytes on the wire: over the socket where it is up, else by REST on a thread of its own.

        Raises:
            RateLimited: the account's limit, or that of unanswered sends, is reached; nothing was sent.
            VenueError: not started, or closed; nothing was sent.
        """
        ...

    def next_nonce(self) -> int:
        """The lane's next nonce as the venue sees it; may lag behind what was just accepted. REST."""
        ...

    def open_orders(self, market: Market) -> tuple[OrderReport, ...]:
        """The account's resting orders in the market. REST."""
        ...

    def orders_by_client_index(self, market: Market, indexes: Sequence[int]) -> tuple[OrderReport, ...]:
        """Those of the orders that the venue finds; not finding one proves nothing for many seconds. REST."""
        ...

    def closed_orders(self, market: Market, since_ms: int) -> tuple[OrderReport, ...]:
        """Orders that ended since then, newest first, all pages. REST, may lag by many seconds."""
        ...

    def fills(self, market: Market, *, after_trade_id: int = 0, order_index: int | None = None) -> tuple[Fill, ...]:
        """The account's trades in the market with a larger id, oldest first, all pages. REST, may lag."""
        ...

    def latest_trade_id(self, market: Market) -> int:
        """The id of the account's newest trade in the market, 0 where there is none. REST."""
        ...

    def transaction(self, transaction_hash: str) -> TransactionReport | None:
        """What became of a transaction; None where the venue does not know the hash (which proves nothing). REST."""
        ...

    def position(self, market: Market) -> Position:
        """The account's position in the market. REST."""
        ...


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class BadRecord:
    """Something in a history that cannot be read.

    Attributes:
        source: what it should have been, such as `lighter.trade`.
        content: as it came.
        problem: what is wrong with it.
    """

    source: str
    content: bytes
    problem: str


@dataclass(frozen=True, slots=True)
class RecordPage(Generic[Row]):
    """Part of a history: what could be read, and what could not."""

    rows: tuple[Row, ...]
    bad: tuple[BadRecord, ...] = ()


class Records(Protocol):
    """The books of one account, read by REST; signs no transaction, holds no lane, and keeps to requests of its own.

    Histories come page by page, newest first, for as long as the caller goes on asking, so that a long one never has to
    fit into memory. One row that cannot be read hides no other. All of it may lag behind what happened. All methods
    block, and raise `VenueError`s.
    """

    @property
    def account_index(self) -> int:
        """Whose books."""
        ...

    def load_market(self, symbol: str) -> Market:
        """As `Venue.load_market`."""
        ...

    def trades(self, market: Market) -> Iterator[RecordPage[AccountTrade]]:
        """The account's trades in a market, by trade id."""
        ...

    def closed_orders(self, market: Market) -> Iterator[RecordPage[OrderReport]]:
        """The account's orders in a market that ended, by when they did."""
        ...

    def funding(self, market: Market) -> Iterator[RecordPage[FundingPayment]]:
        """What the account paid and received for its position in a market."""
        ...

    def close(self) -> None:
        """Gives connections up."""
        ...


class Prices(Protocol):
    """The prices of a venue's markets, read by REST, for nobody who trades on them."""

    def read(self) -> Mapping[str, Decimal]:
        """The price of each market's last trade, by symbol; those without one are left out. Blocks.

        Raises:
            VenueError: the venue did not answer.
        """
        ...

    def close(self) -> None:
        """Gives connections up."""
        ...
