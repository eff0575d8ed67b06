"""One process's way to the exchange: the venue port on a socket that is late, cut and replays, and on a REST that lags.

Every `send` is answered exactly once, as the port promises: by the venue, or as unknown after the time-out, or when
the socket goes down.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import (
    OrderKind,
    Outcome,
    Rejected,
    SignedTransaction,
    Unknown,
)
from hedge_strategy.errors import RateLimited
from hedge_strategy.risk.gate import Approved
from hedge_strategy.venues import port
from tests.simulation.exchange import Body, ExchangeModel
from tests.simulation.node import Node
from tests.simulation.rest_link import HEDGER, RestLink

ANSWER_TIMEOUT_MS = 3_000
ANSWER_TRAVEL_MS = 20
REPLAYED_FILLS = 5
RECONNECT_MS = 4_000
BOOK_MOVES_MS = 1_500
COUNTER_LAG_MS = 15_000
HELD_BACK_MS = (500, 500, 5_000, 60_000)
LATE_MS, LATEST_MS = 15_000, 35_000

T = TypeVar("T")


class Ticket:
    """A send that waits for its answer."""

    __slots__ = ("is_open", "transaction")

    def __init__(self, transaction: SignedTransaction) -> None:
        self.transaction = transaction
        self.is_open = True


class VenueLink(RestLink):
    """The venue port of one process, for one account and lane."""

    def __init__(self, node: Node, exchange: ExchangeModel, account: int, key: int, life_ms: int) -> None:
        super().__init__(node, exchange, account)
        self.key_index = key
        self.life_ms = life_ms
        self.is_connected = False
        self.connected_at_ms = 0
        self.replays_fills = True
        self.listener: Callable[[port.VenueEvent], None] = lambda _: None
        self._is_subscribed = False
        self._was_connected = False
        self._socket = 0
        self._signed = 0
        self._positions_until_ms = 0
        self._tickets: list[Ticket] = []
        self._live, self._above, self._below = _books(exchange.market)
        exchange.accounts[account].listeners.append(self._pushed)

    # --- the socket ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connects for the first time in this life of the process."""
        self._was_connected = False
        self._connect_after(100 + self.clock.below(600))

    def hang_up(self) -> None:
        """The process is gone."""
        self._socket += 1
        self._is_subscribed = self.is_connected = False
        self._tickets.clear()

    def cut(self) -> None:
        """The socket breaks: what is on the way to us is lost, and it connects anew by itself."""
        if not self.node.is_up or not self._is_subscribed:
            return
        self._socket += 1
        self._is_subscribed = False
        was_connected, self.is_connected = self.is_connected, False
        self.node.later(0, self._cut_noticed, was_connected)
        self._connect_after(200 + self.clock.below(RECONNECT_MS))

    def _cut_noticed(self, was_connected: bool) -> None:
        if was_connected:
            self.listener(port.Disconnected("cut"))
        for ticket in list(self._tickets):
            self._answer(ticket, Unknown("cut"))

    def _connect_after(self, delay_ms: int) -> None:
        self.node.later(delay_ms, self._connect)

    def _connect(self) -> None:
        if self._is_subscribed:
            return
        if self.is_venue_away:
            self._connect_after(1_000)
            return
        self._is_subscribed = True
        self._positions_until_ms = 0
        book = self.exchange.accounts[self.account_index]
        for order in book.resting.values():
            if order.shown:
                self._pushed(port.OrderSeen(order.shown[-1][1]))
        if self.replays_fills:
            for _, fill in book.fills[-REPLAYED_FILLS:]:
                self._pushed(port.FillSeen(fill))
        self._pushed(port.PositionSeen(self.exchange.position(self.account_index)))
        self.node.later(30 + self.clock.below(300), self._connected, self._socket)

    def _connected(self, socket: int) -> None:
        if socket == self._socket:
            is_first, self._was_connected, self.is_connected = not self._was_connected, True, True
            self.connected_at_ms = self.clock.now_ms
            self.listener(port.Connected(is_first))

    def _pushed(self, event: port.VenueEvent) -> None:
        """The venue writes a frame: it comes soon, or late, or twice; positions stay in order."""
        if not self._is_subscribed:
            return
        clock, weather = self.clock, self.weather
        if self.is_connected and clock.strikes("socket cut for a frame", weather.cut_for_frame):
            self.cut()
            return
        if isinstance(event, port.PositionSeen):
            at_ms = max(self._positions_until_ms, clock.now_ms + 1 + clock.below(weather.slow_push_ms + 4))
            self._positions_until_ms = at_ms
            self.node.later(at_ms - clock.now_ms, self._heard, self._socket, event)
            return
        self.node.later(1 + clock.below(weather.slow_push_ms + 4), self._heard, self._socket, event)
        if clock.strikes("repeated frame", weather.repeated_push):
            self.node.later(1 + clock.below(weather.slow_push_ms + 400), self._heard, self._socket, event)

    def _heard(self, socket: int, event: port.VenueEvent) -> None:
        if socket == self._socket:
            self.listener(event)

    # --- signing ------------------------------------------------------------------------------------------------------

    def _sign(self, action: str, nonce: int, *, client: int = 0, at_ms: int | None = None) -> Body:
        self._signed += 1
        name = f"{self.node.name}.{self.node.generation}.{self._signed}"
        body = Body(name, action, self.account_index, self.key_index, nonce, self.clock.now_ms + self.life_ms, client)
        body.at_ms = at_ms
        self.exchange.bodies[name] = body
        return body

    def sign_order(self, order: Approved, nonce: int) -> SignedTransaction:
        """See the port."""
        intent = order.intent
        body = self._sign("create", nonce, client=intent.client_order_index)
        body.side, body.lots = intent.side, intent.market.lots_exactly(intent.size)
        body.price, body.is_taker = intent.price, intent.kind is not OrderKind.POST_ONLY
        return _transaction(14, body)

    def sign_cancel(self, _market: Market, index: int, nonce: int) -> SignedTransaction:
        """See the port."""
        body = self._sign("cancel", nonce, client=index)
        return _transaction(15, body, client=0)

    def sign_cancel_all(self, nonce: int, _market: Market | None = None) -> SignedTransaction:
        """See the port."""
        return _transaction(16, self._sign("cancel_all", nonce))

    def sign_dead_man(self, nonce: int, at_ms: int | None) -> SignedTransaction:
        """See the port."""
        return _transaction(16, self._sign("dead_man", nonce, at_ms=at_ms))

    # --- sending ------------------------------------------------------------------------------------------------------

    def send(self, transaction: SignedTransaction) -> None:
        """See the port."""
        clock, weather = self.clock, self.weather
        body = self.exchange.bodies[transaction.hash]
        body.was_next = body.was_next or body.nonce == self.exchange.lanes[body.account, body.key].expected
        if clock.strikes("held back", weather.held_back):
            raise RateLimited("too many", HELD_BACK_MS[clock.below(len(HELD_BACK_MS))])
        ticket = Ticket(transaction)
        self._tickets.append(ticket)
        is_lost = clock.strikes("request lost", weather.lost_request)
        if is_lost or self.is_venue_away:
            self._unanswered(ticket, ANSWER_TIMEOUT_MS)
            return
        delay_ms = 1 + clock.below(weather.slow_send_ms + 20)
        if self.account_index == HEDGER and clock.strikes("bytes held up", weather.late_send):
            delay_ms += LATE_MS + clock.below(LATEST_MS - LATE_MS)
        timeout_in_ms = ANSWER_TIMEOUT_MS - delay_ms
        if timeout_in_ms <= ANSWER_TRAVEL_MS:
            self._unanswered(ticket, ANSWER_TIMEOUT_MS)
        body.copies += 1
        clock.after(delay_ms, self._arrived, body, self.node.generation, ticket, timeout_in_ms)

    def _unanswered(self, ticket: Ticket, after_ms: int) -> None:
        """Where the answer may not come in time, the time-out does; there is none to come where it certainly will."""
        self.node.later(after_ms, self._answer, ticket, Unknown("no answer in time"))

    def _arrived(self, body: Body, generation: int, ticket: Ticket, timeout_in_ms: int) -> None:
        clock, weather = self.clock, self.weather
        body.copies -= 1
        if clock.strikes("rate limited", weather.rate_limited):
            outcome: Outcome = Rejected(23000, "too many requests", is_proof=False)
            if body.nonce % 2:  # and was taken all the same: the limit stood behind the door
                self.exchange.submit(body)
        else:
            outcome = self.exchange.submit(body)
        if clock.trace is not None:
            clock.say("venue", f"{body.action} {body.hash} nonce {body.nonce}: {outcome}")
        if generation != self.node.generation:
            return
        if not clock.strikes("answer lost", weather.lost_answer):
            self.node.later(1 + clock.below(ANSWER_TRAVEL_MS), self._answer, ticket, outcome)
        elif timeout_in_ms > ANSWER_TRAVEL_MS:
            self._unanswered(ticket, timeout_in_ms)

    def _answer(self, ticket: Ticket, outcome: Outcome) -> None:
        if ticket.is_open and ticket in self._tickets:
            ticket.is_open = False
            self._tickets.remove(ticket)
            self.listener(port.SendAnswered(ticket.transaction, outcome))

    # --- REST ---------------------------------------------------------------------------------------------------------

    def next_nonce(self) -> int:
        """See the port."""
        self._rest()
        lane = self.exchange.lanes[self.account_index, self.key_index]
        if self.clock.strikes("stale nonce", self.weather.stale_nonce):
            lane.wrong_nonces = -1
            told = lane.counter_at(self.clock.now_ms - self.clock.below(COUNTER_LAG_MS))
        else:
            told = self.exchange.next_nonce(self.account_index, self.key_index)
        if told != lane.expected or self._is_on_the_way(told):
            lane.told_wrong.add(told)
        return told

    def _is_on_the_way(self, nonce: int) -> bool:
        """Whether something of this lane may take a nonce that is still unused."""
        ours = (self.account_index, self.key_index, nonce)
        bodies = self.exchange.bodies.values()
        return any(body.copies and (body.account, body.key, body.nonce) == ours for body in bodies)

    def book(self, _market: Market, _depth: int) -> port.BookTop:
        """See the port."""
        no_book = self.weather.no_book
        if not self.is_connected or (no_book and self.clock.random() < no_book):
            return DEAD_BOOK
        if self.exchange.is_one_book and self.account_index == HEDGER:  # others quote better than A now and then
            return (self._live, self._above, self._below)[self.clock.now_ms // BOOK_MOVES_MS % 3]
        return self._live


DEAD_BOOK = port.BookTop((), (), is_live=False)
BOOK_PRICES = {0: Decimal("3000.00"), 1: Decimal("100000.0")}


@lru_cache(maxsize=2)
def _books(market: Market) -> tuple[port.BookTop, ...]:
    """The book as it is mostly, and one tick above and below."""
    tick = market.tick
    prices = (BOOK_PRICES[market.index] + ticks * tick for ticks in (0, 1, -1))
    return tuple(port.BookTop(((price, Decimal(5)),), ((price + tick, Decimal(5)),), is_live=True) for price in prices)


def _transaction(kind: int, body: Body, client: int | None = None) -> SignedTransaction:
    index = body.client if client is None else client
    return SignedTransaction(kind, body.hash, body.hash, body.nonce, body.key, body.expires_at_ms, index)
