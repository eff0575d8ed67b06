from collections.abc import Iterator

import pytest

from tests.simulator.live_exchange import BTC, ETH, IOC, LiveExchange, live_exchange
from tests.simulator.sdk_signer import created_key


@pytest.fixture(scope="module")
def exchange() -> Iterator[LiveExchange]:
    with live_exchange(flow={"takers_per_s": 50.0}) as running:
        yield running


def test_an_account_gets_what_was_asked_for_and_a_key_where_none_was_given(exchange: LiveExchange) -> None:
    _, public_key = created_key()
    body = {
        "account_index": 4_000,
        "l1_address": "0x00000000000000000000000000000000000000aa",
        "collateral": "2500.5",
        "api_keys": {"4": public_key, "200": None},
    }
    made = exchange.admin("POST", "accounts", body).json()
    assert set(made) == {"account_index", "l1_address", "api_keys"}
    assert (made["account_index"], made["l1_address"]) == (4_000, body["l1_address"])
    assert made["api_keys"]["4"] == {"public_key": public_key.removeprefix("0x")}
    assert {len(text) for text in made["api_keys"]["200"].values()} == {80}
    (account,) = exchange.get("account", by="index", value=4_000)["accounts"]
    assert account["collateral"] == "2500.500000"
    other = exchange.admin("POST", "accounts", {"l1_address": body["l1_address"], "collateral": 7}).json()
    assert list(other["api_keys"]) == ["4"]
    assert len(exchange.get("accountsByL1Address", l1_address=body["l1_address"])["sub_accounts"]) == 2
    listed = exchange.admin("GET", "accounts").json()["accounts"]
    assert {4_000, other["account_index"]} <= {one["account_index"] for one in listed}
    assert all("private_key" not in key for one in listed for key in one["api_keys"].values())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "accounts", {"account_index": -1}),
        ("POST", "accounts", {"account_index": "x"}),
        ("POST", "accounts", {"colour": 1}),
        ("POST", "accounts", {"collateral": "NaN"}),
        ("POST", "accounts", {"collateral": -5}),
        ("POST", "accounts", {"collateral": "0.0000001"}),
        ("POST", "accounts", {"collateral": 1e30}),
        ("POST", "accounts", {"tier": "gold"}),
        ("POST", "accounts", {"api_keys": {"999": None}}),
        ("POST", "accounts", {"api_keys": {"x": None}}),
        ("POST", "accounts", {"api_keys": {"4": "12"}}),
        ("POST", "accounts", [1]),
        ("POST", "faults", {}),
        ("POST", "faults", {"kind": "earthquake"}),
        ("POST", "faults", {"kind": "delay", "count": 0}),
        ("POST", "faults", {"kind": "delay", "unknown": 1}),
        ("POST", "flow", {}),
        ("POST", "flow", {"paused": "perhaps"}),
        ("POST", "deposits", {"account_index": 99_999, "amount": 1}),
        ("POST", "house_orders", {"market_index": 77, "is_ask": True, "size": 1, "price": 1}),
        ("POST", "house_orders", {"market_index": 1, "is_ask": True, "size": 0, "price": 1}),
        ("POST", "house_orders", {"market_index": 1, "is_ask": True, "size": "0.000001", "price": 1}),
    ],
)
def test_a_bad_request_is_400_with_the_reason(exchange: LiveExchange, method: str, path: str, body: object) -> None:
    response = exchange.admin(method, path, body)
    assert response.status_code == 400
    assert response.json()["error"]


def test_a_second_house_order_comes_at_the_moment_of_the_first_and_neither_where_one_is_wrong() -> None:
    with live_exchange() as exchange:
        again = {"is_ask": False, "size": "2", "price": "99.5", "immediate": False}
        exchange.house(ETH, is_ask=False, size="1", price="100", then={**again, "price": "99"})
        exchange.house(ETH, is_ask=True, size="1", price="100", immediate=True, then=again)
        bids = exchange.get("orderBookOrders", market_id=ETH, limit=5)["bids"]
        assert [(row["price"], row["remaining_base_amount"]) for row in bids] == [
            ("99.50", "2.0000"),
            ("99.00", "2.0000"),
        ]
        wrong = {"market_index": ETH, "is_ask": True, "size": 3, "price": 120, "immediate": False}
        assert exchange.admin("POST", "house_orders", {**wrong, "then": {**wrong, "size": 0}}).status_code == 400
        assert exchange.get("orderBookOrders", market_id=ETH, limit=5)["asks"] == []


def test_queries_with_bad_numbers_and_unknown_paths_are_refused_in_words(exchange: LiveExchange) -> None:
    for query in ({"account_index": "x"}, {"since_ns": "-1"}, {"market_index": "1.5"}, {"since_ns": "9" * 19}):
        response = exchange.admin("GET", "trades", **query)
        assert (response.status_code, list(response.json())) == (400, ["error"])
    assert exchange.admin("GET", "nothing").status_code == 404


def test_the_truth_has_the_fields_of_the_contract(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    exchange.house(BTC, is_ask=True, size="1", price="100")
    trader.sent(trader.limit(BTC, is_ask=False, size=5, price=4_000_000, tif=IOC, client_order_index=9))
    query = {"account_index": trader.account_index, "market_index": BTC}
    (trade,) = exchange.truth("trades", **query)
    assert set(trade) >= {
        *("trade_id", "market_index", "price", "size", "ask_account_index", "bid_account_index"),
        *("ask_order_index", "bid_order_index", "ask_client_order_index", "bid_client_order_index"),
        *("is_maker_ask", "executed_ns", "ask_framed_ns", "bid_framed_ns"),
    }
    assert (trade["size"], trade["bid_client_order_index"], trade["is_maker_ask"]) == ("0.00005", 9, True)
    (transaction,) = exchange.truth("transactions", **query)
    assert set(transaction) >= {
        *("hash", "tx_type", "account_index", "api_key_index", "nonce", "received_ns", "executed_ns", "code", "via"),
    }
    (order,) = exchange.truth("orders", **query)
    assert (order["order_index"], order["status"]) == (trade["bid_order_index"], "filled")
    (position,) = exchange.truth("positions", **query)
    assert position["size"] == "0.00005"
    assert exchange.truth("trades", **query, since_ns=trade["executed_ns"]) == [trade]
    assert exchange.truth("trades", **query, since_ns=trade["executed_ns"] + 1) == []
    assert exchange.truth("trades", account_index=trader.account_index, market_index=ETH) == []


def test_the_flow_trades_until_it_is_paused_and_again_after(exchange: LiveExchange) -> None:
    def count() -> int:
        return int(exchange.admin("GET", "status").json()["counts"]["trades"])

    def wait_for_more_than(number: int) -> None:
        while count() <= number:
            pass

    wait_for_more_than(count())
    assert exchange.admin("POST", "flow", {"paused": True}).json() == {"paused": True}
    assert exchange.admin("GET", "flow").json() == {"paused": True}
    still = count()
    assert count() == still
    assert exchange.admin("POST", "flow", {"paused": False}).json() == {"paused": False}
    wait_for_more_than(still)


def test_deposits_change_the_collateral(exchange: LiveExchange) -> None:
    trader = exchange.trader(collateral="100")
    exchange.admin("POST", "deposits", {"account_index": trader.account_index, "amount": "-25.5"})
    (account,) = exchange.get("account", by="index", value=trader.account_index)["accounts"]
    assert account["collateral"] == "74.500000"
    refused = exchange.admin("POST", "deposits", {"account_index": trader.account_index, "amount": -1_000})
    assert refused.status_code == 400


def test_faults_are_listed_with_their_hits_and_removed(exchange: LiveExchange) -> None:
    number = exchange.fault("nonce_refused", count=3, account_index=7)
    (listed,) = [one for one in exchange.admin("GET", "faults").json()["faults"] if one["id"] == number]
    assert (listed["kind"], listed["hits"], listed["left"], listed["active"]) == ("nonce_refused", 0, 3, True)
    assert exchange.admin("DELETE", "faults", kind="nonce_refused").json() == {"removed": 1}
    exchange.fault("delay")
    exchange.fault("empty_book")
    assert exchange.admin("DELETE", "faults").json() == {"removed": 2}
    assert exchange.admin("GET", "faults").json() == {"faults": [], "hits": {}}
