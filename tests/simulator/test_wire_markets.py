from hedge_strategy.simulator.markets import DEFAULT_MARKETS, SOL
from hedge_strategy.simulator.wire_markets import (
    asset_details_object,
    market_stats_object,
    number,
    order_book_detail_object,
    order_book_object,
    order_book_stats_object,
    rate_text,
)
from tests.simulator.core_driver import Driver
from tests.simulator.shapes import declared


def test_every_market_has_the_declared_fields_and_its_own_decimals() -> None:
    driver = Driver()
    for market in DEFAULT_MARKETS:
        stats = driver.read.market_stats(market.market_index)
        book, detail = order_book_object(market, stats), order_book_detail_object(market, stats)
        assert set(book) == declared("OrderBook")
        assert set(detail) == declared("PerpsOrderBookDetail")
        assert set(detail["market_config"]) == declared("MarketConfig")
        assert set(order_book_stats_object(market, stats)) == declared("OrderBookStats")
        assert len(book["min_base_amount"].partition(".")[2]) == market.size_decimals
        assert len(detail["mark_price"].partition(".")[2]) == market.price_decimals
    assert set(asset_details_object()) == declared("Asset")


def test_prices_of_the_stats_are_texts_and_the_figures_of_the_day_numbers() -> None:
    stats = market_stats_object(SOL, Driver().read.market_stats(2))
    assert (stats["mark_price"], stats["symbol"], stats["daily_price_change"]) == ("150.000", "SOL", 0.0)
    assert isinstance(stats["daily_quote_token_volume"], float)
    assert isinstance(stats["current_funding_rate"], str)


def test_numbers_for_display() -> None:
    assert number(20, 5) == 0.0002
    assert rate_text(12) == "0.0012"
