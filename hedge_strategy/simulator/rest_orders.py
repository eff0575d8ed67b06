"""REST: orders and trades of an account, trades of a market (venue fact sheet 1.2, 4.2).

Active orders show at once (or after a delay that is set); closed orders and trades only after the history's lag, so
that for a while an order is neither active nor inactive, as on the venue.
"""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from hedge_strategy.simulator.answers import (
    INVALID_PARAM,
    RequestRefused,
    cursor_of,
    good,
    integer_of,
    limit_of,
    market_of,
    required_integer,
    required_text,
    text_of,
)
from hedge_strategy.simulator.api import Api, Call
from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.model import Order, Trade
from hedge_strategy.simulator.visibility import Lag, Page, read_page, read_page_ascending
from hedge_strategy.simulator.wire import JsonObject, order_object, trade_object

MAX_LIMIT: Final = 100
MAX_CLIENT_INDEXES: Final = 20
SORTS: Final = ("block_height", "timestamp", "trade_id")


def register(api: Api) -> None:
    """Adds the endpoints of this module."""
    calls = Orders(api)
    api.get("accountActiveOrders", calls.active)
    api.get("accountInactiveOrders", calls.inactive)
    api.get("accountOrders", calls.by_client_index)
    api.get("trades", calls.trades)
    api.get("recentTrades", calls.recent_trades)


class Orders:
    """The endpoints; each takes a `Call` and answers or raises RequestRefused."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._host = api.host

    async def active(self, call: Call) -> web.Response:
        """`accountActiveOrders`, newest first."""
        account_index = self._own(call)
        orders = self._host.read.active_orders(account_index, self._market(call))
        return good({"orders": self._orders([order for order in orders if not self._is_too_new(order, call)])})

    async def inactive(self, call: Call) -> web.Response:
        """`accountInactiveOrders`, latest closed first."""
        account_index = self._own(call)
        limit, market_index = limit_of(call.values, MAX_LIMIT), self._market(call)
        asks = _side(call)
        begin_ms, end_ms = _between(call)
        lag = self._api.lag(call)

        def wanted(order: Order) -> bool:
            updated_ms = order.updated_ns // 1_000_000
            return (
                (asks is None or order.is_ask == asks)
                and begin_ms <= updated_ms <= end_ms
                and not lag.hides(order.closed_ns, order.sequence, call.received_ns)
            )

        page = read_page(
            lambda before, most: self._host.read.inactive_orders(account_index, market_index, before, most),
            wanted,
            lambda order: order.sequence,
            cursor_of(call.values),
            limit,
        )
        made: JsonObject = {"orders": self._orders(page.items)}
        return good(_with_cursor(made, page))

    async def by_client_index(self, call: Call) -> web.Response:
        """`accountOrders` by client order indexes: live ones at once, closed ones after the lag."""
        account_index = self._own(call)
        parts = [part.strip() for part in required_text(call.values, "client_order_indexes").split(",")]
        if len(parts) > MAX_CLIENT_INDEXES or not all(p.isascii() and p.isdigit() and len(p) < 17 for p in parts):
            raise RequestRefused(INVALID_PARAM, "invalid param: client_order_indexes is not a list of at most 20")
        market_index = self._market(call)
        lag = self._api.lag(call)
        found = [
            order
            for part in parts
            for order in self._host.read.orders_by_client_index(account_index, int(part))
            if market_index in (None, order.market_index)
            and not (
                self._is_too_new(order, call)
                if order.status.is_live
                else lag.hides(order.closed_ns, order.sequence, call.received_ns)
            )
        ]
        return good({"orders": self._orders(found)})

    async def trades(self, call: Call) -> web.Response:
        """`trades`: of an account (with a token), of an order, or of a market; newest first unless sort_dir is asc."""
        if required_text(call.values, "sort_by") not in SORTS:
            raise RequestRefused(INVALID_PARAM, f"invalid param: sort_by must be one of {', '.join(SORTS)}")
        account_index = integer_of(call.values, "account_index")
        if account_index is not None:
            self._require_account(account_index)
            self._api.authorize(call, account_index)
        limit = limit_of(call.values, MAX_LIMIT)
        read = read_page_ascending if text_of(call.values, "sort_dir") == "asc" else read_page
        page = read(
            self._trade_source(call, account_index),
            self._trade_filter(call, account_index),
            lambda trade: trade.trade_id,
            cursor_of(call.values),
            limit,
        )
        made: JsonObject = {"trades": self._trades(page.items)}
        return good(_with_cursor(made, page))

    async def recent_trades(self, call: Call) -> web.Response:
        """`recentTrades` of a market, newest first."""
        market_index = self._market(call)
        if market_index is None:
            raise RequestRefused(INVALID_PARAM, "invalid param: market_id is required")
        trades = self._host.read.market_trades(market_index, limit=limit_of(call.values, MAX_LIMIT))
        return good({"trades": self._trades(trades)})

    # -- parts -------------------------------------------------------------------------------------------------------

    def _trade_source(self, call: Call, account_index: int | None) -> Callable[[int | None, int], list[Trade]]:
        order_index = integer_of(call.values, "order_index") or integer_of(call.values, "order_index_str")
        market_index = self._market(call)
        if order_index:
            of_order = [
                trade
                for trade in reversed(self._host.read.order_trades(order_index))
                if account_index in (None, trade.ask_account_index, trade.bid_account_index)
                and market_index in (None, trade.market_index)
            ]
            return lambda before, most: [one for one in of_order if before is None or one.trade_id < before][:most]
        if account_index is not None:
            return lambda before, most: self._host.read.account_trades(account_index, market_index, before, most)
        if market_index is None:
            raise RequestRefused(INVALID_PARAM, "invalid param: account_index, order_index or market_id is required")
        return lambda before, most: self._host.read.market_trades(market_index, before, most)

    def _trade_filter(self, call: Call, account_index: int | None) -> Callable[[Trade], bool]:
        lag: Lag = self._api.lag(call)
        asks, role, kind = _side(call), text_of(call.values, "role"), text_of(call.values, "type")
        begin_ms = integer_of(call.values, "from") or 0

        def wanted(trade: Trade) -> bool:
            if lag.hides(trade.executed_ns, trade.trade_id, call.received_ns):
                return False
            if trade.executed_ns // 1_000_000 < begin_ms:
                return False
            if kind not in (None, "all", trade.kind.text):
                return False
            if account_index is None:
                return True
            if asks is not None and account_index != (trade.ask_account_index if asks else trade.bid_account_index):
                return False
            if role == "maker":
                return trade.maker_account_index == account_index
            return role != "taker" or trade.taker_account_index == account_index

        return wanted

    def _is_too_new(self, order: Order, call: Call) -> bool:
        return call.received_ns - order.created_ns < self._host.config.rest.active_delay_ms * 1_000_000

    def _own(self, call: Call) -> int:
        account_index = required_integer(call.values, "account_index")
        self._require_account(account_index)
        self._api.authorize(call, account_index)
        return account_index

    def _require_account(self, account_index: int) -> None:
        if self._host.read.account(account_index) is None:
            raise RequestRefused(int(Code.ACCOUNT_NOT_FOUND), "account not found")

    def _market(self, call: Call) -> int | None:
        market_index = market_of(call.values)
        if market_index is not None and market_index not in self._host.markets:
            raise RequestRefused(int(Code.INVALID_MARKET), "invalid market index")
        return market_index

    def _orders(self, orders: list[Order]) -> list[JsonObject]:
        markets, wire = self._host.markets, self._host.config.wire
        return [order_object(order, markets[order.market_index], wire) for order in orders]

    def _trades(self, trades: list[Trade]) -> list[JsonObject]:
        markets, wire = self._host.markets, self._host.config.wire
        return [trade_object(trade, markets[trade.market_index], wire) for trade in trades]


def _with_cursor(made: JsonObject, page: Page[Order] | Page[Trade]) -> JsonObject:
    return made if page.next_cursor is None else {"next_cursor": page.next_cursor, **made}


def _side(call: Call) -> bool | None:
    """ask_filter: 1 asks only, 0 bids only, -1 or absent both."""
    found = integer_of(call.values, "ask_filter")
    return None if found is None or found < 0 else found == 1


def _between(call: Call) -> tuple[int, int]:
    """between_timestamps as `begin-end` in ms; everything when absent. Raises RequestRefused."""
    text = text_of(call.values, "between_timestamps")
    if text is None:
        return 0, 1 << 62
    begin, separator, end = text.partition("-")
    if not (separator and begin.isdecimal() and end.isdecimal() and len(text) < 40):
        raise RequestRefused(INVALID_PARAM, "invalid param: between_timestamps must be begin-end")
    return int(begin), int(end)
