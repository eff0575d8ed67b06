"""A maker on a still market is filled at a pace, and a hedge of the fill never meets what is left of its order."""

from decimal import Decimal
from typing import Any

import pytest

from hedge_strategy.domain.ids import maker_client_order_index
from hedge_strategy.simulator.drill import DrillRequest
from tests.polling import wait_until
from tests.simulator.live_exchange import BTC, LiveExchange, Trader, live_exchange

PRICE = 1_100_000
SECOND_BID = PRICE - 2 * 22
CONFIG: dict[str, Any] = {"still_market": "BTC"}


def drill(exchange: LiveExchange, account: int, **more: Any) -> None:
    body = {"market_index": BTC, "account_index": account, "fills": 1, "per_s": 200, **more}
    response = exchange.admin("POST", "drills", body)
    assert response.status_code == 200, response.text


def is_over(exchange: LiveExchange) -> bool:
    return bool(exchange.admin("GET", "drills").json()["left"] == 0)


def rest_bid(trader: Trader, size: int) -> None:
    trader.sent(trader.limit(BTC, is_ask=False, size=size, price=SECOND_BID, client_order_index=trader.nonce + 1))


def fills_of(exchange: LiveExchange, trader: Trader) -> list[str]:
    return [row["size"] for row in exchange.truth("trades", account_index=trader.account_index)]


def test_a_whole_order_is_filled_as_soon_as_it_rests() -> None:
    with live_exchange(**CONFIG) as exchange:
        maker = exchange.trader(collateral=100_000)
        drill(exchange, maker.account_index, fills=2)
        rest_bid(maker, 300)
        wait_until(lambda: fills_of(exchange, maker) == ["0.00300"], "the first order to be filled")
        rest_bid(maker, 400)
        wait_until(lambda: is_over(exchange), "the end of the drill")
        assert fills_of(exchange, maker) == ["0.00300", "0.00400"]


def test_a_hedge_of_a_part_meets_the_house_and_not_the_order() -> None:
    with live_exchange(**CONFIG) as exchange:
        maker, hedger = exchange.trader(collateral=100_000), exchange.trader(collateral=100_000)
        rest_bid(maker, 300)
        drill(exchange, maker.account_index, fills=3, lots=50)
        wait_until(lambda: is_over(exchange), "the end of the drill")
        hedger.sent(hedger.market(BTC, is_ask=True, size=150, worst_price=PRICE // 2))
        (order,) = exchange.truth("orders", account_index=maker.account_index)
        assert (order["status"], order["filled_size"]) == ("open", "0.00150")
        (hedge,) = exchange.truth("trades", account_index=hedger.account_index)
        assert Decimal(hedge["price"]) > Decimal(order["price"])


def test_orders_are_placed_and_filled_in_one_step_where_that_is_asked_for() -> None:
    with live_exchange(**CONFIG) as exchange:
        maker = exchange.trader(collateral=100_000)
        rest_bid(maker, 300)
        first = maker_client_order_index(1_800_000_000, BTC, 1)
        drill(exchange, maker.account_index, fills=20, lots=30, first_client_order_index=first)
        wait_until(lambda: is_over(exchange), "the end of the drill")
        own, *placed = exchange.truth("orders", account_index=maker.account_index)
        assert (own["status"], own["filled_size"]) == ("open", "0.00000"), "what rests by itself is left alone"
        assert [order["client_order_index"] for order in placed] == list(range(first, first + 20))
        assert {(order["status"], order["filled_size"]) for order in placed} == {("filled", "0.00030")}
        assert sum(order["is_ask"] for order in placed) == 10


@pytest.mark.parametrize("more", [{"per_s": 0}, {"lots": 0}, {"first_client_order_index": 5}, {"account_index": 77}])
def test_what_cannot_be_done_is_refused(more: dict[str, Any]) -> None:
    with live_exchange(**CONFIG) as exchange:
        body = {"market_index": BTC, "account_index": exchange.trader().account_index, "fills": 1, "per_s": 1, **more}
        assert exchange.admin("POST", "drills", body).status_code == 400


def test_a_market_that_moves_has_no_drills() -> None:
    with live_exchange() as exchange:
        request = DrillRequest(market_index=BTC, account_index=exchange.trader().account_index, fills=1, per_s=1)
        body = {name: getattr(request, name) for name in ("market_index", "account_index", "fills", "per_s")}
        assert "stand still" in exchange.admin("POST", "drills", body).json()["error"]
