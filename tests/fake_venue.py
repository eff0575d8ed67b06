"""A venue in memory for the shells' tests: the one seam at which something stands in for the real thing.

It keeps a lane's nonces, books orders, answers on a thread of its own as a socket's thread would, and does what its
switches say. Nothing is random; a test says what happens.
"""

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hedge_strategy.domain.allowance import Allowance, RequestCounts
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import (
    Accepted,
    OrderIntent,
    OrderKind,
    OrderReport,
    OrderStatus,
    Outcome,
    Rejected,
    Side,
    SignedTransaction,
    TransactionReport,
    TransactionStatus,
)
from hedge_strategy.domain.position import Position
from hedge_strategy.errors import RateLimited, SigningFailed, UserError, VenueUnreachable
from hedge_strategy.risk.gate import Approved
from hedge_strategy.venues.port import (
    BookTop,
    Connected,
    FillSeen,
    Listener,
    OrderSeen,
    PositionSeen,
    SendAnswered,
    TransactionSeen,
    VenueEvent,
)

BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal(10))
ETH = Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal(10))
BID, ASK = Decimal(100_000), Decimal(100_001)
LIFE_MS = 600_000
FILLED_AT_MS = 1_761_297_780_000


@dataclass
class Switches:
    """What goes wrong, how often: each number counts down as it is used.

    Attributes:
        lose_answers: sends that act without an answer.
        lose_requests: sends that never arrive.
        reject: outcomes that sends are refused with, in order.
        vanish: sends that are accepted and never act.
        hold_back: sends that our own rate limit holds back.
        refuse_to_sign: orders that the signer refuses.
        no_reports: orders that end without a push.
        mute: transactions that act without any push.
        rest_fails: REST reads that find no venue.
        rest_is_limited: REST reads that the venue's limit refuses.
        partial: how much of each market order is executed, in order; None: all.
        hide_history: True: REST shows no orders and no transactions yet.
        hide_trades: True: REST shows no trades yet; positions do not lag.
    """

    lose_answers: int = 0
    lose_requests: int = 0
    reject: list[Rejected] = field(default_factory=list)
    vanish: int = 0
    hold_back: int = 0
    refuse_to_sign: int = 0
    no_reports: int = 0
    mute: int = 0
    rest_fails: int = 0
    rest_is_limited: int = 0
    partial: list[Decimal] = field(default_factory=list)
    hide_history: bool = False
    hide_trades: bool = False

    def use(self, name: str) -> bool:
        """Whether the switch is on; counts it down."""
        left: int = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


class FakeVenue:
    """Implements `venues.port.Venue`."""

    def __init__(self, account_index: int, *, key_index: int = 4, connects: bool = True) -> None:
        self.switches = Switches()
        self.nonce = 100
        self.sent: list[SignedTransaction] = []
        self.orders: dict[int, OrderReport] = {}
        self.trades: list[Fill] = []
        self.statuses: dict[str, TransactionReport] = {}
        self.same_owner: set[int] = set()
        self.gives_way_to: set[int] = set()
        self.top = BookTop(((BID, Decimal(1)),), ((ASK, Decimal(1)),), is_live=True)
        self._account_index = account_index
        self._key_index = key_index
        self._connects = connects
        self._signed: dict[str, OrderIntent | Market | int | None] = {}
        self._listener: Listener | None = None
        self._frames: queue.Queue[VenueEvent | None] = queue.Queue()
        self._thread = threading.Thread(target=self._deliver, name="fake-venue", daemon=True)
        self._lock = threading.RLock()

    # --- what a test does ---------------------------------------------------------------------------------------------

    def push(self, event: VenueEvent) -> None:
        """A frame comes over the socket."""
        self._frames.put(event)

    def take(self, client_order_index: int, size: Decimal, *, pushes: bool = True) -> Fill:
        """Somebody takes `size` of a resting order."""
        with self._lock:
            report = self.orders[client_order_index]
            fill = Fill(
                trade_id=len(self.trades) + 1,
                account_index=self._account_index,
                market_index=report.market_index,
                order_index=report.order_index,
                client_order_index=client_order_index,
                side=report.side,
                size=size,
                price=report.price,
                is_maker=True,
                executed_at_ms=FILLED_AT_MS,
                counter_account_index=99,
            )
            self.trades.append(fill)
            filled = report.filled_size + size
            status = OrderStatus.FILLED if filled == report.size else OrderStatus.OPEN
            self.orders[client_order_index] = replace(
                report, filled_size=filled, filled_quote=filled * report.price, status=status, reason=status.value
            )
            if pushes:
                self.push(FillSeen(fill))
                self.push(OrderSeen(self.orders[client_order_index]))
                self.push(PositionSeen(self.position(BTC)))
            return fill

    def resting(self) -> list[OrderReport]:
        return [order for order in list(self.orders.values()) if order.status is OrderStatus.OPEN]

    def executed(self) -> Decimal:
        """Signed sum of what market orders executed."""
        return sum((order.side.sign * order.filled_size for order in list(self.orders.values())), Decimal(0))

    def intents(self) -> list[OrderIntent]:
        """What was sent, as it was asked for."""
        signed = [self._signed[transaction.hash] for transaction in self.sent]
        return [one for one in signed if isinstance(one, OrderIntent)]

    # --- the port -----------------------------------------------------------------------------------------------------

    @property
    def account_index(self) -> int:
        return self._account_index

    @property
    def key_index(self) -> int:
        return self._key_index

    def check(self) -> None:
        return

    def give_way_between(self, other_account_index: int) -> bool:
        self.gives_way_to |= self.same_owner & {other_account_index}
        return other_account_index in self.gives_way_to

    def load_market(self, symbol: str) -> Market:
        known = {"BTC": BTC, "ETH": ETH}
        if symbol not in known:
            raise UserError(f"no market {symbol!r} here")
        return known[symbol]

    def start(self, markets: Sequence[Market], listener: Listener) -> None:
        self._listener = listener
        self._thread.start()
        if self._connects:
            self.push(Connected(is_first=True))

    def close(self) -> None:
        self._frames.put(None)
        if self._listener is not None:
            self._thread.join()

    def is_connected(self) -> bool:
        return self._connects

    def book(self, market: Market, depth: int) -> BookTop:
        return self.top

    def allowance(self) -> Allowance:
        return Allowance(40, 20)

    def requests(self) -> RequestCounts:
        return RequestCounts(9, 1)

    def sign_order(self, order: Approved, nonce: int) -> SignedTransaction:
        if self.switches.use("refuse_to_sign"):
            raise SigningFailed("the signer says no")
        return self._sign(14, nonce, order.intent, order.intent.client_order_index)

    def sign_cancel(self, market: Market, index: int, nonce: int) -> SignedTransaction:
        return self._sign(15, nonce, index)

    def sign_cancel_all(self, nonce: int, market: Market | None = None) -> SignedTransaction:
        return self._sign(16, nonce, market)

    def sign_dead_man(self, nonce: int, at_ms: int | None) -> SignedTransaction:
        return self._sign(17, nonce, None)

    def send(self, transaction: SignedTransaction) -> None:
        with self._lock:
            if self.switches.use("hold_back"):
                raise RateLimited("the account tier's limit is used up", 50)
            self.sent.append(transaction)
            if self.switches.use("lose_requests"):
                return
            outcome = self._outcome(transaction)
            if not self.switches.use("lose_answers"):
                self.push(SendAnswered(transaction, outcome))
            if isinstance(outcome, Accepted) and not self.switches.use("vanish"):
                self._act(transaction)

    def next_nonce(self) -> int:
        self._maybe_fail()
        return self.nonce

    def open_orders(self, market: Market) -> tuple[OrderReport, ...]:
        self._maybe_fail()
        return tuple(order for order in self.resting() if order.market_index == market.index)

    def orders_by_client_index(self, market: Market, indexes: Sequence[int]) -> tuple[OrderReport, ...]:
        self._maybe_fail()
        if self.switches.hide_history:
            return ()
        return tuple(self.orders[index] for index in indexes if index in self.orders)

    def closed_orders(self, market: Market, since_ms: int) -> tuple[OrderReport, ...]:
        self._maybe_fail()
        return tuple(order for order in list(self.orders.values()) if order.status.is_final)

    def fills(self, market: Market, *, after_trade_id: int = 0, order_index: int | None = None) -> tuple[Fill, ...]:
        self._maybe_fail()
        if self.switches.hide_trades:
            return ()
        return tuple(fill for fill in self.trades if fill.trade_id > after_trade_id)

    def clock_offset_ms(self) -> int:
        self._maybe_fail()
        return 0

    def latest_trade_id(self, market: Market) -> int:
        return 0 if self.switches.hide_trades else len(self.trades)

    def transaction(self, transaction_hash: str) -> TransactionReport | None:
        self._maybe_fail()
        return None if self.switches.hide_history else self.statuses.get(transaction_hash)

    def position(self, market: Market) -> Position:
        self._maybe_fail()
        size = sum((fill.side.sign * fill.size for fill in self.trades), Decimal(0))
        return Position(market.index, size, Decimal(0))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _maybe_fail(self) -> None:
        if self.switches.use("rest_fails"):
            raise VenueUnreachable("no venue")
        if self.switches.use("rest_is_limited"):
            raise RateLimited("too many", 10)

    def _sign(
        self, kind: int, nonce: int, what: OrderIntent | Market | int | None, client_order_index: int = 0
    ) -> SignedTransaction:
        with self._lock:
            name = f"0x{len(self._signed):x}"
            self._signed[name] = what
            return SignedTransaction(kind, name, name, nonce, self._key_index, 1 << 45, client_order_index)

    def _outcome(self, transaction: SignedTransaction) -> Outcome:
        if self.switches.reject:
            return self.switches.reject.pop(0)
        if transaction.nonce != self.nonce:
            return Rejected(21104, "invalid nonce", is_nonce=True)
        return Accepted(0)

    def _act(self, transaction: SignedTransaction) -> None:
        self.nonce += 1
        what = self._signed[transaction.hash]
        report = TransactionReport(transaction.hash, TransactionStatus.EXECUTED, transaction.nonce, self._key_index, "")
        self.statuses[transaction.hash] = report
        is_mute = self.switches.use("mute")
        if isinstance(what, OrderIntent):
            self._book(what, is_mute=is_mute)
        else:
            for index, order in tuple(self.orders.items()):
                is_in_all = transaction.kind == 16 and (what is None or what.index == order.market_index)
                if index == what or is_in_all:
                    self._cancel(index)
        if not is_mute:
            self.push(TransactionSeen(report))

    def _book(self, intent: OrderIntent, *, is_mute: bool) -> None:
        is_taker = intent.kind is OrderKind.MARKET
        filled = (self.switches.partial.pop(0) if self.switches.partial else intent.size) if is_taker else Decimal(0)
        status, reason = OrderStatus.OPEN, "open"
        if is_taker:
            is_whole = filled == intent.size
            status = OrderStatus.FILLED if is_whole else OrderStatus.CANCELED
            reason = "filled" if is_whole else "canceled-too-much-slippage"
        number = ((intent.market.index + 1) << 48) + len(self.orders) + 1
        price = intent.price if not is_taker else ASK if intent.side is Side.BUY else BID
        report = OrderReport(
            self._account_index,
            intent.market.index,
            number,
            intent.client_order_index,
            intent.side,
            price,
            intent.size,
            filled,
            filled * price,
            status,
            reason,
            FILLED_AT_MS,
        )
        self.orders[intent.client_order_index] = report
        if filled:
            self.trades.append(_taken(report, len(self.trades) + 1))
        if not self.switches.use("no_reports") and not is_mute:
            self.push(OrderSeen(report))

    def _cancel(self, index: int) -> None:
        report = self.orders.get(index)
        if report is not None and not report.status.is_final:
            self.orders[index] = replace(report, status=OrderStatus.CANCELED, reason="canceled")
            self.push(OrderSeen(self.orders[index]))

    def _deliver(self) -> None:
        while (event := self._frames.get()) is not None:
            assert self._listener is not None
            self._listener(event)


def _taken(report: OrderReport, trade_id: int) -> Fill:
    """The trade by which a market order executed."""
    return Fill(
        trade_id=trade_id,
        account_index=report.account_index,
        market_index=report.market_index,
        order_index=report.order_index,
        client_order_index=report.client_order_index,
        side=report.side,
        size=report.filled_size,
        price=report.price,
        is_maker=False,
        executed_at_ms=report.updated_at_ms,
        counter_account_index=1,
    )
