"""The frame of the REST interface: routes, tokens, faults and limits around each endpoint.

Promises: an endpoint is told what it needs as a `Call` and answers or raises RequestRefused; faults strike around it;
what a request set in motion is executed only after its answer was handed to the socket.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiohttp import web

from hedge_strategy.simulator.answers import (
    INVALID_PARAM,
    RequestRefused,
    auth_refused,
    rate_limited,
    refused,
    text_of,
    unavailable,
)
from hedge_strategy.simulator.auth import TokenChecker
from hedge_strategy.simulator.faults import DEFAULT_DELAY_S
from hedge_strategy.simulator.host import ExchangeHost
from hedge_strategy.simulator.rate_limits import RateLimits
from hedge_strategy.simulator.visibility import Lag
from hedge_strategy.simulator.ws import concerned_by

log = structlog.get_logger()

PREFIX: Final = "/api/v1/"
LOCAL: Final = "local"


@dataclass(slots=True)
class Call:
    """One request: query or form, and when its bytes arrived. `accepted` is set by an endpoint that took a
    transaction in."""

    values: Mapping[str, Any]
    lists: Mapping[str, Sequence[str]]
    token: str | None
    received_ns: int
    account_index: int | None
    market_index: int | None
    accepted: bool = False

    def all_of(self, name: str) -> Sequence[str]:
        """All values of a repeated parameter."""
        return self.lists.get(name, ())


Endpoint = Callable[[Call], Awaitable[web.Response]]


class Api:
    """Collects endpoints and runs them."""

    def __init__(self, host: ExchangeHost, tokens: TokenChecker) -> None:
        self.host = host
        self._tokens = tokens
        self._limits = RateLimits()
        self._routes: list[web.RouteDef] = []

    def get(self, path: str, endpoint: Endpoint) -> None:
        """Adds GET /api/v1/path."""
        self._routes.append(web.get(PREFIX + path, self._handler(path, endpoint)))

    def post(self, path: str, endpoint: Endpoint) -> None:
        """Adds POST /api/v1/path."""
        self._routes.append(web.post(PREFIX + path, self._handler(path, endpoint)))

    def root(self, path: str, endpoint: Endpoint) -> None:
        """Adds GET of a path outside /api/v1."""
        self._routes.append(web.get(path, self._handler(path.strip("/"), endpoint)))

    def routes(self) -> Sequence[web.RouteDef]:
        """All of them, for the application."""
        return self._routes

    def authorize(self, call: Call, account_index: int) -> None:
        """Raises RequestRefused when the token does not allow reading this account."""
        now_s = call.received_ns // 1_000_000_000
        reason = self._tokens.refusal(call.token, account_index, self.host.config.auth.rest, now_s)
        if reason is not None:
            raise auth_refused(reason)

    def lag(self, call: Call) -> Lag:
        """How far history lags behind for this request."""
        fault = self.host.faults.strike("history_lag", call.received_ns, call.account_index, call.market_index)
        return Lag(self.host.config.rest.history_delay_ms, fault)

    # -- around each endpoint ----------------------------------------------------------------------------------------

    def _handler(self, path: str, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            received_ns = self.host.now_ns()
            try:
                call = await _read_call(request, received_ns)
            except RequestRefused as refusal:
                return refused(refusal)
            if self._is_over_limit(request, path, call):
                return rate_limited()
            response = await self._run(path, endpoint, call)
            return await self._deliver(request, path, call, response)

        return handle

    async def _run(self, path: str, endpoint: Endpoint, call: Call) -> web.Response:
        """The endpoint's answer, or that of a fault in its place."""
        for kind, make in (("rate_limited", rate_limited), ("server_error", unavailable)):
            struck = self._struck(kind, path, call)
            if struck is None:
                continue
            if struck.request.executed:
                await self._answer(endpoint, call)
            return make()
        return await self._answer(endpoint, call)

    async def _answer(self, endpoint: Endpoint, call: Call) -> web.Response:
        try:
            return await endpoint(call)
        except RequestRefused as refusal:
            return refused(refusal)

    async def _deliver(self, request: web.Request, path: str, call: Call, response: web.Response) -> web.StreamResponse:
        if call.accepted and response.status == 200 and self._struck("lost_answer", path, call) is not None:
            self.host.advance()
            return await self._lose(request)
        delay = self._struck("delay", path, call)
        if delay is not None:
            if call.accepted:
                self.host.advance()
            await asyncio.sleep(delay.size_s(DEFAULT_DELAY_S))
            return response
        if call.accepted:
            # Answer first, then act: the execution's own frames must not overtake the answer.
            await response.prepare(request)
            await response.write_eof()
            self.host.advance()
        return response

    async def _lose(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.host.config.rest.lost_answer_hold_s)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)

    def _struck(self, kind: str, path: str, call: Call) -> Any:
        return self.host.faults.strike(kind, self.host.now_ns(), call.account_index, call.market_index, path)

    def _is_over_limit(self, request: web.Request, path: str, call: Call) -> bool:
        if not self.host.config.rest.rate_limits:
            return False
        account = None if call.account_index is None else self.host.read.account(call.account_index)
        payer = account.l1_address if account is not None else (request.remote or LOCAL)
        tier = account.tier if account is not None else "standard"
        return not self._limits.allows(payer, tier, path, call.received_ns)


async def _read_call(request: web.Request, received_ns: int) -> Call:
    """Query and form of a request. Raises RequestRefused for a body that cannot be read."""
    values: dict[str, Any] = dict(request.query)
    lists = {name: request.query.getall(name) for name in request.query}
    if request.method == "POST":
        try:
            form = await request.post()
        except (ValueError, AssertionError, LookupError, UnicodeError) as error:
            raise RequestRefused(INVALID_PARAM, "invalid param: the body cannot be read") from error
        for name, value in form.items():
            values[name] = value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else value
    token = request.headers.get("authorization") or text_of(values, "auth") or text_of(values, "authorization")
    account_index, market_index = _concerned(values)
    return Call(values, lists, token, received_ns, account_index, market_index)


def _concerned(values: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Account and market that a request is about, as far as its parameters say."""
    if "tx_info" in values or "tx_infos" in values:
        return concerned_by(values.get("tx_info") or values.get("tx_infos"))
    account = text_of(values, "account_index")
    if account is None and text_of(values, "by") in ("index", "account_index"):
        account = text_of(values, "value")
    market = text_of(values, "market_id") or text_of(values, "market_index")
    return _small_integer(account), _small_integer(market)


def _small_integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None
