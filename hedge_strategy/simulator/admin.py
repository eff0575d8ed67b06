"""The admin interface, apart from the public one: accounts, the truth, faults, the flow.

Contract: `POST /sim/v1/accounts`; `GET /sim/v1/trades`, `/orders`, `/transactions`, `/positions`, `/frames` with
`account_index`, `market_index`, `since_ns` and `limit`; `GET`, `POST` and `DELETE /sim/v1/faults`; `POST /sim/v1/flow`;
`POST /sim/v1/house_orders` trades against users by hand; `GET` and `POST /sim/v1/drills` fill a user at a given pace;
`POST /sim/v1/deposits`; `GET /sim/v1/status`.
A bad request is 400 with `{"error": ...}`.

Known limit: no authentication; it listens on the loopback interface unless told otherwise.
"""

import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from hedge_strategy.simulator.answers import answer
from hedge_strategy.simulator.drill import DrillRequest
from hedge_strategy.simulator.faults import FaultRefused, FaultRequest
from hedge_strategy.simulator.flow_driver import HOUSE_MAKER_ACCOUNT, HOUSE_TAKER_ACCOUNT
from hedge_strategy.simulator.host import ExchangeHost
from hedge_strategy.simulator.markets import MICRO_DECIMALS, Market
from hedge_strategy.simulator.settings import STANDARD_TIER
from hedge_strategy.simulator.signature import NEW_KEY_RANDOM_BYTES, is_public_key, new_key_pair
from hedge_strategy.simulator.transactions import AccountSpec, HouseOrder
from hedge_strategy.simulator.truth import MAX_ROWS
from hedge_strategy.simulator.truth_rows import order_row
from hedge_strategy.simulator.tx_info import MAX_INTEGER
from hedge_strategy.simulator.ws import StreamServer

PREFIX: Final = "/sim/v1/"
DEFAULT_KEY_INDEX: Final = "4"
MAX_DIGITS: Final = 19
TRUTH_KINDS: Final = ("trade", "order", "transaction", "position", "frame")

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.Response]]


class AdminRefused(Exception):
    """The request cannot be carried out; the text says why."""


class AccountRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`collateral` in USDC. A key that is null is made; without `api_keys` one is made for index 4."""

    account_index: int | None = None
    l1_address: str | None = None
    collateral: Decimal | None = None
    api_keys: dict[str, str | None] | None = None
    tier: str = STANDARD_TIER


class FlowRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Whether house makers and takers stand still."""

    paused: bool


class DepositRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`amount` in USDC; negative takes away."""

    account_index: int
    amount: Decimal


class HouseOrderRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An order of the house: it executes at once. `immediate` takes what rests at `price` or better. `then` is one more
    that comes right after it: nobody trades in between, however slow the machine."""

    market_index: int
    is_ask: bool
    size: Decimal
    price: Decimal
    immediate: bool = True
    then: "HouseOrderRequest | None" = None


class Admin:
    """The endpoints."""

    def __init__(self, host: ExchangeHost, stream: StreamServer, chance: random.Random) -> None:
        self._host = host
        self._stream = stream
        self._chance = chance

    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        made = [web.get(f"{PREFIX}{kind}s", _guarded(self._truth_of(kind))) for kind in TRUTH_KINDS]
        return [
            *made,
            web.post(PREFIX + "accounts", _guarded(self._open_account)),
            web.get(PREFIX + "accounts", _guarded(self._accounts)),
            web.post(PREFIX + "deposits", _guarded(self._deposit)),
            web.get(PREFIX + "faults", _guarded(self._faults)),
            web.post(PREFIX + "faults", _guarded(self._arm_fault)),
            web.delete(PREFIX + "faults", _guarded(self._remove_faults)),
            web.post(PREFIX + "flow", _guarded(self._flow)),
            web.get(PREFIX + "flow", _guarded(self._flow_state)),
            web.post(PREFIX + "house_orders", _guarded(self._house_order)),
            web.post(PREFIX + "drills", _guarded(self._begin_drill)),
            web.get(PREFIX + "drills", _guarded(self._drill_state)),
            web.get(PREFIX + "status", _guarded(self._status)),
            web.route("*", "/{path:.*}", _not_found),
        ]

    # -- accounts ----------------------------------------------------------------------------------------------------

    async def _open_account(self, request: web.Request) -> web.Response:
        wanted = await _body(request, AccountRequest)
        keys: dict[int, dict[str, str]] = {}
        given: dict[str, str | None] = {DEFAULT_KEY_INDEX: None} if wanted.api_keys is None else wanted.api_keys
        for text, public_key in given.items():
            if not (text.isascii() and text.isdigit() and len(text) <= 3):
                raise AdminRefused(f"api_keys: {text!r} is not a key index")
            keys[int(text)] = self._key(text, public_key)
        if wanted.collateral is not None and not wanted.collateral.is_finite():
            raise AdminRefused("collateral is not a number")
        spec = AccountSpec(
            account_index=wanted.account_index,
            l1_address=wanted.l1_address,
            api_keys={index: key["public_key"] for index, key in keys.items()},
            tier=wanted.tier,
        )
        if wanted.collateral is not None:
            spec = msgspec.structs.replace(spec, collateral=_scaled(wanted.collateral, MICRO_DECIMALS, "collateral"))
        try:
            account = self._host.exchange.open_account(spec, self._host.now_ns())
        except ValueError as error:
            raise AdminRefused(str(error)) from error
        self._host.advance()
        return answer(
            {
                "account_index": account.account_index,
                "l1_address": account.l1_address,
                "api_keys": {str(index): key for index, key in keys.items()},
            }
        )

    def _key(self, text: str, public_key: str | None) -> dict[str, str]:
        if not public_key:
            pair = new_key_pair(self._chance.randbytes(NEW_KEY_RANDOM_BYTES))
            return {"public_key": pair.public_key, "private_key": pair.private_key}
        if not is_public_key(public_key):
            raise AdminRefused(f"api_keys: {text} is not a public key of 80 hex digits")
        return {"public_key": public_key.removeprefix("0x").lower()}

    async def _accounts(self, request: web.Request) -> web.Response:
        del request
        shown = [
            {
                "account_index": one.account_index,
                "l1_address": one.l1_address,
                "tier": one.tier,
                "api_keys": {
                    str(key.api_key_index): {"public_key": key.public_key}
                    for key in self._host.read.api_keys(one.account_index)
                },
            }
            for one in self._host.read.accounts()
        ]
        return answer({"accounts": shown})

    async def _deposit(self, request: web.Request) -> web.Response:
        wanted = await _body(request, DepositRequest)
        amount = _scaled(wanted.amount, MICRO_DECIMALS, "amount")
        try:
            self._host.exchange.deposit(wanted.account_index, amount, self._host.now_ns())
        except (KeyError, ValueError) as error:
            raise AdminRefused(f"deposit refused: {error}") from error
        self._host.advance()
        return answer({"account_index": wanted.account_index})

    # -- the truth ---------------------------------------------------------------------------------------------------

    def _truth_of(self, kind: str) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            values = {name: _integer(request, name) for name in ("account_index", "market_index", "since_ns", "limit")}
            limit = values.pop("limit")
            most = MAX_ROWS if limit is None else limit
            body = self._host.truth.query(
                kind, values["account_index"], values["market_index"], values["since_ns"], most
            )
            return web.Response(body=body, content_type="application/json")

        return handle

    # -- faults ------------------------------------------------------------------------------------------------------

    async def _faults(self, request: web.Request) -> web.Response:
        del request
        faults = self._host.faults
        return answer({"faults": faults.view(self._host.now_ns()), "hits": faults.hits_by_kind()})

    async def _arm_fault(self, request: web.Request) -> web.Response:
        wanted = await _body(request, FaultRequest)
        try:
            fault = self._host.faults.arm(wanted, self._host.now_ns())
        except FaultRefused as error:
            raise AdminRefused(str(error)) from error
        await self._stream.meet_standing_faults()
        view = next(one for one in self._host.faults.view(self._host.now_ns()) if one["id"] == fault.number)
        return answer(view)

    async def _remove_faults(self, request: web.Request) -> web.Response:
        kind = request.query.get("kind") or None
        return answer({"removed": self._host.faults.remove(kind, _integer(request, "id"))})

    # -- the market --------------------------------------------------------------------------------------------------

    async def _flow(self, request: web.Request) -> web.Response:
        wanted = await _body(request, FlowRequest)
        if self._host.flow is not None:
            self._host.flow.set_paused(wanted.paused, self._host.now_ns())
            self._host.advance()
        return answer({"paused": self._is_paused()})

    async def _flow_state(self, request: web.Request) -> web.Response:
        del request
        return answer({"paused": self._is_paused()})

    def _is_paused(self) -> bool:
        return self._host.flow is None or self._host.flow.paused

    async def _house_order(self, request: web.Request) -> web.Response:
        wanted: HouseOrderRequest | None = await _body(request, HouseOrderRequest)
        placing = []
        while wanted is not None:
            placing.append((self._house_order_of(wanted), self._host.markets[wanted.market_index]))
            wanted = wanted.then
        now_ns = self._host.now_ns()  # one moment for all: nothing that falls due comes in between
        placed = [order_row(self._host.exchange.place_house_order(one, now_ns), market) for one, market in placing]
        self._host.advance()
        return answer(msgspec.to_builtins(placed[0]))

    def _house_order_of(self, wanted: HouseOrderRequest) -> HouseOrder:
        market = self._host.markets.get(wanted.market_index)
        if market is None:
            raise AdminRefused(f"unknown market_index {wanted.market_index}")
        order = HouseOrder(
            account_index=HOUSE_TAKER_ACCOUNT if wanted.immediate else HOUSE_MAKER_ACCOUNT,
            market_index=wanted.market_index,
            is_ask=wanted.is_ask,
            base=_scaled(wanted.size, market.size_decimals, "size"),
            price=_scaled(wanted.price, market.price_decimals, "price"),
            immediate=wanted.immediate,
        )
        if order.base < 1 or order.price < 1:
            raise AdminRefused("size and price must be above 0")
        return order

    async def _begin_drill(self, request: web.Request) -> web.Response:
        wanted = await _body(request, DrillRequest)
        drill, flow = self._host.drills.get(wanted.market_index), self._host.flow
        if drill is None or flow is None:
            raise AdminRefused(f"market {wanted.market_index} does not stand still (setting still_market)")
        account = self._host.read.account(wanted.account_index)
        if account is None or account.is_house:
            raise AdminRefused(f"no user has the account {wanted.account_index}")
        drill.begin(wanted, flow.flow_time_ns(self._host.now_ns()))
        self._host.advance()
        return await self._drill_state(request)

    async def _drill_state(self, request: web.Request) -> web.Response:
        del request
        drills = self._host.drills.values()
        return answer({"done": sum(one.done for one in drills), "left": sum(one.left for one in drills)})

    async def _status(self, request: web.Request) -> web.Response:
        del request
        truth = self._host.truth
        markets: dict[int, Market] = self._host.markets
        return answer(
            {
                "now_ns": self._host.now_ns(),
                "monotonic_ns": self._host.monotonic_ns(),
                "markets": {str(index): market.symbol for index, market in markets.items()},
                "accounts": [one.account_index for one in self._host.read.accounts()],
                "pending_transactions": self._host.door.pending_count,
                "connections": len(self._stream.connections),
                "flow_paused": self._is_paused(),
                "height": self._host.read.block_height(),
                "counts": {f"{kind}s": truth.count(kind) for kind in TRUTH_KINDS},
            }
        )


def _guarded(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except AdminRefused as refused:
            return answer({"error": str(refused)}, 400)

    return handle


async def _not_found(request: web.Request) -> web.Response:
    return answer({"error": f"no {request.method} {request.path} here"}, 404)


async def _body(request: web.Request, kind: type[T]) -> T:
    """The JSON body. Raises AdminRefused."""
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise AdminRefused(str(error)) from error


def _integer(request: web.Request, name: str) -> int | None:
    text: Any = request.query.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and int(text) <= MAX_INTEGER):
        raise AdminRefused(f"{name} is not a whole number")
    return int(text)


def _scaled(amount: Decimal, decimals: int, name: str) -> int:
    """The amount in its smallest units. Raises AdminRefused when it has more decimals than that or is out of range."""
    if not amount.is_finite() or amount.adjusted() > 15:
        raise AdminRefused(f"{name} is out of range")
    scaled = amount.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise AdminRefused(f"{name} has more than {decimals} decimals")
    return int(scaled)
