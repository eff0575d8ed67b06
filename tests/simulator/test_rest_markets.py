from collections.abc import Iterator

import pytest
import requests

from tests.simulator.live_exchange import BTC, ETH, SOL, LiveExchange, live_exchange
from tests.simulator.shapes import declared


@pytest.fixture(scope="module")
def exchange() -> Iterator[LiveExchange]:
    with live_exchange() as running:
        running.house(ETH, is_ask=True, size="1.5", price="3000.5")
        running.house(ETH, is_ask=True, size="0.5", price="3000.25")
        running.house(ETH, is_ask=False, size="2", price="2999")
        running.house(ETH, is_ask=False, size="0.2", price="3000.25", immediate=True)
        yield running


def test_markets_have_every_declared_field_and_the_venues_decimals(exchange: LiveExchange) -> None:
    books = exchange.get("orderBooks")["order_books"]
    assert [(one["market_id"], one["symbol"]) for one in books] == [(ETH, "ETH"), (BTC, "BTC"), (SOL, "SOL")]
    assert set(books[0]) == declared("OrderBook")
    assert (books[0]["min_base_amount"], books[0]["min_quote_amount"]) == ("0.0050", "10.000000")
    assert (books[0]["order_quote_limit"], books[1]["supported_price_decimals"]) == ("281474976.710655", 1)
    assert [one["market_id"] for one in exchange.get("orderBooks", market_id=0)["order_books"]] == [0]
    assert len(exchange.get("orderBooks", market_id=255)["order_books"]) == 3


def test_details_have_every_declared_field(exchange: LiveExchange) -> None:
    found = exchange.get("orderBookDetails", filter="all")
    assert found["spot_order_book_details"] == []
    detail = found["order_book_details"][0]
    assert set(detail) == declared("PerpsOrderBookDetail")
    assert set(detail["market_config"]) == declared("MarketConfig")
    fractions = ("default_initial", "min_initial", "maintenance", "closeout")
    assert [detail[f"{one}_margin_fraction"] for one in fractions] == [500, 200, 120, 80]
    assert (detail["last_trade_price"], detail["daily_trades_count"]) == (3000.25, 1)
    assert exchange.get("orderBookDetails", filter="spot")["order_book_details"] == []


def test_the_book_lists_order_by_order_best_first(exchange: LiveExchange) -> None:
    found = exchange.get("orderBookOrders", market_id=ETH, limit=250)
    assert (found["total_asks"], found["total_bids"]) == (2, 1)
    assert [(one["price"], one["remaining_base_amount"]) for one in found["asks"]] == [
        ("3000.25", "0.3000"),
        ("3000.50", "1.5000"),
    ]
    assert set(found["asks"][0]) == declared("SimpleOrder")
    assert len(exchange.get("orderBookOrders", market_id=ETH, limit=1)["asks"]) == 1


def test_statistics_rates_and_assets_have_their_shapes(exchange: LiveExchange) -> None:
    stats = exchange.get("exchangeStats")
    assert declared("ExchangeStats") - set(stats) <= {"message"}
    assert set(stats["order_book_stats"][0]) == declared("OrderBookStats")
    assert (stats["daily_trades_count"], stats["daily_usd_volume"]) == (1, 600.05)
    rates = exchange.get("funding-rates")["funding_rates"]
    assert set(rates[0]) == declared("FundingRate")
    (asset,) = exchange.get("assetDetails")["asset_details"]
    assert set(asset) == declared("Asset")


def test_candles_are_made_of_the_trades(exchange: LiveExchange) -> None:
    query = {"market_id": ETH, "resolution": "1d", "start_timestamp": 0, "end_timestamp": 2**42, "count_back": 5}
    found = exchange.get("candles", **query)
    (candle,) = found["c"]
    assert (candle["o"], candle["h"], candle["l"], candle["c"], candle["v"]) == (
        3000.25,
        3000.25,
        3000.25,
        3000.25,
        0.2,
    )
    assert found["r"] == "1d"


def test_the_root_tells_that_the_exchange_is_alive(exchange: LiveExchange) -> None:
    status = requests.get(exchange.urls.url + "/", timeout=5).json()
    assert status["status"] == 200
    assert status["timestamp"] > 1_700_000_000
    assert "contract_address" in requests.get(exchange.urls.url + "/info", timeout=5).json()
