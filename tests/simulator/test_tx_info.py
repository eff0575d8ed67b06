import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.simulator.transactions import NO_INJECTION, CancelAll, CreateOrder
from hedge_strategy.simulator.tx_info import MAX_TX_INFO_CHARACTERS, TxInfoRefused, read_transaction

CHAIN = 304
ORDER: dict[str, Any] = {
    "AccountIndex": 7,
    "ApiKeyIndex": 4,
    "MarketIndex": 0,
    "ClientOrderIndex": 5,
    "BaseAmount": 100,
    "Price": 300_000,
    "IsAsk": 1,
    "Type": 0,
    "TimeInForce": 1,
    "ReduceOnly": 0,
    "TriggerPrice": 0,
    "OrderExpiry": 1_800_000_000_000,
    "ExpiredAt": 1_800_000_000_000,
    "Nonce": 3,
    "Sig": "AAAA",
    "L2TxAttributes": {"4": 1, "1": 0},
}


def test_an_order_becomes_the_exchanges_request_with_its_text_kept() -> None:
    text = json.dumps({**ORDER, "Later": "kept"})
    signed = read_transaction(14, text, CHAIN)
    assert (signed.account_index, signed.api_key_index, signed.nonce, signed.market_index) == (7, 4, 3, 0)
    assert signed.signature == b"\0\0\0"
    request = signed.request("ws", NO_INJECTION)
    assert request.info == text
    assert (request.via, request.attributes, request.expired_at_ms) == ("ws", {4: 1, 1: 0}, 1_800_000_000_000)
    assert request.body == CreateOrder(
        market_index=0,
        client_order_index=5,
        base_amount=100,
        price=300_000,
        is_ask=1,
        order_type=0,
        time_in_force=1,
        order_expiry_ms=1_800_000_000_000,
    )
    assert read_transaction(14, json.loads(text), CHAIN).hash == signed.hash


@pytest.mark.parametrize("attributes", [None, {}, {"1": 0, "2": 0, "3": 0}])
def test_attributes_may_be_absent_null_or_zero(attributes: Any) -> None:
    without = read_transaction(14, {key: ORDER[key] for key in ORDER if key != "L2TxAttributes"}, CHAIN)
    assert read_transaction(14, {**ORDER, "L2TxAttributes": attributes}, CHAIN).hash == without.hash


@pytest.mark.parametrize(
    ("kind", "tif", "rests"), [(0, 1, True), (0, 2, True), (0, 0, False), (1, 0, False), (1, 1, False)]
)
def test_market_orders_and_iocs_do_not_rest(kind: int, tif: int, rests: bool) -> None:
    signed = read_transaction(14, {**ORDER, "Type": kind, "TimeInForce": tif}, CHAIN)
    assert (signed.may_rest, signed.is_immediate_order) == (rests, not rests)


def test_other_types_are_read_and_types_that_do_not_execute_have_no_body() -> None:
    head = {key: ORDER[key] for key in ("AccountIndex", "ApiKeyIndex", "ExpiredAt", "Nonce", "Sig")}
    signed = read_transaction(16, {**head, "TimeInForce": 0, "Time": 0}, CHAIN)
    assert signed.request("rest", NO_INJECTION).body == CancelAll(time_in_force=0, time_ms=0)
    assert not signed.is_immediate_order
    grouped = read_transaction(28, {**head, "GroupingType": 1, "Orders": [ORDER]}, CHAIN)
    assert grouped.request("rest", NO_INJECTION).body is None


@pytest.mark.parametrize(
    ("tx_type", "info", "code"),
    [
        (99, "{}", 21505),
        (14, "{", 21501),
        (14, "null", 21501),
        (14, json.dumps({**ORDER, "Price": "1"}), 21501),
        (14, json.dumps({**ORDER, "Nonce": 1.5}), 21501),
        (14, json.dumps({**ORDER, "AccountIndex": 2**63}), 21501),
        (14, json.dumps({**ORDER, "L2TxAttributes": {"4": -(2**64)}}), 21501),
        (14, json.dumps({**ORDER, "L2TxAttributes": [1]}), 21501),
        (14, " " * (MAX_TX_INFO_CHARACTERS + 1), 21501),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_venues_code(tx_type: int, info: str, code: int) -> None:
    with pytest.raises(TxInfoRefused) as refused:
        read_transaction(tx_type, info, CHAIN)
    assert int(refused.value.code) == code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([14, 15, 16, 17, 20, 28, 29]), st.dictionaries(st.sampled_from(sorted(ORDER)), json_values))
def test_no_content_of_a_field_is_more_than_a_refusal(tx_type: int, changes: dict[str, Any]) -> None:
    extra = {"Index": 1, "Time": 0, "InitialMarginFraction": 500, "MarginMode": 0, "USDCAmount": 1, "Direction": 0}
    fields = {**ORDER, **extra, "GroupingType": 1, "Orders": [ORDER], **changes}
    try:
        signed = read_transaction(tx_type, fields, CHAIN)
    except TxInfoRefused:
        return
    assert len(signed.hash) == 80
    signed.request("rest", NO_INJECTION)
