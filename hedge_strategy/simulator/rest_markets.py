"""REST: markets, books, prices, and the state of the exchange (venue fact sheet 1.2)."""

from aiohttp import web

from hedge_strategy.simulator.answers import (
    INVALID_PARAM,
    RequestRefused,
    answer,
    good,
    integer_of,
    limit_of,
    market_of,
    required_integer,
    required_text,
    text_of,
)
from hedge_strategy.simulator.api import Api, Call
from hedge_strategy.simulator.candles import RESOLUTIONS_MS, make_candles
from hedge_strategy.simulator.codes import Code
from hedge_strategy.simulator.funding_log import FundingLog
from hedge_strategy.simulator.markets import MICRO_DECIMALS, Market
from hedge_strategy.simulator.wire import decimal_text, simple_order_object
from hedge_strategy.simulator.wire_markets import (
    asset_details_object,
    number,
    order_book_detail_object,
    order_book_object,
    order_book_stats_object,
)

MAX_BOOK_ORDERS = 250
MAX_CANDLES = 500
REMEMBERED_TRADES = 1_000_000
CONTRACT_ADDRESS = "0x0000000000000000000000000000000000000001"
FUNDING_EXCHANGE = "lighter"


def register(api: Api, funding: FundingLog) -> None:
    """Adds the endpoints of this module."""
    calls = Markets(api, funding)
    api.get("orderBooks", calls.order_books)
    api.get("orderBookDetails", calls.order_book_details)
    api.get("orderBookOrders", calls.order_book_orders)
    api.get("assetDetails", calls.asset_details)
    api.get("exchangeStats", calls.exchange_stats)
    api.get("funding-rates", calls.funding_rates)
    api.get("fundings", calls.fundings)
    api.get("candles", calls.candles)
    api.get("candlesticks", calls.candles)
    api.root("/", calls.status)
    api.root("/info", calls.info)


class Markets:
    """The endpoints; each takes a `Call` and answers or raises RequestRefused."""

    def __init__(self, api: Api, funding: FundingLog) -> None:
        self._host = api.host
        self._read = api.host.read
        self._funding = funding

    async def order_books(self, call: Call) -> web.Response:
        """`orderBooks`: all markets (255 or absent) or one."""
        shown = [order_book_object(one, self._read.market_stats(one.market_index)) for one in self._chosen(call)]
        return good({"order_books": shown})

    async def order_book_details(self, call: Call) -> web.Response:
        """`orderBookDetails`; there are no spot markets."""
        shown = [order_book_detail_object(one, self._read.market_stats(one.market_index)) for one in self._chosen(call)]
        return good({"order_book_details": shown, "spot_order_book_details": []})

    async def order_book_orders(self, call: Call) -> web.Response:
        """`orderBookOrders`: order by order, best first, at most 250 a side."""
        market = self._required(call)
        limit = limit_of(call.values, MAX_BOOK_ORDERS)
        made = {}
        for side, is_ask in (("asks", True), ("bids", False)):
            orders = self._read.book_orders(market.market_index, is_ask, limit)
            made[f"total_{side}"] = self._read.book_order_count(market.market_index, is_ask)
            made[side] = [simple_order_object(order, market) for order in orders]  # type: ignore[assignment]
        return good(made)

    async def asset_details(self, call: Call) -> web.Response:
        """`assetDetails`: USDC."""
        del call
        return good({"asset_details": [asset_details_object()]})

    async def exchange_stats(self, call: Call) -> web.Response:
        """`exchangeStats` of the rolling day."""
        del call
        pairs = [(market, self._read.market_stats(index)) for index, market in self._host.markets.items()]
        return good(
            {
                "total": len(pairs),
                "order_book_stats": [order_book_stats_object(market, stats) for market, stats in pairs],
                "daily_usd_volume": number(sum(stats.daily_quote_volume for _, stats in pairs), MICRO_DECIMALS),
                "daily_trades_count": sum(stats.daily_trade_count for _, stats in pairs),
            }
        )

    async def funding_rates(self, call: Call) -> web.Response:
        """`funding-rates` as fractions."""
        del call
        rates = [
            {
                "market_id": index,
                "exchange": FUNDING_EXCHANGE,
                "symbol": market.symbol,
                "rate": number(self._read.market_stats(index).current_funding_rate, 6),
            }
            for index, market in self._host.markets.items()
        ]
        return good({"funding_rates": rates})

    async def fundings(self, call: Call) -> web.Response:
        """`fundings` of a market between two times in seconds."""
        market = self._required(call)
        resolution = required_text(call.values, "resolution")
        begin_s = integer_of(call.values, "start_timestamp") or 0
        end_s = integer_of(call.values, "end_timestamp") or 1 << 62
        rounds = [
            (at_ns // 1_000_000_000, rate)
            for at_ns, rate in self._funding.rounds(market.market_index)
            if begin_s <= at_ns // 1_000_000_000 <= end_s
        ]
        shown = [
            {
                "timestamp": at_s,
                "value": decimal_text(abs(rate), 6),
                "rate": decimal_text(abs(rate), 4),
                "direction": "short" if rate < 0 else "long",
            }
            for at_s, rate in rounds
        ]
        return good({"resolution": resolution, "fundings": shown})

    async def candles(self, call: Call) -> web.Response:
        """`candles` from the trades that are remembered; times in milliseconds."""
        market = self._required(call)
        resolution = required_text(call.values, "resolution")
        span_ms = RESOLUTIONS_MS.get(resolution)
        if span_ms is None:
            raise RequestRefused(INVALID_PARAM, f"invalid param: resolution must be one of {', '.join(RESOLUTIONS_MS)}")
        begin_ms, end_ms = (_to_ms(required_integer(call.values, f"{end}_timestamp")) for end in ("start", "end"))
        most = min(max(integer_of(call.values, "count_back") or MAX_CANDLES, 1), MAX_CANDLES)
        trades = [
            trade
            for trade in self._read.market_trades(market.market_index, limit=REMEMBERED_TRADES)
            if begin_ms <= trade.executed_ns // 1_000_000 // span_ms * span_ms <= end_ms
        ]
        made = make_candles(reversed(trades), market, span_ms)
        return good({"r": resolution, "c": made[-most:]})

    async def status(self, call: Call) -> web.Response:
        """`/`: alive, and the network's number."""
        now_s = call.received_ns // 1_000_000_000
        return answer({"status": 200, "network_id": 1, "timestamp": now_s})

    async def info(self, call: Call) -> web.Response:
        """`/info`."""
        del call
        return answer({"contract_address": CONTRACT_ADDRESS})

    def _chosen(self, call: Call) -> list[Market]:
        wanted = market_of(call.values)
        if text_of(call.values, "filter") == "spot":
            return []
        if wanted is None:
            return list(self._host.markets.values())
        return [self._market(wanted)]

    def _required(self, call: Call) -> Market:
        return self._market(required_integer(call.values, "market_id"))

    def _market(self, market_index: int) -> Market:
        market = self._host.markets.get(market_index)
        if market is None:
            raise RequestRefused(int(Code.INVALID_MARKET), "invalid market index")
        return market


def _to_ms(timestamp: int) -> int:
    """Candle times come in seconds or in milliseconds; the size tells."""
    return timestamp if timestamp > 100_000_000_000 else timestamp * 1_000
