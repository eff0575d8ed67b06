"""Lighter behind the venue port: one lane of one account, whose socket it may share with other lanes.

Sends go over the socket while it is greeted. While it is not, they go by REST, one after the other on a thread of
their own, made with the first, and stay there until that queue is empty, so that nonces of a lane never overtake each
other. The listener is called by one thread at a time: the socket's, or for answers to REST sends that other one.
"""

import queue
import threading
from collections.abc import Callable, Sequence

from hedge_strategy.clock import Clock, to_ms
from hedge_strategy.domain.allowance import Allowance, RequestCounts
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport, Outcome, Rejected, SignedTransaction, TransactionReport, Unknown
from hedge_strategy.domain.position import Position
from hedge_strategy.errors import RateLimited, SigningFailed, UserError, VenueError, VenueRefused, VenueUnreachable
from hedge_strategy.risk.gate import Approved
from hedge_strategy.venues.lighter.account import LighterAccount
from hedge_strategy.venues.lighter.config import (
    LighterConfig,
    SelfTradeBehaviour,
    SelfTradeEquality,
    SelfTradeMode,
)
from hedge_strategy.venues.lighter.encode import KIND_CREATE_ORDER, check_market_index, encode_order
from hedge_strategy.venues.lighter.signer import require_matching_key
from hedge_strategy.venues.port import BookTop, Listener, SendAnswered, VenueEvent

_TOO_MANY_REQUESTS = range(23000, 23004)
_PAUSE_AFTER_REFUSAL_MS = 1_000


class LighterVenue:
    """Implements `venues.port.Venue`."""

    def __init__(
        self,
        config: LighterConfig,
        clock: Clock,
        random: Callable[[], float],
        account: LighterAccount | None = None,
    ) -> None:
        """
        Args:
            config: which account, which key, where.
            clock: time.
            random: jitter of reconnects, numbers in [0, 1).
            account: what it has in common with other lanes of the account; None: it is the only one here.
        """
        self._config = config
        self._clock = clock
        self._account = LighterAccount(config, clock, random) if account is None else account
        self._owns_account = account is None
        self._limiter = self._account.limiter
        self._signer = self._account.signer(config)
        self._rest = self._account.rest(config)
        self._listener: Listener | None = None
        self._emit_lock = threading.Lock()
        self._send_lock = threading.Lock()
        self._rest_sends: queue.Queue[SignedTransaction | None] = queue.Queue()
        self._rest_backlog = 0
        self._rest_thread: threading.Thread | None = None
        self._is_closed = False

    def __repr__(self) -> str:
        return f"LighterVenue(account_index={self.account_index}, key_index={self.key_index})"

    @property
    def account_index(self) -> int:
        """The account this venue object acts for."""
        return self._config.account_index

    @property
    def key_index(self) -> int:
        """The lane: the API key that signs."""
        return self._config.key_index

    @property
    def wire_errors(self) -> dict[str, int]:
        """Unreadable frames skipped so far, by source."""
        return self._account.wire_errors

    def check(self) -> None:
        """See the port. Blocks for a few requests, one of them made by the signing library itself."""
        config = self._config
        where = f"API key {config.key_index} of account {config.account_index}"
        if config.key_index in self._account.checked_keys:
            return
        try:
            keys = self._rest.api_keys()
            key = next((key for key in keys if key.api_key_index == config.key_index), None)
            if key is None or not key.public_key.strip("0"):
                raise UserError(f"{where} is not registered at {config.base_url}: register it there, or mend its index")
            require_matching_key(self._signer, config)
            self._account.checked_keys.add(config.key_index)
        except RateLimited:
            raise
        except VenueRefused as error:
            raise UserError(f"{config.base_url} does not know {where} ({error}): mend account_index") from error
        except SigningFailed as error:
            raise UserError(str(error)) from error
        except VenueError as error:
            raise VenueUnreachable(
                f"{config.base_url} does not answer ({error}): check the address and the network"
            ) from error

    def clock_offset_ms(self) -> int:
        """See the port. The venue tells whole seconds (venue fact sheet 1.1, GET `/`)."""
        asked_ms = to_ms(self._clock.now_ns())
        told_ms = self._rest.time_s() * 1000 + 500
        return told_ms - (asked_ms + to_ms(self._clock.now_ns())) // 2

    def load_market(self, symbol: str) -> Market:
        """See the port."""
        markets = self._account.markets(self._rest)
        market = markets.get(symbol)
        if market is None:
            raise UserError(f"no market {symbol!r} on {self._config.base_url}; there are: {', '.join(sorted(markets))}")
        return market

    def give_way_between(self, other_account_index: int) -> bool:
        """See the port. Which of the two orders' attributes the venue goes by is not documented, so A's and B's both
        carry them: expire maker, same master account (venue fact sheet 2.3)."""
        owners = {self._account.owner(self._rest, index) for index in (self.account_index, other_account_index)}
        if len(owners) > 1:
            return False
        self._signer.use_self_trade_mode(SelfTradeMode(SelfTradeBehaviour.EXPIRE_MAKER, SelfTradeEquality.SAME_MASTER))
        return True

    def start(self, markets: Sequence[Market], listener: Listener) -> None:
        """See the port."""
        self._listener = listener
        self._account.join(self.key_index, markets, self._emit)

    def close(self) -> None:
        """See the port. A REST send under way is waited for, those behind it end as unknown; not for the listener."""
        if self._listener is not None and not self._is_closed:
            self._is_closed = True
            self._end_rest_sends()
            self._account.leave(self.key_index)
        if self._owns_account:
            self._account.close()

    def is_connected(self) -> bool:
        """See the port."""
        return self._account.is_connected(self.key_index)

    def book(self, market: Market, depth: int) -> BookTop:
        """See the port."""
        return self._account.top(market.index, depth)

    def sign_order(self, order: Approved, nonce: int) -> SignedTransaction:
        """See the port."""
        try:
            encoded = encode_order(order.intent, self._clock.now_ns() // 1_000_000)
        except ValueError as error:
            raise SigningFailed(str(error)) from error
        return self._signer.sign_order(encoded, nonce)

    def sign_cancel(self, market: Market, index: int, nonce: int) -> SignedTransaction:
        """See the port."""
        return self._signer.sign_cancel(self._market_index(market), index, nonce)

    def sign_cancel_all(self, nonce: int, market: Market | None = None) -> SignedTransaction:
        """See the port."""
        return self._signer.sign_cancel_all(nonce, None if market is None else self._market_index(market))

    def sign_dead_man(self, nonce: int, at_ms: int | None) -> SignedTransaction:
        """See the port."""
        return self._signer.sign_dead_man(nonce, at_ms)

    def allowance(self) -> Allowance:
        """See the port."""
        return self._limiter.left(self._clock.monotonic_ns() // 1_000_000)

    def requests(self) -> RequestCounts:
        """See the port."""
        return self._account.traffic.counts

    def send(self, transaction: SignedTransaction) -> None:
        """See the port."""
        with self._send_lock:
            if self._listener is None or self._is_closed:
                raise VenueError("the venue is not started: an answer could not be told")
            is_urgent = transaction.kind != KIND_CREATE_ORDER or not self._config.orders_add_risk
            delay_ms = self._limiter.take_send(self._clock.monotonic_ns() // 1_000_000, is_urgent=is_urgent)
            if delay_ms > 0:
                raise RateLimited("the account tier's limit of transactions is used up", delay_ms)
            if self._rest_backlog == 0 and self._account.send(transaction):
                return
            if self._rest_backlog >= self._config.timing.max_outstanding_sends:
                raise RateLimited("too many sends wait for REST", self._config.timing.answer_timeout_ms)
            self._rest_backlog += 1
            self._rest_sends.put(transaction)
            if self._rest_thread is None:
                self._rest_thread = threading.Thread(target=self._send_by_rest, name="venue-rest-send", daemon=True)
                self._rest_thread.start()

    def next_nonce(self) -> int:
        """See the port."""
        return self._rest.next_nonce()

    def open_orders(self, market: Market) -> tuple[OrderReport, ...]:
        """See the port."""
        return self._rest.open_orders(market)

    def orders_by_client_index(self, market: Market, indexes: Sequence[int]) -> tuple[OrderReport, ...]:
        """See the port."""
        return self._rest.orders_by_client_index(market, indexes)

    def closed_orders(self, market: Market, since_ms: int) -> tuple[OrderReport, ...]:
        """See the port."""
        return self._rest.closed_orders(market, since_ms)

    def fills(self, market: Market, *, after_trade_id: int = 0, order_index: int | None = None) -> tuple[Fill, ...]:
        """See the port."""
        return self._rest.fills(market, after_trade_id, order_index)

    def latest_trade_id(self, market: Market) -> int:
        """See the port."""
        return self._rest.latest_trade_id(market)

    def transaction(self, transaction_hash: str) -> TransactionReport | None:
        """See the port."""
        return self._rest.transaction(transaction_hash)

    def position(self, market: Market) -> Position:
        """See the port."""
        return self._rest.position(market)

    def _emit(self, event: VenueEvent) -> None:
        if isinstance(event, SendAnswered) and _is_rate_limited(event.outcome):
            self._limiter.refused_by_venue(self._clock.monotonic_ns() // 1_000_000, _PAUSE_AFTER_REFUSAL_MS)
        if self._listener is not None:
            with self._emit_lock:
                self._listener(event)

    def _end_rest_sends(self) -> None:
        with self._send_lock:  # who sends sees that it is closed, before this or after
            thread = self._rest_thread
        if thread is not None:
            self._rest_sends.put(None)
            thread.join()

    def _send_by_rest(self) -> None:
        while (transaction := self._rest_sends.get()) is not None:
            outcome = Unknown("closed before it was sent") if self._is_closed else self._rest.send(transaction)
            with self._send_lock:
                self._rest_backlog -= 1
            self._emit(SendAnswered(transaction, outcome))

    @staticmethod
    def _market_index(market: Market) -> int:
        try:
            check_market_index(market.index)
        except ValueError as error:
            raise SigningFailed(str(error)) from error
        return market.index


def _is_rate_limited(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.code in _TOO_MANY_REQUESTS
