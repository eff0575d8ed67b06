"""Faults and order of things around each REST endpoint."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.live_exchange import BTC, IOC, LiveExchange, Signed, Trader, live_exchange


@pytest.fixture(scope="module")
def running() -> Iterator[LiveExchange]:
    with live_exchange(rest={"lost_answer_hold_s": 0.2}) as exchange:
        exchange.house(BTC, is_ask=True, size="1000", price="100000")
        yield exchange


@pytest.fixture(autouse=True)
def no_faults_left(running: LiveExchange) -> Iterator[None]:
    yield
    running.admin("DELETE", "faults")


@pytest.fixture(scope="module")
def exchange(running: LiveExchange) -> LiveExchange:
    return running


def resting(trader: Trader) -> Signed:
    return trader.limit(BTC, is_ask=False, size=100, price=900_000)


def test_a_lost_answer_is_of_a_transaction_that_was_accepted_and_executed(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    fault = exchange.fault("lost_answer", count=1, account_index=trader.account_index)
    signed = resting(trader)
    with pytest.raises(requests.ConnectionError):
        trader.send(signed)
    assert exchange.hits(fault) == 1
    found = exchange.get("tx", by="hash", value=signed[2])
    assert (found["code"], found["status"]) == (200, 2)
    assert [one["status"] for one in trader.read("accountActiveOrders")["orders"]] == ["open"]
    (row,) = exchange.truth("transactions", account_index=trader.account_index)
    assert (row["hash"], row["code"]) == (signed[2], 200)
    again = trader.send(signed)
    assert (again.status_code, again.json()["code"]) == (400, 21104)


def test_a_delayed_answer_comes_after_the_execution(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    fault = exchange.fault("delay", seconds=0.5, count=1, path="sendTx")
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(trader.sent, resting(trader))
        while not exchange.truth("orders", account_index=trader.account_index):
            assert not sending.done()
        assert not sending.done()
        assert sending.result()["code"] == 200
    assert exchange.hits(fault) == 1


@pytest.mark.parametrize(("kind", "status"), [("rate_limited", 429), ("server_error", 503)])
def test_a_refusal_by_the_edge_acts_on_nothing_unless_told_to(exchange: LiveExchange, kind: str, status: int) -> None:
    trader = exchange.trader()
    fault = exchange.fault(kind, count=1, account_index=trader.account_index)
    response = trader.send(resting(trader))
    assert response.status_code == status
    if kind == "rate_limited":
        assert response.json()["code"] == 23000
    else:
        assert response.headers["content-type"].startswith("text/html")
        assert "<html>" in response.text
    assert exchange.truth("transactions", account_index=trader.account_index) == []
    exchange.fault(kind, count=1, account_index=trader.account_index, executed=True)
    trader.nonce = 0
    signed = resting(trader)
    assert trader.send(signed).status_code == status
    assert exchange.get("tx", by="hash", value=signed[2])["status"] == 2
    assert exchange.hits(fault) == 1


def test_faults_can_be_bound_to_one_path_and_last_for_seconds(exchange: LiveExchange) -> None:
    exchange.fault("rate_limited", seconds=30, path="orderBooks")
    assert exchange.ask("orderBooks").status_code == 429
    assert exchange.ask("orderBooks").status_code == 429
    assert exchange.ask("exchangeStats").status_code == 200


def test_a_refused_nonce_uses_nothing_up(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    fault = exchange.fault("nonce_refused", count=1, account_index=trader.account_index)
    signed = resting(trader)
    refused = trader.send(signed)
    assert (refused.status_code, refused.json()["code"]) == (400, 21104)
    assert "invalid nonce" in refused.json()["message"]
    assert trader.sent(signed)["tx_hash"] == signed[2]
    assert exchange.hits(fault) == 1


def test_history_lags_while_the_position_does_not(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    fault = exchange.fault("history_lag", seconds=15, account_index=trader.account_index)
    trader.sent(trader.limit(BTC, is_ask=False, size=5, price=1_000_000, tif=IOC, client_order_index=3))
    assert trader.read("accountInactiveOrders", limit=10)["orders"] == []
    assert trader.read("accountOrders", client_order_indexes="3")["orders"] == []
    assert trader.read("trades", sort_by="timestamp", limit=10)["trades"] == []
    account = exchange.get("account", by="index", value=trader.account_index)["accounts"][0]
    assert account["positions"][0]["position"] == "0.00005"
    assert exchange.hits(fault) == 3
    exchange.admin("DELETE", "faults", id=fault)
    assert [one["status"] for one in trader.read("accountInactiveOrders", limit=10)["orders"]] == ["filled"]
    assert len(trader.read("trades", sort_by="timestamp", limit=10)["trades"]) == 1


def test_the_answer_comes_first_and_the_act_follows() -> None:
    delays = {"delays": {"maker_ms": 300, "taker_ms": 300, "cancel_ms": 0}}
    with live_exchange(exchange=delays) as exchange:
        trader = exchange.trader()
        signed = resting(trader)
        began_ms = time.time() * 1_000
        reply = trader.sent(signed)
        assert 250 < reply["predicted_execution_time_ms"] - began_ms < 2_000
        assert exchange.get("tx", by="hash", value=signed[2])["status"] == 1
        assert trader.read("accountActiveOrders")["orders"] == []
        assert exchange.get("nextNonce", account_index=trader.account_index, api_key_index=4)["nonce"] == 0
        while not trader.read("accountActiveOrders")["orders"]:
            assert time.time() * 1_000 < reply["predicted_execution_time_ms"] + 5_000
        (row,) = exchange.truth("transactions")
        assert row["executed_ns"] - row["received_ns"] >= 300_000_000


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("account", {}),
        ("account", {"by": "index", "value": "x"}),
        ("account", {"by": "color", "value": "1"}),
        ("nextNonce", {"account_index": 1}),
        ("orderBookOrders", {"market_id": 1, "limit": 0}),
        ("orderBookOrders", {"market_id": 1, "limit": 251}),
        ("orderBookOrders", {"market_id": "-", "limit": 1}),
        ("recentTrades", {"limit": 1}),
        ("candles", {"market_id": 1, "resolution": "7m", "start_timestamp": 0, "end_timestamp": 1}),
        ("tx", {"by": "hash"}),
        ("trades", {"sort_by": "color", "limit": 1, "market_id": 1}),
        ("trades", {"sort_by": "timestamp", "limit": 101, "market_id": 1}),
        ("account", {"by": "index", "value": "9" * 40}),
    ],
)
def test_a_bad_parameter_is_400_with_the_code_for_it(exchange: LiveExchange, path: str, query: dict[str, str]) -> None:
    response = exchange.ask(path, **query)
    assert (response.status_code, response.json()["code"]) == (400, 20001)


def test_what_is_unknown_has_the_venues_codes(exchange: LiveExchange) -> None:
    def code(path: str, **query: object) -> int:
        response = exchange.ask(path, **query)
        assert response.status_code == 400
        return int(response.json()["code"])

    assert code("account", by="index", value=99_999) == 21100
    assert code("nextNonce", account_index=99_999, api_key_index=4) == 21100
    assert code("orderBookOrders", market_id=77, limit=1) == 21602
    assert code("tx", by="hash", value="00" * 40) == 21500
    trader = exchange.trader()
    assert code("nextNonce", account_index=trader.account_index, api_key_index=9) == 21109
    missing = requests.get(exchange.urls.url + "/api/v1/doesNotExist", timeout=5)
    assert (missing.status_code, missing.json()["code"]) == (404, 29404)


@pytest.mark.parametrize("path", ["accountActiveOrders", "accountInactiveOrders", "accountOrders", "accountLimits"])
def test_private_reads_need_a_token_of_the_account_in_header_or_query(exchange: LiveExchange, path: str) -> None:
    trader, other = exchange.trader(), exchange.trader()
    query = {"account_index": trader.account_index, "limit": 1, "client_order_indexes": "1"}
    for token in (None, "nonsense", other.token(), trader.token()[:-2] + "00"):
        response = exchange.ask(path, headers={"authorization": token} if token else None, **query)
        assert (response.status_code, response.json()["code"]) == (401, 20013), token
    assert exchange.ask(path, headers={"authorization": trader.token()}, **query).status_code == 200
    assert exchange.ask(path, auth=trader.token(), **query).status_code == 200


def test_rate_limits_when_switched_on_are_429_with_23000() -> None:
    with live_exchange(rest={"rate_limits": True}) as exchange:
        statuses = [exchange.ask("orderBooks").status_code for _ in range(61)]
        assert statuses == [200] * 60 + [429]


def test_auth_can_be_lenient() -> None:
    with live_exchange(auth={"rest": False}) as exchange:
        trader = exchange.trader()
        assert exchange.get("accountActiveOrders", account_index=trader.account_index)["orders"] == []


PATHS = (
    *("account", "accountsByL1Address", "accountLimits", "accountMetadata", "apikeys", "nextNonce", "positionFunding"),
    *("accountActiveOrders", "accountInactiveOrders", "accountOrders", "trades", "recentTrades", "tx", "txs"),
    *("blockTxs", "accountTxs", "orderBooks", "orderBookDetails", "orderBookOrders", "candles", "fundings"),
)
names = st.sampled_from(
    [
        *("by", "value", "account_index", "api_key_index", "market_id", "limit", "cursor", "sort_by", "index", "from"),
        *("resolution", "start_timestamp", "end_timestamp", "count_back", "order_index", "between_timestamps", "auth"),
        *("client_order_indexes", "ask_filter", "sort_dir", "role", "types", "filter", "l1_address", "active_only"),
    ]
)
texts = st.sampled_from(["1", "0", "255", "index", "hash", "1d", "timestamp", "asc", "1-2", "9" * 19, "-1"])


@settings(max_examples=150)
@given(st.sampled_from(PATHS), st.dictionaries(names, texts | st.text(max_size=12), max_size=8))
def test_no_query_is_more_than_a_bad_request(exchange: LiveExchange, path: str, query: dict[str, str]) -> None:
    response = exchange.ask(path, **query)
    assert response.status_code in (200, 400, 401), response.text
    assert response.json()["code"]


@settings(max_examples=60)
@given(
    st.sampled_from(["sendTx", "sendTxBatch", "changeAccountTier", "setMakerOnlyApiKeys"]),
    st.dictionaries(
        st.sampled_from(["tx_type", "tx_info", "tx_types", "tx_infos", "account_index", "new_tier", "auth"]),
        st.sampled_from(["14", "[14]", "{}", '["{}"]', "[]", "null", '{"Nonce":1e400}', "1"]) | st.text(max_size=12),
    ),
    st.booleans(),
)
def test_no_form_is_more_than_a_bad_request(
    exchange: LiveExchange, path: str, form: dict[str, str], multipart: bool
) -> None:
    url = f"{exchange.urls.url}/api/v1/{path}"
    parts = {name: (None, value) for name, value in form.items()}
    response = requests.post(url, files=parts, timeout=5) if multipart else requests.post(url, data=form, timeout=5)
    assert response.status_code in (400, 401), response.text
    assert response.json()["code"]
