from collections.abc import Iterator

import pytest

from tests.simulator.live_exchange import BTC, ETH, IOC, SOL, LiveExchange, live_exchange
from tests.simulator.shapes import declared


@pytest.fixture(scope="module")
def exchange() -> Iterator[LiveExchange]:
    with live_exchange(wire={"order_time_unit": "ms"}) as running:
        running.house(BTC, is_ask=True, size="1000", price="100000")
        running.house(ETH, is_ask=True, size="1000", price="3000")
        yield running


def test_orders_and_trades_have_every_declared_field_with_the_markets_decimals(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    trader.sent(trader.limit(ETH, is_ask=False, size=55, price=299_999, client_order_index=8))
    (order,) = trader.read("accountActiveOrders", market_id=ETH)["orders"]
    assert set(order) == declared("Order")
    assert (order["market_index"], order["initial_base_amount"], order["price"]) == (0, "0.0055", "2999.99")
    assert (order["base_size"], order["base_price"], order["filled_quote_amount"]) == (55, 299_999, "0.000000")
    assert (order["status"], order["side"], order["client_order_id"]) == ("open", "", "8")
    assert order["timestamp"] > 10**12
    trader.sent(trader.limit(ETH, is_ask=False, size=55, price=300_000, tif=IOC))
    (trade,) = trader.read("trades", sort_by="timestamp", limit=1)["trades"]
    assert declared("Trade") - set(trade) <= {"taker_fee", "maker_fee"}
    assert (trade["size"], trade["price"], trade["usd_amount"]) == ("0.0055", "3000.00", "16.500000")
    assert (trade["bid_id_str"], trade["bid_account_id"]) == (str(trade["bid_id"]), trader.account_index)
    assert len(trade["tx_hash"]) == 80


def test_inactive_orders_come_in_pages_without_gap_or_repetition(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    for number in range(1, 8):
        market, price = (BTC, 1_000_000) if number % 2 else (ETH, 300_000)
        trader.sent(trader.limit(market, is_ask=False, size=1, price=price, tif=IOC, client_order_index=number))
    seen, cursor = [], None
    for _ in range(4):
        page = trader.read("accountInactiveOrders", limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [order["client_order_index"] for order in page["orders"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    eth = trader.read("accountInactiveOrders", limit=100, market_id=ETH)["orders"]
    assert [order["client_order_index"] for order in eth] == [6, 4, 2]
    assert trader.read("accountInactiveOrders", limit=100, ask_filter=1)["orders"] == []
    assert len(trader.read("accountInactiveOrders", limit=100, ask_filter=0)["orders"]) == 7
    first_ms = trader.read("accountInactiveOrders", limit=100)["orders"][-1]["updated_at"]
    between = {"between_timestamps": f"0-{first_ms - 1}"}
    assert trader.read("accountInactiveOrders", limit=100, **between)["orders"] == []


def test_orders_are_found_by_client_index_live_and_closed(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    trader.sent(trader.limit(BTC, is_ask=False, size=100, price=900_000, client_order_index=1))
    for _ in range(2):
        trader.sent(trader.limit(BTC, is_ask=False, size=1, price=1_000_000, tif=IOC, client_order_index=2))
    found = trader.read("accountOrders", client_order_indexes="1,2,3")["orders"]
    assert [(one["client_order_index"], one["status"]) for one in found] == [(1, "open"), (2, "filled"), (2, "filled")]
    many = ",".join(str(number) for number in range(21))
    query = {"account_index": trader.account_index, "client_order_indexes": many, "auth": trader.token()}
    assert exchange.ask("accountOrders", **query).json()["code"] == 20001


def test_trades_of_an_account_filter_page_and_turn_round(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    for number in range(5):
        trader.sent(trader.limit(BTC, is_ask=False, size=number + 1, price=1_000_000, tif=IOC))
    trader.sent(trader.limit(SOL, is_ask=True, size=1_000, price=150_000))
    exchange.house(SOL, is_ask=False, size="1", price="150", immediate=True)
    query = {"sort_by": "trade_id", "limit": 100}
    ids = [one["trade_id"] for one in trader.read("trades", **query)["trades"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 6
    assert [one["trade_id"] for one in trader.read("trades", **query, sort_dir="asc")["trades"]] == ids[::-1]
    page = trader.read("trades", **{**query, "limit": 4})
    rest = trader.read("trades", **query, cursor=page["next_cursor"])
    assert [one["trade_id"] for one in page["trades"] + rest["trades"]] == ids
    assert [one["market_id"] for one in trader.read("trades", **query, market_id=SOL)["trades"]] == [SOL]
    assert len(trader.read("trades", **query, role="maker")["trades"]) == 1
    assert len(trader.read("trades", **query, role="taker")["trades"]) == 5
    assert len(trader.read("trades", **query, ask_filter=1)["trades"]) == 1
    order_index = trader.read("trades", **query, market_id=1)["trades"][0]["bid_id"]
    (one,) = exchange.get("trades", sort_by="timestamp", limit=10, order_index=order_index)["trades"]
    assert one["bid_id"] == order_index
    missing = exchange.ask("trades", sort_by="timestamp", limit=10, account_index=trader.account_index)
    assert missing.status_code == 401
    assert exchange.ask("trades", sort_by="timestamp", limit=10).json()["code"] == 20001


def test_recent_trades_of_a_market_need_no_token(exchange: LiveExchange) -> None:
    exchange.house(ETH, is_ask=False, size="0.5", price="3000", immediate=True)
    trades = exchange.get("recentTrades", market_id=ETH, limit=1)["trades"]
    assert [(one["market_id"], one["size"]) for one in trades] == [(0, "0.5000")]


def test_history_can_lag_by_setting() -> None:
    with live_exchange(rest={"history_delay_ms": 300}) as exchange:
        exchange.house(BTC, is_ask=True, size="1", price="100000")
        trader = exchange.trader()
        trader.sent(trader.limit(BTC, is_ask=False, size=1, price=1_000_000, tif=IOC))
        assert trader.read("accountInactiveOrders", limit=10)["orders"] == []
        while not (orders := trader.read("accountInactiveOrders", limit=10)["orders"]):
            pass
        assert orders[0]["status"] == "filled"
        (truth,) = exchange.truth("orders")
        assert truth["updated_ns"] // 1_000_000_000 == orders[0]["updated_at"]


def test_a_new_order_can_be_kept_invisible_for_a_while() -> None:
    with live_exchange(rest={"active_delay_ms": 300}) as exchange:
        trader = exchange.trader()
        with exchange.stream() as stream:
            stream.subscribe(f"account_all_orders/{trader.account_index}", trader.token())
            trader.sent(trader.limit(BTC, is_ask=False, size=100, price=900_000, client_order_index=6))
            stream.until("update/account_all_orders")
        assert trader.read("accountActiveOrders")["orders"] == []
        assert trader.read("accountOrders", client_order_indexes="6")["orders"] == []
        while not trader.read("accountActiveOrders")["orders"]:
            pass
        assert len(trader.read("accountOrders", client_order_indexes="6")["orders"]) == 1
