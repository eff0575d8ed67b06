"""A model of the exchange: lanes and nonces, orders, trades, and histories that lag (venue fact sheet 2.4, 4.1 to 4.4).

It passes the same contract suite as the simulated exchange, of which it shares no code. What it leaves out: margin,
other users' books (outsiders take what rests, and fill market orders as much as chance says), fees, several levels.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import (
    Accepted,
    OrderReport,
    OrderStatus,
    Outcome,
    Rejected,
    Side,
    TransactionReport,
    TransactionStatus,
)
from hedge_strategy.domain.position import Position
from hedge_strategy.venues import port
from tests.simulation.clockwork import Clockwork
from tests.simulation.weather import Weather

OUTSIDER = 99
MEETS_AT_PRICE = 0.7
"""How often a taker whose price allows it comes to what another account rests."""
INVALID_NONCE = 21104
WITHOUT_EFFECT = "not enough margin"
FIRST_BID_NONCE = (1 << 48) - 1
PRICE = Decimal("100000.0")


@dataclass(slots=True, eq=False)
class Body:
    """What signed bytes say."""

    hash: str
    action: str
    account: int
    key: int
    nonce: int
    expires_at_ms: int
    client: int = 0
    side: Side = Side.BUY
    lots: int = 0
    price: Decimal = PRICE
    is_taker: bool = False
    at_ms: int | None = None
    has_arrived: bool = False
    was_next: bool = False
    """Its nonce was the lane's next when it was claimed or sent; what overtook it since is not its fault."""
    copies: int = 0
    """Sendings that are still on the way."""


@dataclass(slots=True, eq=False)
class VenueOrder:
    """One order, with what REST shows of it and from when on."""

    account: int
    index: int
    client: int
    side: Side
    price: Decimal
    lots: int
    filled: int = 0
    status: OrderStatus = OrderStatus.OPEN
    reason: str = "open"
    shown: list[tuple[int, OrderReport]] = field(default_factory=list)


@dataclass(slots=True)
class Lane:
    """One API key."""

    counter: int
    pending: list[Body] = field(default_factory=list)
    busy_until_ms: int = 0
    wrong_nonces: int = 0
    """New orders in a row whose nonce was wrong though nothing waited and nobody had told a wrong one."""
    told_wrong: set[int] = field(default_factory=set)
    """Nonces that REST told though they were not the next, or would soon not be."""

    moved_at_ms: list[int] = field(default_factory=list)
    """When the counter moved."""

    def counter_at(self, when_ms: int) -> int:
        """The counter as it was."""
        return self.counter - (len(self.moved_at_ms) - bisect_right(self.moved_at_ms, when_ms))

    @property
    def expected(self) -> int:
        """The nonce that the door takes next."""
        return self.counter + len(self.pending)


@dataclass(slots=True)
class AccountBook:
    """One account in the market."""

    position: int = 0
    orders: dict[int, VenueOrder] = field(default_factory=dict)
    resting: dict[int, VenueOrder] = field(default_factory=dict)
    fills: list[tuple[int, Fill]] = field(default_factory=list)
    listeners: list[Callable[[port.VenueEvent], None]] = field(default_factory=list)
    dead_man: int = 0


class Watcher:
    """Is told what truly happens; the judge is one."""

    def traded(self, account: int, order: VenueOrder, lots: int) -> None: ...

    def accepted(self, body: Body) -> None: ...

    def executed(self, body: Body) -> None: ...

    def is_blind(self, body: Body, times: int) -> None: ...

    def met(self, taker: VenueOrder, maker: VenueOrder) -> None: ...


class ExchangeModel:
    """One market, any accounts and lanes."""

    def __init__(self, clock: Clockwork, market: Market, weather: Weather, watcher: Watcher | None = None) -> None:
        self.clock = clock
        self.market = market
        self.weather = weather
        self.spared: dict[int, Weather] = {}
        """Accounts with a weather of their own."""
        self.watcher = watcher or Watcher()
        self.bodies: dict[str, Body] = {}
        self.lanes: dict[tuple[int, int], Lane] = {}
        self.accounts: dict[int, AccountBook] = {}
        self.statuses: dict[str, tuple[int, TransactionReport]] = {}
        self.on_rest: Callable[[VenueOrder], None] = lambda _: None
        """Is told of each order that begins to rest."""
        self.is_one_book = False
        """Whether takers may meet what other accounts of this model rest: off, they trade with outsiders alone."""
        self.answers_resend_of_pending = True
        self.counts_pending_in_nonce = True
        self.liquidity: int | None = None
        """The most lots that outsiders give a taker, None for any number."""
        self._sizes: dict[int, Decimal] = {}
        self._positions: dict[int, Position] = {}
        self._asks = self._bids = self._trades = 0

    def open(self, account: int, key: int, counter: int) -> None:
        """Opens an account with a lane, or one more lane of it."""
        self.accounts.setdefault(account, AccountBook())
        self.lanes[account, key] = Lane(counter)

    def size(self, lots: int) -> Decimal:
        """Lots as base units."""
        size = self._sizes.get(lots)
        if size is None:
            size = self._sizes[lots] = self.market.size_of(lots)
        return size

    def weather_of(self, account: int) -> Weather:
        """What goes wrong for an account."""
        return self.spared.get(account, self.weather)

    # --- the door -----------------------------------------------------------------------------------------------------

    def submit(self, body: Body) -> Outcome:
        """Judges and queues; accepted is not executed."""
        clock, lane = self.clock, self.lanes[body.account, body.key]
        if body in lane.pending and self.answers_resend_of_pending:
            return Accepted(lane.busy_until_ms)
        if body.expires_at_ms <= clock.now_ms:
            return Rejected(21701, "expired")
        weather = self.weather_of(body.account)
        is_new, body.has_arrived = not body.has_arrived, True
        if body.nonce != lane.expected and is_new and not lane.pending and body.is_taker and not body.was_next:
            lane.wrong_nonces += 1
            self.watcher.is_blind(body, lane.wrong_nonces)
        if body.nonce != lane.expected or clock.strikes("nonce refused", weather.nonce_refused):
            return Rejected(INVALID_NONCE, "invalid nonce", is_nonce=True)
        if clock.strikes("refused", weather.refused):
            return Rejected(21702, "invalid price")
        due_ms = max(clock.now_ms + 5 + clock.below(weather.slow_execution_ms), lane.busy_until_ms)
        lane.busy_until_ms = due_ms
        lane.pending.append(body)
        lane.wrong_nonces = 0
        self.watcher.accepted(body)
        clock.after(due_ms - clock.now_ms, self._execute, lane, body)
        return Accepted(due_ms)

    def next_nonce(self, account: int, key: int) -> int:
        """What REST says of a lane."""
        lane = self.lanes[account, key]
        return lane.expected if self.counts_pending_in_nonce else lane.counter

    def may_still_run(self, body: Body) -> bool:
        """Whether these bytes wait to execute, or are on the way and will find their nonce unused."""
        lane = self.lanes[body.account, body.key]
        is_valid = body.nonce >= lane.counter and self.clock.now_ms < body.expires_at_ms
        return is_valid and (body.copies > 0 or body in lane.pending)

    # --- execution ----------------------------------------------------------------------------------------------------

    def _execute(self, lane: Lane, body: Body) -> None:
        lane.pending.remove(body)
        weather = self.weather_of(body.account)
        is_late = body.expires_at_ms <= self.clock.now_ms
        if is_late or body.nonce != lane.counter or self.clock.strikes("failed inside", weather.failed):
            self._status(body, TransactionStatus.FAILED)
            return
        if self.clock.strikes("vanished", weather.vanished):
            if body.nonce % 2:  # it waits for its execution for ever, says the venue
                report = TransactionReport(body.hash, TransactionStatus.PENDING, body.nonce, body.key, "")
                self.statuses[body.hash] = (self._visible_ms(), report)
            return
        lane.counter += 1
        lane.moved_at_ms.append(self.clock.now_ms)
        self.watcher.executed(body)
        if body.action == "create" and self.clock.strikes("without effect", weather.without_effect):
            self._status(body, TransactionStatus.EXECUTED, WITHOUT_EFFECT)
            return
        match body.action:
            case "create":
                self._create(body)
            case "cancel":
                self.cancel(body.account, body.client)
            case "cancel_all":
                self.cancel(body.account)
            case "dead_man":
                self._arm(body.account, body.at_ms)
            case _:
                raise ValueError(body.action)
        self._status(body, TransactionStatus.EXECUTED)

    def _status(self, body: Body, status: TransactionStatus, error: str = "") -> None:
        report = TransactionReport(body.hash, status, body.nonce, body.key, error)
        self.statuses[body.hash] = (self._visible_ms(), report)
        self._push(body.account, port.TransactionSeen(report))

    def _create(self, body: Body) -> None:
        book = self.accounts[body.account]
        if not body.is_taker and any(order.client == body.client for order in book.resting.values()):
            return
        if body.side is Side.SELL:
            self._asks += 1
            nonce = self._asks
        else:
            nonce = FIRST_BID_NONCE - self._bids
            self._bids += 1
        index = ((self.market.index + 1) << 48) + nonce
        order = VenueOrder(body.account, index, body.client, body.side, body.price, body.lots)
        book.orders[index] = book.resting[index] = order
        if body.is_taker:
            if self.is_one_book:
                self._meet(order)
            self._take_from_outsiders(order)
        elif self.clock.strikes("post-only crossed", self.weather.post_only_crossed):
            self._end(order, OrderStatus.CANCELED, "canceled-post-only")
        else:
            self._show(order)
            self.on_rest(order)

    def _meet(self, taker: VenueOrder) -> None:
        """Tells of what a taker's price lets it meet; whether outsiders stand before that is a matter of chance."""
        sign = taker.side.sign
        for book in self.accounts.values():
            for maker in book.resting.values():
                may_meet = maker.account != taker.account and maker.side is not taker.side
                if may_meet and sign * taker.price >= sign * maker.price and self.clock.random() < MEETS_AT_PRICE:
                    self.watcher.met(taker, maker)

    def _take_from_outsiders(self, order: VenueOrder) -> None:
        lots = order.lots if self.liquidity is None else min(order.lots, self.liquidity)
        if self.clock.strikes("hedge not filled", self.weather.empty):
            lots = 0
        elif lots > 1 and self.clock.strikes("hedge partly filled", self.weather.partial):
            lots = 1 + self.clock.below(lots - 1)
        if lots:
            self._trade(order, lots)
        if lots == order.lots:
            self._end(order, OrderStatus.FILLED, "filled")
        else:
            self._end(order, OrderStatus.CANCELED, "canceled-too-much-slippage")

    def fill(self, order: VenueOrder, lots: int) -> None:
        """An outsider takes some of what rests."""
        self._trade(order, lots)
        if order.filled == order.lots:
            self._end(order, OrderStatus.FILLED, "filled")
        else:
            self._show(order)

    def cancel(self, account: int, client: int | None = None) -> None:
        """Cancels one resting order by its client order index, or all."""
        for order in list(self.accounts[account].resting.values()):
            if client is None or order.client == client:
                self._end(order, OrderStatus.CANCELED, "canceled")

    def _arm(self, account: int, at_ms: int | None) -> None:
        book = self.accounts[account]
        book.dead_man += 1
        if at_ms is not None:
            self.clock.after(at_ms - self.clock.now_ms, self._dead_man, account, book.dead_man)

    def _dead_man(self, account: int, number: int) -> None:
        if self.accounts[account].dead_man == number:
            self.cancel(account)

    def _trade(self, order: VenueOrder, lots: int) -> None:
        self._trades += 1
        order.filled += lots
        book = self.accounts[order.account]
        book.position += order.side.sign * lots
        self.watcher.traded(order.account, order, lots)
        is_maker = order.account in self.accounts and order.status is OrderStatus.OPEN and bool(order.shown)
        fill = Fill(
            self._trades, order.account, self.market.index, order.index, order.client, order.side, self.size(lots),
            order.price, is_maker, self.clock.now_ms, OUTSIDER,
        )  # fmt: skip
        book.fills.append((self._visible_ms(), fill))
        self._push(order.account, port.FillSeen(fill))
        self._push(order.account, port.PositionSeen(self.position(order.account)))

    def _end(self, order: VenueOrder, status: OrderStatus, reason: str) -> None:
        order.status, order.reason = status, reason
        del self.accounts[order.account].resting[order.index]
        self._show(order)

    def _show(self, order: VenueOrder) -> None:
        filled = self.size(order.filled)
        report = OrderReport(
            order.account, self.market.index, order.index, order.client, order.side, order.price,
            self.size(order.lots), filled, filled * order.price, order.status, order.reason, self.clock.now_ms,
        )  # fmt: skip
        before_ms = order.shown[-1][0] if order.shown else 0
        order.shown.append((max(before_ms, self._visible_ms()), report))
        self._push(order.account, port.OrderSeen(report))

    def _push(self, account: int, event: port.VenueEvent) -> None:
        for listener in self.accounts[account].listeners:
            listener(event)

    def _visible_ms(self) -> int:
        lag_ms = self.weather.lag_ms
        return self.clock.now_ms + self.clock.below(lag_ms) if lag_ms else self.clock.now_ms

    # --- what REST shows ----------------------------------------------------------------------------------------------

    def orders(self, account: int) -> list[OrderReport]:
        """Every order as REST shows it by now."""
        now_ms = self.clock.now_ms
        visible = []
        for order in self.accounts[account].orders.values():
            for at_ms, report in reversed(order.shown):
                if at_ms <= now_ms:
                    visible.append(report)
                    break
        return visible

    def fills(self, account: int, after_trade_id: int) -> tuple[Fill, ...]:
        """Trades as REST shows them by now, oldest first."""
        now_ms = self.clock.now_ms
        return tuple(
            fill for at_ms, fill in self.accounts[account].fills if at_ms <= now_ms and fill.trade_id > after_trade_id
        )

    def transaction(self, name: str) -> TransactionReport | None:
        """A transaction as REST shows it by now."""
        at_ms, report = self.statuses.get(name, (0, None))
        return report if at_ms <= self.clock.now_ms else None

    def position(self, account: int) -> Position:
        """Without lag."""
        lots = self.accounts[account].position
        held = self._positions.get(lots)
        if held is None:
            held = self._positions[lots] = Position(self.market.index, self.size(lots), PRICE)
        return held
