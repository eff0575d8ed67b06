import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.polling import wait_until
from tests.simulator.live_exchange import BTC, LiveExchange, Trader, live_exchange


@pytest.fixture(scope="module")
def exchange() -> Iterator[LiveExchange]:
    with live_exchange() as running:
        yield running


def post(exchange: LiveExchange, path: str, **more: Any) -> requests.Response:
    return requests.post(f"{exchange.urls.url}/api/v1/{path}", timeout=10, **more)


def batch(trader: Trader, nonces: list[int]) -> dict[str, str]:
    signed = []
    for nonce in nonces:
        trader.nonce = nonce
        signed.append(trader.limit(BTC, is_ask=False, size=100, price=900_000))
    return {"tx_types": json.dumps([one[0] for one in signed]), "tx_infos": json.dumps([one[1] for one in signed])}


def test_a_send_is_taken_urlencoded_and_as_multipart(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    first, second = (trader.limit(BTC, is_ask=False, size=100, price=900_000) for _ in range(2))
    reply = post(exchange, "sendTx", data={"tx_type": first[0], "tx_info": first[1]})
    assert reply.headers["content-type"].startswith("application/json")
    assert set(reply.json()) == {
        *("code", "message", "tx_hash", "predicted_execution_time_ms", "volume_quota_remaining"),
    }
    assert reply.json()["tx_hash"] == first[2]
    assert json.loads(reply.json()["message"]) == {"ratelimit": "didn't use volume quota"}
    files = {"tx_type": (None, str(second[0])), "tx_info": (None, second[1])}
    assert post(exchange, "sendTx", files=files).json()["tx_hash"] == second[2]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 20001),
        ({"tx_type": "14"}, 20001),
        ({"tx_type": "x", "tx_info": "{}"}, 20001),
        ({"tx_type": "14", "tx_info": "{"}, 21501),
        ({"tx_type": "14", "tx_info": "[]"}, 21501),
        ({"tx_type": "14", "tx_info": "{}"}, 21501),
        ({"tx_type": "14", "tx_info": '{"Nonce": "1"}'}, 21501),
        ({"tx_type": "99", "tx_info": "{}"}, 21505),
    ],
)
def test_a_send_that_cannot_be_read_is_400_with_its_code(
    exchange: LiveExchange, form: dict[str, str], code: int
) -> None:
    reply = post(exchange, "sendTx", data=form)
    assert (reply.status_code, reply.json()["code"]) == (400, code)


def test_a_body_that_is_no_form_is_refused(exchange: LiveExchange) -> None:
    for body, kind in ((b"\xff\xfe", "application/x-www-form-urlencoded"), (b"--x", "multipart/form-data")):
        reply = post(exchange, "sendTx", data=body, headers={"content-type": kind})
        assert (reply.status_code, reply.json()["code"]) == (400, 20001)


def test_a_changed_field_or_a_foreign_key_is_an_invalid_signature(exchange: LiveExchange) -> None:
    trader, other = exchange.trader(), exchange.trader()
    signed = trader.limit(BTC, is_ask=False, size=100, price=900_000)
    changed = json.loads(signed[1])
    changed["BaseAmount"] += 1
    assert trader.send((14, json.dumps(changed), "")).json()["code"] == 21120
    stolen = json.loads(signed[1])
    stolen["AccountIndex"] = other.account_index
    assert trader.send((14, json.dumps(stolen), "")).json()["code"] == 21120
    unknown = json.loads(signed[1])
    unknown["ApiKeyIndex"] = 9
    assert trader.send((14, json.dumps(unknown), "")).json()["code"] == 21109
    nobody = json.loads(signed[1])
    nobody["AccountIndex"] = 99_999
    assert trader.send((14, json.dumps(nobody), "")).json()["code"] == 21100
    assert trader.sent(signed)["code"] == 200


def test_batches_are_judged_as_a_whole_before_any_of_them_runs(exchange: LiveExchange) -> None:
    trader, other = exchange.trader(), exchange.trader()

    def code(form: dict[str, str]) -> int:
        reply = post(exchange, "sendTxBatch", data=form)
        assert reply.status_code == 400
        return int(reply.json()["code"])

    good = batch(trader, [0, 1])
    assert code({**good, "tx_types": "[14]"}) == 21513
    assert code({"tx_types": "[]", "tx_infos": "[]"}) == 21513
    assert code({"tx_types": json.dumps([14] * 51), "tx_infos": json.dumps(["{}"] * 51)}) == 21514
    assert code(batch(trader, [0, 2])) == 21105
    mixed = [json.loads(batch(one, [0])["tx_infos"])[0] for one in (trader, other)]
    assert code({"tx_types": "[14, 14]", "tx_infos": json.dumps(mixed)}) == 21121
    assert code({"tx_types": "14", "tx_infos": "[]"}) == 20001
    assert code({"tx_types": '["14"]', "tx_infos": '["{}"]'}) == 20001
    assert code({"tx_types": "[14]", "tx_infos": "[7]"}) == 20001
    assert exchange.truth("transactions", account_index=trader.account_index) == []
    reply = post(exchange, "sendTxBatch", data=good).json()
    assert reply["code"] == 200
    assert len(reply["tx_hash"]) == 2
    assert len(trader.read("accountActiveOrders")["orders"]) == 2


def test_tx_is_found_by_hash_and_by_number_with_all_of_its_fields(exchange: LiveExchange) -> None:
    trader = exchange.trader()
    signed = trader.limit(BTC, is_ask=False, size=100, price=900_000, client_order_index=77)
    trader.sent(signed)
    found = exchange.get("tx", by="hash", value=signed[2])
    assert json.loads(found["info"]) == json.loads(signed[1])
    assert (found["code"], found["status"], found["type"], found["nonce"]) == (200, 2, 14, 0)
    assert json.loads(found["event_info"])["to"]["u"] == 77
    assert found["expire_at"] > found["executed_at"] >= found["queued_at"] > 10**12
    assert exchange.get("tx", by="sequence_index", value=found["sequence_index"])["hash"] == signed[2]


def test_account_transactions_come_newest_first_filtered_by_type_and_only_with_a_token(
    exchange: LiveExchange,
) -> None:
    trader = exchange.trader()
    made = [trader.limit(BTC, is_ask=False, size=100, price=900_000, client_order_index=5)]
    trader.sent(made[0])
    made.append(trader.cancel(BTC, 5))
    trader.sent(made[1])
    query = {"limit": 10, "by": "account_index", "value": trader.account_index}
    assert exchange.ask("accountTxs", **query).status_code == 401
    newest = trader.read("accountTxs", **query)["txs"]
    assert [one["hash"] for one in newest] == [made[1][2], made[0][2]]
    assert json.loads(newest[0]["event_info"])["u"] == 5
    assert [one["hash"] for one in trader.read("accountTxs", **query, types=[14, 16])["txs"]] == [made[0][2]]
    assert [one["hash"] for one in trader.read("accountTxs", **query, index=1)["txs"]] == [made[0][2]]
    height = newest[0]["block_height"]
    assert [one["hash"] for one in exchange.get("blockTxs", by="block_height", value=height)["txs"]] == [made[1][2]]
    assert exchange.get("txs", limit=1)["txs"][0]["hash"] == made[1][2]
    assert exchange.get("currentHeight")["height"] >= height
    assert exchange.ask("txFromL1TxHash", hash="0x0").json()["code"] == 29404


def test_a_pending_transaction_can_be_kept_invisible() -> None:
    slow = {"delays": {"maker_ms": 60_000, "taker_ms": 60_000, "cancel_ms": 60_000}}
    with live_exchange(exchange=slow, rest={"pending_tx_visible": False}) as exchange:
        trader = exchange.trader()
        signed = trader.limit(BTC, is_ask=False, size=100, price=900_000)
        trader.sent(signed)
        assert exchange.ask("tx", by="hash", value=signed[2]).json()["code"] == 21500
        query = {"limit": 10, "by": "account_index", "value": trader.account_index}
        assert trader.read("accountTxs", **query)["txs"] == []


def test_a_transaction_can_be_kept_from_look_ups_while_its_nonce_counts() -> None:
    with live_exchange(rest={"tx_delay_ms": 1_500}) as exchange:
        trader = exchange.trader()
        signed = trader.limit(BTC, is_ask=False, size=100, price=900_000)
        lane = {"account_index": trader.account_index, "api_key_index": trader.api_key_index}
        before = exchange.get("nextNonce", **lane)["nonce"]
        trader.sent(signed)
        wait_until(lambda: exchange.get("nextNonce", **lane)["nonce"] > before, "its nonce to be used up")
        assert exchange.ask("tx", by="hash", value=signed[2]).json()["code"] == 21500
        wait_until(lambda: exchange.ask("tx", by="hash", value=signed[2]).status_code == 200, "the look-up to find it")
