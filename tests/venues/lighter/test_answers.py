"""What an answer proves: accepted, refused, or nothing at all."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.order import Accepted, Outcome, Rejected, Unknown
from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter.answers import ErrorNotice, SendAck, error_notice, outcome_of, send_ack

ACK = {
    "type": "jsonapi/sendtx",
    "id": "s1",
    "code": 200,
    "message": '{"ratelimit": "didn\'t use volume quota"}',
    "tx_hash": "ab" * 40,
    "predicted_execution_time_ms": 1761300000900,
}


def wired(frame: Any) -> bytes:
    return json.dumps(frame).encode()


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (200, Accepted(7)),
        (21104, Rejected(21104, "m", is_nonce=True)),
        (21739, Rejected(21739, "m")),
        (400, Rejected(400, "m")),
        (23000, Rejected(23000, "m", is_proof=False)),
        (62007, Rejected(62007, "m")),
        (29500, Unknown("code 29500: m")),
        (29501, Unknown("code 29501: m")),
        (500, Unknown("code 500: m")),
        (0, Unknown("code 0: m")),
        (-1, Unknown("code -1: m")),
        (None, Unknown("an answer without a code")),
    ],
)
def test_only_known_refusals_count_as_refused(code: int | None, outcome: Outcome) -> None:
    assert outcome_of(code, "m", 7) == outcome


def test_an_ack_in_both_forms() -> None:
    expected = SendAck("s1", "ab" * 40, Accepted(1761300000900))
    assert send_ack(wired(ACK)) == expected
    body = {key: value for key, value in ACK.items() if key not in ("type", "id")}
    assert send_ack(wired({"type": "jsonapi/sendtx", "id": "s1", "data": body})) == expected
    assert send_ack(wired({"type": "jsonapi/sendtx", "data": body | {"id": "s1"}})) == expected


def test_a_refusing_ack() -> None:
    refused = {"type": "jsonapi/sendtx", "id": 12, "code": 21702, "message": "invalid price"}
    assert send_ack(wired(refused)) == SendAck("12", "", Rejected(21702, "invalid price"))
    inside = {"type": "jsonapi/sendtx", "id": "s1", "error": {"code": 21104, "message": "invalid nonce"}}
    assert send_ack(wired(inside)) == SendAck("s1", "", Rejected(21104, "invalid nonce", is_nonce=True))


def test_an_ack_without_a_code_proves_nothing() -> None:
    assert isinstance(send_ack(wired({"type": "jsonapi/sendtx", "id": "s1"})).outcome, Unknown)


def test_error_frames_of_both_forms() -> None:
    assert error_notice(b'{"error":{"code":30003,"message":"Already Subscribed to : ticker:3"}}') == ErrorNotice(
        30003, "Already Subscribed to : ticker:3", ""
    )
    flat = b'{"type":"error","code":30012,"channel":"order_book:0","message":"failed to subscribe"}'
    assert error_notice(flat) == ErrorNotice(30012, "failed to subscribe", "order_book:0")
    with pytest.raises(WireError):
        error_notice(b'{"hello": 1}')


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ACK, "data", "error"]), inner),
    max_leaves=8,
)


@given(ANY_JSON | st.fixed_dictionaries(dict.fromkeys(ACK, ANY_JSON)))
def test_what_makes_no_sense_is_a_wire_error_and_never_an_acceptance(frame: Any) -> None:
    try:
        ack = send_ack(wired(frame))
    except WireError:
        return
    if isinstance(ack.outcome, Accepted):
        assert 200 in (frame.get("code"), (frame.get("data") or {}).get("code"))
