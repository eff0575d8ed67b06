"""Lighter's REST interface, synchronous. Reads are repeated a few times, a send never.

Every error says what is known: `VenueRefused` (a code came back, nothing was done), `RateLimited` (refused for too many
requests), `VenueUnreachable` (no usable answer: timeout, 5xx, HTML, an answer that makes no sense). A read never turns
an error into "nothing there", and a history that is longer than the bound is an error, not a short list.

Known limit: timeouts are those of the HTTP library, per connection and per read; a server that drips bytes for ever
is not cut off.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import TypeVar

import requests
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from hedge_strategy.clock import Clock
from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport, Outcome, SignedTransaction, TransactionReport, Unknown
from hedge_strategy.domain.position import Position
from hedge_strategy.errors import (
    HedgeError,
    RateLimited,
    VenueError,
    VenueRefused,
    VenueUnreachable,
    WireError,
    may_retry,
)
from hedge_strategy.venues.lighter import answers, parse, wire
from hedge_strategy.venues.lighter.config import DEFAULT_WEIGHT, WEIGHTS, LighterConfig
from hedge_strategy.venues.lighter.signer import AuthToken, Signer
from hedge_strategy.venues.transport.counted import CountedAdapter, Traffic
from hedge_strategy.venues.transport.rate_limit import WINDOW_MS, RateLimiter

_log = structlog.get_logger(__name__)

PAGE = 100  # the venue's largest page (venue fact sheet 1.2)
CLIENT_INDEXES_PER_REQUEST = 20
CODE_ACCOUNT_NOT_FOUND = 21100
_NOT_FOUND_CODES = frozenset({21500, 29404})
_INTERNAL_CODES = range(29500, 29600)
_RATE_LIMIT_CODES = range(23000, 23004)
_FIREWALL_PAUSE_MS = 60_000  # HTTP 405 (venue fact sheet 5)
_RATE_LIMIT_PAUSE_MS = 1_000  # where the venue names none
_FIRST_RETRY_MS = 100
_TOKEN_MARGIN_S = 120

T = TypeVar("T")
PageT = TypeVar("PageT", wire.OrdersPage, wire.TradesPage, wire.FundingPage)
Params = Mapping[str, str | int]
ROOT = "status"
"""The venue's root, which is no endpoint of the interface."""


def open_session(traffic: Traffic | None = None) -> requests.Session:
    """Connections for one account's requests, opened as they are needed; each request is told to `traffic`."""
    traffic = traffic or Traffic()
    session = requests.Session()
    session.trust_env = False  # no proxy and no credentials by surprise
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, CountedAdapter(traffic, pool_connections=1, pool_maxsize=8, max_retries=0))
    return session


class Rest:
    """One lane's requests. Thread-safe."""

    def __init__(
        self,
        config: LighterConfig,
        signer: Signer,
        clock: Clock,
        limiter: RateLimiter,
        session: requests.Session | None = None,
    ) -> None:
        """
        Args:
            config: where, who, how patient.
            signer: makes auth tokens.
            clock: wall time for tokens, the other for limits; sleeps between attempts.
            limiter: shared with the sends over the socket.
            session: connections that are shared with others, who close them; None: of its own.
        """
        self._config = config
        self._signer = signer
        self._clock = clock
        self._limiter = limiter
        self._token: AuthToken | None = None
        self._token_lock = threading.Lock()
        self._timeout_s = (config.timing.connect_timeout_ms / 1000, config.timing.read_timeout_ms / 1000)
        self._session = open_session() if session is None else session
        self._owns_session = session is None

    def close(self) -> None:
        """Closes idle connections, where they are its own."""
        if self._owns_session:
            self._session.close()

    def send(self, transaction: SignedTransaction) -> Outcome:
        """Posts a signed transaction, once; never raises, what is not known is `Unknown`."""
        form = {"tx_type": str(transaction.kind), "tx_info": transaction.payload}
        try:
            response = self._session.post(
                self._url("sendTx"), data=form, timeout=self._timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            return Unknown(f"sendTx: {type(error).__name__}")
        if response.status_code in (405, 429):
            self._note_refusal(response)
        if response.status_code not in (200, 400, 405, 429) or not _is_json(response):
            return Unknown(f"sendTx: HTTP {response.status_code}")
        try:
            answer = parse.decode(response.content, wire.SendAnswer, "lighter.send")
        except WireError as error:
            return Unknown(str(error))
        if response.status_code != 200 and answer.code == answers.CODE_OK:
            return Unknown(f"sendTx: HTTP {response.status_code} with code {answer.code}")
        return answers.outcome_of(answer.code, answer.message or "", answer.predicted_execution_time_ms)

    def api_keys(self) -> list[wire.ApiKey]:
        """The keys registered in our slot. Raises: VenueError."""
        params = {"account_index": self._config.account_index, "api_key_index": self._config.key_index}
        return self._read("apikeys", params, wire.ApiKeysAnswer).api_keys

    def time_s(self) -> int:
        """The venue's clock, unix seconds. Raises: VenueError."""
        return self._read(ROOT, {}, wire.RootStatus).timestamp

    def next_nonce(self) -> int:
        """The lane's counter. Raises: VenueError."""
        params = {"account_index": self._config.account_index, "api_key_index": self._config.key_index}
        return self._read("nextNonce", params, wire.NextNonce).nonce

    def markets(self) -> dict[str, Market]:
        """All perpetual markets by symbol; one that makes no sense is left out and logged. Raises: VenueError."""
        found: dict[str, Market] = {}
        try:
            for market in parse.markets(self._get("orderBookDetails", {})):
                found[market.symbol] = market
        except WireError as error:
            if not found:
                raise VenueUnreachable(str(error)) from error
            _log.warning("markets left out", error=str(error))
        return found

    def open_orders(self, market: Market) -> tuple[OrderReport, ...]:
        """Resting orders in the market. Raises: VenueError."""
        params = {"account_index": self._config.account_index, "market_id": market.index}
        page = self._read("accountActiveOrders", params, wire.OrdersPage, auth=True)
        return self._own_orders(page, market)

    def orders_by_client_index(self, market: Market, indexes: Sequence[int]) -> tuple[OrderReport, ...]:
        """Those of the orders that the venue finds. Raises: VenueError."""
        found: dict[int, OrderReport] = {}
        wanted = set(indexes)
        for start in range(0, len(indexes), CLIENT_INDEXES_PER_REQUEST):
            chunk = indexes[start : start + CLIENT_INDEXES_PER_REQUEST]
            params: dict[str, str | int] = {
                "account_index": self._config.account_index,
                "client_order_indexes": ",".join(str(index) for index in chunk),
            }
            page = self._read("accountOrders", params, wire.OrdersPage, auth=True)
            reports = self._own_orders(page, market)
            found.update((report.order_index, report) for report in reports if report.client_order_index in wanted)
        return tuple(found.values())

    def closed_orders(self, market: Market, since_ms: int) -> tuple[OrderReport, ...]:
        """Ended orders, newest first, as far back as `since_ms`. Raises: VenueError."""
        found: dict[int, OrderReport] = {}
        params: dict[str, str | int] = {
            "account_index": self._config.account_index,
            "market_id": market.index,
            "limit": PAGE,
        }
        for page in self.pages("accountInactiveOrders", params, wire.OrdersPage):
            reports = self._own_orders(page, market)
            found.update((report.order_index, report) for report in reports if report.updated_at_ms >= since_ms)
            if not reports or all(report.updated_at_ms < since_ms for report in reports):
                break
        return tuple(sorted(found.values(), key=lambda report: report.updated_at_ms, reverse=True))

    def fills(self, market: Market, after_trade_id: int, order_index: int | None) -> tuple[Fill, ...]:
        """The account's trades with a larger id, oldest first. Raises: VenueError."""
        params = self._trades_params(market, PAGE)
        if order_index is not None:
            params["order_index"] = order_index
        found: dict[tuple[int, str], Fill] = {}
        for page in self.pages("trades", params, wire.TradesPage):
            seen = self._own_fills(page)
            found.update(((fill.trade_id, fill.side), fill) for fill in seen if fill.trade_id > after_trade_id)
            if not seen or min(fill.trade_id for fill in seen) <= after_trade_id:
                break
        wanted = (
            fill
            for fill in found.values()
            if fill.market_index == market.index and order_index in (None, fill.order_index)
        )
        return tuple(sorted(wanted, key=lambda fill: fill.trade_id))

    def latest_trade_id(self, market: Market) -> int:
        """Id of the newest trade, 0 where there is none. Raises: VenueError."""
        page = self._read("trades", self._trades_params(market, 1), wire.TradesPage, auth=True)
        return max((fill.trade_id for fill in self._own_fills(page)), default=0)

    def transaction(self, transaction_hash: str) -> TransactionReport | None:
        """What became of a transaction, None where the venue does not know it. Raises: VenueError."""
        try:
            data = self._get("tx", {"by": "hash", "value": transaction_hash})
        except VenueRefused as error:
            if error.code in _NOT_FOUND_CODES:
                return None
            raise
        return _readable(lambda: parse.transaction(data))

    def position(self, market: Market) -> Position:
        """The account's position; a market that the account never touched is flat. Raises: VenueError."""
        body = self._account(self._config.account_index)
        positions = _readable(lambda: list(parse.positions(body.positions)))
        return next((found for found in positions if found.market_index == market.index), None) or parse.flat_position(
            market.index
        )

    def owner(self, account_index: int) -> str:
        """The address on the first layer that owns an account; a master and its sub-accounts have one (venue fact
        sheet 1.3). Raises: VenueError."""
        address = self._account(account_index).l1_address.lower()
        if not address:
            raise VenueUnreachable(f"account: the answer does not say whose account {account_index} is")
        return address

    # --- parts of the above ---

    def _account(self, account_index: int) -> wire.AccountBody:
        answer = self._read("account", {"by": "index", "value": account_index}, wire.AccountsAnswer)
        for account in answer.accounts:
            if account_index in (account.index, account.account_index):
                return account
        raise VenueRefused(CODE_ACCOUNT_NOT_FOUND, f"account {account_index} is not in the answer")

    def _trades_params(self, market: Market, limit: int) -> dict[str, str | int]:
        return {
            "account_index": self._config.account_index,
            "market_id": market.index,
            "sort_by": "trade_id",
            "sort_dir": "desc",
            "limit": limit,
        }

    def _own_orders(self, page: wire.OrdersPage, market: Market) -> tuple[OrderReport, ...]:
        reports = _readable(lambda: list(parse.orders(page.orders or ())))
        own = self._config.account_index
        return tuple(
            report for report in reports if report.account_index == own and report.market_index == market.index
        )

    def _own_fills(self, page: wire.TradesPage) -> list[Fill]:
        return _readable(lambda: list(parse.fills(page.trades or (), self._config.account_index)))

    def pages(self, endpoint: str, params: dict[str, str | int], shape: type[PageT]) -> Iterator[PageT]:
        """All pages of a history, newest first, at most the bound; from the second one on it waits for the rate limit
        rather than give up. Raises: VenueError."""
        cursor = ""
        for _ in range(self._config.timing.max_pages):
            try:
                page = self._read(endpoint, params | ({"cursor": cursor} if cursor else {}), shape, auth=True)
            except RateLimited as error:
                if not cursor or error.retry_after_ms > WINDOW_MS:
                    raise
                self._clock.sleep(error.retry_after_ms / 1000)
                page = self._read(endpoint, params | {"cursor": cursor}, shape, auth=True)
            yield page
            if not page.next_cursor or page.next_cursor == cursor:
                return
            cursor = page.next_cursor
        raise VenueError(f"{endpoint}: the history is longer than {self._config.timing.max_pages} pages")

    def _read(self, endpoint: str, params: Params, shape: type[T], *, auth: bool = False) -> T:
        data = self._get(endpoint, params, auth=auth)
        return _readable(lambda: parse.decode(data, shape, f"lighter.{endpoint}"))

    def _get(self, endpoint: str, params: Params, *, auth: bool = False) -> bytes:
        timing = self._config.timing

        def is_worth_it(error: BaseException) -> bool:
            if not isinstance(error, HedgeError) or not may_retry(error, is_send=False):
                return False
            return not isinstance(error, RateLimited) or error.retry_after_ms <= timing.read_retry_max_ms

        def pause_s(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome is not None else None
            if isinstance(error, RateLimited):
                return error.retry_after_ms / 1000
            return min(_FIRST_RETRY_MS << (state.attempt_number - 1), timing.read_retry_max_ms) / 1000

        attempts = Retrying(
            stop=stop_after_attempt(timing.read_attempts),
            retry=retry_if_exception(is_worth_it),
            wait=pause_s,
            sleep=self._clock.sleep,
            reraise=True,
        )
        return attempts(self._get_once, endpoint, params, auth)

    def _get_once(self, endpoint: str, params: Params, auth: bool) -> bytes:
        delay_ms = self._limiter.take_read(WEIGHTS.get(endpoint, DEFAULT_WEIGHT), self._monotonic_ms())
        if delay_ms > 0:
            raise RateLimited(f"{endpoint}: the account tier's limit is used up", delay_ms)
        headers = {"authorization": self._auth()} if auth else {}
        try:
            response = self._session.get(
                self._url(endpoint), params=params, headers=headers, timeout=self._timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            raise VenueUnreachable(f"{endpoint}: {_cause(error)}") from None
        if response.status_code in (405, 429):
            raise RateLimited(f"{endpoint}: HTTP {response.status_code}", self._note_refusal(response))
        if response.status_code >= 500 or not _is_json(response):
            raise VenueUnreachable(f"{endpoint}: HTTP {response.status_code}")
        answer = _readable(lambda: parse.decode(response.content, wire.RestAnswer, f"lighter.{endpoint}"))
        self._raise_for_code(endpoint, response, answer)
        return response.content

    def _raise_for_code(self, endpoint: str, response: requests.Response, answer: wire.RestAnswer) -> None:
        if response.status_code == 200 and answer.code in (None, 0, answers.CODE_OK):
            return
        code, message = answer.code or response.status_code, answer.message or ""
        if response.status_code in (401, 403):
            with self._token_lock:
                self._token = None
        if code in _RATE_LIMIT_CODES:
            raise RateLimited(f"{endpoint}: {code} {message}", self._note_refusal(response))
        if code in _INTERNAL_CODES:
            raise VenueUnreachable(f"{endpoint}: {code} {message}")
        raise VenueRefused(code, f"{endpoint}: {message}")

    def _note_refusal(self, response: requests.Response) -> int:
        """Closes the door for as long as the venue asks; returns for how long, in milliseconds."""
        seconds = response.headers.get("Retry-After", "")
        if seconds.isascii() and seconds.isdigit() and len(seconds) < 5:
            pause_ms = int(seconds) * 1000
        else:
            pause_ms = _FIREWALL_PAUSE_MS if response.status_code == 405 else _RATE_LIMIT_PAUSE_MS
        self._limiter.refused_by_venue(self._monotonic_ms(), pause_ms)
        return pause_ms

    def _auth(self) -> str:
        now_s = self._clock.now_ns() // 1_000_000_000
        with self._token_lock:
            if self._token is None or self._token.expires_at_s - now_s < _TOKEN_MARGIN_S:
                self._token = self._signer.auth_token(now_s, self._config.timing.token_life_s)
            return self._token.text

    def _url(self, endpoint: str) -> str:
        return f"{self._config.base_url}/" if endpoint == ROOT else f"{self._config.base_url}/api/v1/{endpoint}"

    def _monotonic_ms(self) -> int:
        return self._clock.monotonic_ns() // 1_000_000


def _readable(read: Callable[[], T]) -> T:
    """Raises: VenueUnreachable: an answer that makes no sense is no usable answer."""
    try:
        return read()
    except WireError as error:
        raise VenueUnreachable(str(error)) from error


def _is_json(response: requests.Response) -> bool:
    """The venue sends JSON as one of two types; a load balancer's HTML is neither (venue fact sheet 1.1)."""
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower() in (
        "application/json",
        "text/plain",
    )


def _cause(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__
