"""The account's socket: subscriptions, books, events, and sends with their answers.

Promises:
- The venue's JSON ping is answered before anything else is done with a frame (venue fact sheet 3.1; F23).
- `Connected` is told only when every subscription of the account has been confirmed, and again after every reconnect;
  what happened in between must be read by REST. Whether a market's book is there too, `is_following` says.
- Every send taken over here ends in exactly one `SendAnswered`; a drop or a missing answer ends it as `Unknown`.
- A book with a gap in its chain, or that does not come, is fetched again by itself, and is not live meanwhile; the
  connection goes on, unless not one of the books comes.
- Markets may be added and left while it runs; what belongs to the account itself is subscribed to once.
- Auth tokens are made afresh for each connection; the connection is replaced before its token ends.
"""

import queue
import threading
from collections.abc import Callable, Sequence

import msgspec
import structlog

from hedge_strategy.clock import Clock
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import SignedTransaction
from hedge_strategy.errors import RateLimited, WireError
from hedge_strategy.venues.lighter import answers, parse, wire
from hedge_strategy.venues.lighter.book_feeds import BookFeeds
from hedge_strategy.venues.lighter.config import LighterConfig
from hedge_strategy.venues.lighter.pending import Answered, PendingSends
from hedge_strategy.venues.lighter.signer import Signer
from hedge_strategy.venues.port import (
    BookTop,
    Connected,
    Disconnected,
    FillSeen,
    Listener,
    OrderSeen,
    PositionSeen,
    SendAnswered,
    TransactionSeen,
)
from hedge_strategy.venues.transport.backoff import Backoff
from hedge_strategy.venues.transport.live_socket import LiveSocket, SendResult, SocketSettings

_log = structlog.get_logger(__name__)

_PONG = '{"type":"pong"}'
_ALREADY_SUBSCRIBED = 30003
# Codes that speak of a subscription, never of a send (venue fact sheet 3.2).
_SUBSCRIPTION_CODES = frozenset({30002, 30003, 30004, 30005, 30006, 30008, 30011, 30012})
_SHUTDOWN_PATIENCE_MS = 1_000  # how long a reconnect waits for answers once a restart is announced


class AccountStream:
    """One account's socket. `start` once, `close` once; `send`, `top` and `is_connected` from any thread."""

    def __init__(
        self,
        config: LighterConfig,
        signer: Signer,
        clock: Clock,
        random: Callable[[], float],
        emit: Listener,
        followed: Callable[[int], None] = lambda _index: None,
    ) -> None:
        """
        Args:
            config: where, who, how patient.
            signer: makes auth tokens.
            clock: wall time for tokens, the other one for deadlines.
            random: jitter, numbers in [0, 1).
            emit: hears every event, on the socket's thread.
            followed: told the index of a market whose book has come while the account was confirmed already.
        """
        timing = config.timing
        self._config = config
        self._signer = signer
        self._clock = clock
        self._emit = emit
        self._followed = followed
        self._books = BookFeeds(self._write_book, timing.subscribe_timeout_ms)
        self._changes: queue.SimpleQueue[tuple[int, bool]] = queue.SimpleQueue()
        self._awaited: set[str] = set()
        self._is_greeted = False
        self._is_connected = False
        self._was_connected = False
        self._deadline_ms = 0
        self._leave_at_ms: int | None = None
        self._token_ends_at_ms = 0
        self._pending = PendingSends(timing.max_outstanding_sends)
        self._pending_lock = threading.Lock()
        self._socket = LiveSocket(
            SocketSettings(
                url=config.ws_url,
                open_timeout_ms=timing.connect_timeout_ms,
                keepalive_ms=timing.keepalive_ms,
                stale_after_ms=timing.stale_after_ms,
                looks_ms=timing.socket_looks_ms,
            ),
            self,
            clock,
            Backoff(timing.reconnect_min_ms, timing.reconnect_max_ms, random),
        )

    @property
    def is_connected(self) -> bool:
        """Whether the account's subscriptions of the present connection are confirmed."""
        return self._is_connected

    @property
    def wire_errors(self) -> dict[str, int]:
        """Unreadable frames skipped so far, by source."""
        return dict(self._socket.wire_errors)

    def start(self, markets: Sequence[Market]) -> None:
        """Connects in the background and subscribes to the account and these markets."""
        self._books.want(market.index for market in markets)
        self._socket.start()

    def follow(self, market_index: int) -> None:
        """Subscribes to one more market, within a tick; where there is no connection, with the next one."""
        self._changes.put((market_index, True))

    def leave(self, market_index: int) -> None:
        """Gives a market up, within a tick."""
        self._changes.put((market_index, False))

    def give_up_sends(self, key_index: int) -> None:
        """Tells that the unanswered sends of a key are unknown, on this thread; their answers are passed over."""
        with self._pending_lock:
            given_up = self._pending.give_up_of(key_index)
        self._tell(given_up)

    def is_following(self, market_index: int) -> bool:
        """Whether the account's subscriptions and the market's are confirmed."""
        return self._is_connected and self._books.is_there(market_index)

    def close(self) -> None:
        """Ends the connection and its thread."""
        self._socket.close()

    def top(self, market_index: int, depth: int) -> BookTop:
        """The best levels from memory; empty and not live for a market that was not subscribed."""
        return self._books.top(market_index, depth)

    def send(self, transaction: SignedTransaction) -> bool:
        """Writes a transaction to the socket.

        Returns:
            True: taken over, one `SendAnswered` will come. False: there is no connection and nothing was written.

        Raises:
            RateLimited: too many sends are unanswered; nothing was written.
        """
        if not self._is_greeted:
            return False
        with self._pending_lock:
            reference = self._pending.add(transaction, self._now_ms())
        if reference is None:
            raise RateLimited("too many sends without an answer", self._config.timing.answer_timeout_ms)
        result = self._socket.send_text(
            f'{{"type":"jsonapi/sendtx","data":{{"id":"{reference}","tx_type":{transaction.kind},'
            f'"tx_info":{transaction.payload}}}}}'
        )
        if result is SendResult.NOT_CONNECTED:
            with self._pending_lock:
                return not self._pending.withdraw(reference)
        return True  # a failed write counts as sent: the socket's end answers it as unknown

    # --- the socket's four calls, all on its thread ---

    def opened(self) -> None:
        """The greeting comes next; nothing is sent before it."""
        self._take_in_changes(is_open=False)
        self._awaited = {f"{name}:{self._config.account_index}" for name in self._config.hears.value}
        self._books.opened(self._now_ms())
        self._leave_at_ms = None
        self._deadline_ms = self._now_ms() + self._config.timing.subscribe_timeout_ms

    def frame(self, data: bytes) -> None:
        """Sorts a frame by its type. Raises: WireError."""
        envelope = parse.decode(data, wire.Envelope, "lighter.frame")
        kind = envelope.type
        if kind == "ping":
            self._socket.send_text(_PONG)
        elif kind.startswith("update/"):
            self._heard(kind.removeprefix("update/"), data, is_snapshot=False)
        elif kind.startswith("subscribed/"):
            try:
                self._heard(kind.removeprefix("subscribed/"), data, is_snapshot=True)
            finally:
                self._confirm(envelope.channel)  # even if its body was unreadable: the subscription stands
        elif kind.startswith("jsonapi/"):
            with self._pending_lock:
                answered = self._pending.answer(answers.send_ack(data), self._now_ms())
            self._tell([answered] if answered else [])
        elif kind == "connected":
            self._subscribe()
        elif kind in ("", "error"):
            self._heard_error(answers.error_notice(data))
        elif kind == "shutdown":
            notice = parse.decode(data, wire.ShutdownFrame, "lighter.shutdown")
            self._leave_at_ms = self._now_ms() + min(notice.close_in_ms, _SHUTDOWN_PATIENCE_MS)
        elif kind not in ("pong", "unsubscribed"):
            raise WireError("lighter.frame", f"unknown type {kind[:40]!r}")

    def tick(self) -> None:
        """Deadlines: answers, subscriptions, books, an announced restart, the token."""
        self._take_in_changes(is_open=True)
        now_ms = self._now_ms()
        with self._pending_lock:
            late = self._pending.give_up_before(now_ms - self._config.timing.answer_timeout_ms)
            unanswered = len(self._pending)
        self._tell(late)
        if self._awaited and now_ms >= self._deadline_ms:
            self._socket.reconnect(f"not confirmed in time: {', '.join(sorted(self._awaited))}")
        elif self._books.are_all_late(now_ms):
            self._socket.reconnect("no order book was confirmed in time")
        elif self._leave_at_ms is not None and (now_ms >= self._leave_at_ms or unanswered == 0):
            self._socket.reconnect("the venue announced a restart")
        elif self._is_connected and now_ms >= self._token_ends_at_ms:
            self._socket.reconnect("the auth token ends")
        elif self._is_greeted:
            self._books.tick(now_ms)

    def closed(self, reason: str) -> None:
        """All that was under way is unknown now."""
        was_connected, self._is_connected, self._is_greeted = self._is_connected, False, False
        self._books.closed()
        with self._pending_lock:
            lost = self._pending.connection_lost(reason)
        if was_connected:
            self._emit(Disconnected(reason))
        else:
            _log.warning("connection ended before it was ready", reason=reason)
        self._tell(lost)

    # --- parts of the above ---

    def _now_ms(self) -> int:
        return self._clock.monotonic_ns() // 1_000_000

    def _take_in_changes(self, *, is_open: bool) -> None:
        while not self._changes.empty():
            index, is_added = self._changes.get()
            if is_added is (index in self._books.indices):
                continue
            if not is_added:
                self._books.leave(index)
                if is_open and self._is_greeted:
                    self._write_book("unsubscribe", index)
                continue
            self._books.want([index])
            if is_open and self._is_greeted:
                self._books.ask(index, self._now_ms())

    def _tell(self, answered: Sequence[Answered]) -> None:
        for transaction, outcome in answered:
            self._emit(SendAnswered(transaction, outcome))

    def _subscribe(self) -> None:
        life_s = self._config.timing.token_life_s
        token = self._signer.auth_token(self._clock.now_ns() // 1_000_000_000, life_s)
        self._token_ends_at_ms = self._now_ms() + life_s * 900  # nine tenths of its life
        self._is_greeted = True
        for name in self._config.hears.value:
            channel = f"{name}/{self._config.account_index}"
            self._write({"type": "subscribe", "channel": channel, "auth": token.text})
        for index in sorted(self._books.indices):  # last: by then what is refused is not of the account's own
            self._books.ask(index, self._now_ms())

    def _write(self, message: dict[str, str]) -> None:
        self._socket.send_text(msgspec.json.encode(message).decode())

    def _write_book(self, kind: str, market_index: int) -> None:
        self._write({"type": kind, "channel": f"order_book/{market_index}"})

    def _confirm(self, channel: str) -> None:
        self._awaited.discard(channel)
        index = self._books.confirmed(channel)
        if index is not None and self._is_connected:
            self._followed(index)
        if self._awaited or not self._is_greeted or self._is_connected:
            return
        is_first, self._was_connected, self._is_connected = not self._was_connected, True, True
        self._socket.mark_healthy()
        self._emit(Connected(is_first))

    def _heard(self, name: str, data: bytes, *, is_snapshot: bool) -> None:
        if name == "order_book":
            self._books.heard(parse.book_change(data), self._now_ms(), is_snapshot=is_snapshot)
        elif name == "account_all_trades":
            for fill in parse.fills(parse.trade_items(data, may_be_absent=is_snapshot), self._config.account_index):
                self._emit(FillSeen(fill))
        elif name == "account_all_orders":
            for report in parse.orders(parse.order_items(data, may_be_absent=is_snapshot)):
                self._emit(OrderSeen(report))
        elif name == "account_all_positions":
            self._heard_positions(data, is_snapshot=is_snapshot)
        elif name == "account_tx":
            for transaction in parse.transactions(parse.transaction_items(data, may_be_absent=is_snapshot)):
                self._emit(TransactionSeen(transaction))
        else:
            raise WireError("lighter.frame", f"unknown channel {name[:40]!r}")

    def _heard_positions(self, data: bytes, *, is_snapshot: bool) -> None:
        """A snapshot is the whole truth: a market it does not name is flat. Updates hold what changed (3.3)."""
        named = set()
        for position in parse.positions(parse.position_items(data, may_be_absent=False)):
            named.add(position.market_index)
            self._emit(PositionSeen(position))
        if is_snapshot:
            for index in self._books.indices - named:
                self._emit(PositionSeen(parse.flat_position(index)))

    def _heard_error(self, notice: answers.ErrorNotice) -> None:
        if notice.code == _ALREADY_SUBSCRIBED:
            channel = next((channel for channel in self._awaited if channel in notice.message), "")
            if channel:
                self._confirm(channel)
        elif notice.code in _SUBSCRIPTION_CODES or notice.channel in self._awaited or "order_book" in notice.channel:
            if not self._awaited and self._books.is_refusal(notice.channel, notice.message, self._now_ms()):
                _log.warning("an order book is refused; asking for it again", code=notice.code, message=notice.message)
            else:
                self._socket.reconnect(f"subscription refused: {notice.code} {notice.message}")
        else:
            _log.warning("error from the venue", code=notice.code, message=notice.message)
            if not self._awaited and not self._books.is_awaiting(self._now_ms()):
                with self._pending_lock:
                    answered = self._pending.bare_error(notice.code, notice.message, self._now_ms())
                self._tell([answered] if answered else [])
