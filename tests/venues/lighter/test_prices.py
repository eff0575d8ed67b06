"""Prices over the simulated exchange's REST interface."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from hedge_strategy.errors import UserError, VenueUnreachable
from hedge_strategy.venues.lighter.prices import LighterPrices
from hedge_strategy.venues.registry import open_prices
from tests.polling import wait_until
from tests.simulator.live_exchange import BTC, KEY, LiveExchange, live_exchange


@pytest.fixture
def exchange() -> Iterator[LiveExchange]:
    with live_exchange() as running:
        yield running


def test_the_last_trade_is_the_price(exchange: LiveExchange) -> None:
    prices = open_prices("lighter", exchange.urls.url)
    exchange.house(BTC, is_ask=True, size="1.00000", price="100500.1")
    trader = exchange.trader(tier="premium", collateral="100000", api_keys={str(KEY): None})
    trader.sent(trader.market(BTC, is_ask=False, size=21, worst_price=1_010_000))
    assert wait_until(lambda: prices.read().get("BTC") == Decimal("100500.1"), "the trade's price")
    prices.close()


def test_a_venue_that_is_away_is_an_error(exchange: LiveExchange) -> None:
    with pytest.raises(VenueUnreachable, match="prices"):
        LighterPrices("http://127.0.0.1:9", 0.5).read()
    with pytest.raises(VenueUnreachable, match="HTTP"):
        LighterPrices(exchange.urls.url + "/nowhere").read()
    with pytest.raises(UserError, match="base_url"):
        LighterPrices("127.0.0.1")
