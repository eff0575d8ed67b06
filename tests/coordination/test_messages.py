"""Messages: golden bytes, the old form, and nothing but WireError for what cannot be read."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.coordination.messages import (
    MESSAGE_BYTES_MAX,
    FillMessage,
    HedgeExecution,
    ResultMessage,
    ResultStatus,
    decode_fill,
    decode_result,
    encode,
    fill_message,
    result_message,
)
from hedge_strategy.domain.fill import CumulativeFill
from hedge_strategy.domain.hedge import OrderLine
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import WireError

from .samples import BTC, ETH, MAKER, message, order

# As the first system of this kind published it: mainnet, BTC, 24 October 2025, 09:23:00 UTC.
OLD_FORM = (
    b'{"account_index": 280459, "market_index": 1, "order_index": 844424539499239, "filled_base_amount": "0.00020", '
    b'"filled_quote_amount": "22.256420", "avg_price": "111282.1", "timestamp": 1761297780, "side": "buy"}'
)
OLD_FIELDS = list(json.loads(OLD_FORM))

OUR_FILL = (
    b'{"account_index":280459,"market_index":1,"order_index":562949953421313,"filled_base_amount":"0.00020",'
    b'"filled_quote_amount":"22.256420","avg_price":"111282.1","timestamp":1761297780,"side":"sell",'
    b'"market":"BTC","is_final":true,"last_trade_id":901,"filled_at_ms":1761297780123,"maker_id":"maker-1",'
    b'"sequence":1,"version":1}'
)
OUR_RESULT = (
    b'{"account_index":5,"market_index":0,"order_index":77,"filled_base_amount":"0.0010",'
    b'"filled_quote_amount":"4.000500","avg_price":"4000.50","timestamp":1761297781,"side":"buy",'
    b'"market":"BTC","maker_account_index":280459,"maker_market_index":1,"maker_order_index":562949953421313,'
    b'"hedged_base_amount":"0.00100","maker_filled_base_amount":"0.00300","status":"partial","reason":"thin book",'
    b'"client_order_index":8193,"executed_at_ms":1761297781456,"hedger_id":"hedger-1","version":1}'
)


def _result() -> ResultMessage:
    execution = HedgeExecution(
        account_index=5,
        market=ETH,
        order_index=77,
        client_order_index=8193,
        side=Side.BUY,
        size=Decimal("0.001"),
        quote=Decimal("4.0005"),
        known_at_ms=1_761_297_781_456,
    )
    line = OrderLine(order(), Side.SELL, filled_lots=300, hedged_lots=100, in_flight_lots=0, is_final=False)
    return result_message(execution, line, BTC, status=ResultStatus.PARTIAL, reason="thin book", hedger_id="hedger-1")


def test_our_fill_message_keeps_its_bytes() -> None:
    ours = message(is_final=True)
    assert encode(ours) == OUR_FILL
    assert decode_fill(OUR_FILL, "BTC") == ours


def test_our_result_message_keeps_its_bytes_and_takes_each_amount_from_its_own_market() -> None:
    assert encode(_result()) == OUR_RESULT
    assert decode_result(OUR_RESULT, "BTC") == _result()


@pytest.mark.parametrize("ours", [OUR_FILL, OUR_RESULT])
def test_old_readers_find_their_fields_first_and_in_their_order(ours: bytes) -> None:
    assert list(json.loads(ours))[: len(OLD_FIELDS)] == OLD_FIELDS


def test_the_old_form_is_read() -> None:
    read = decode_fill(OLD_FORM, "BTC")
    assert read.cumulative == CumulativeFill(
        account_index=280459,
        market_index=1,
        order_index=844424539499239,
        side=Side.BUY,
        filled_size=Decimal("0.00020"),
        filled_quote=Decimal("22.256420"),
        is_final=False,
        filled_at_ms=1_761_297_780_000,
    )
    assert (read.market, read.filled_lots(BTC), read.version) == ("BTC", 20, 0)


def test_an_average_over_several_prices_is_rounded_to_the_tick() -> None:
    fill = CumulativeFill(MAKER, 1, 9, Side.BUY, Decimal("0.00003"), Decimal("3.338466"), False, 1_000)
    written = fill_message(fill, BTC, last_trade_id=1, maker_id="m", sequence=1)
    assert (written.filled_base_amount, written.avg_price) == ("0.00003", "111282.2")


def test_an_order_that_ended_without_a_fill_is_said_with_zeros() -> None:
    fill = CumulativeFill(MAKER, 1, 9, Side.BUY, Decimal(0), Decimal(0), True, 1_000)
    read = decode_fill(encode(fill_message(fill, BTC, last_trade_id=0, maker_id="m", sequence=1)), "BTC")
    assert (read.filled_base_amount, read.filled_quote_amount, read.avg_price) == ("0.00000", "0.000000", "0.0")
    assert read.is_final


def test_fields_of_a_later_version_are_passed_over() -> None:
    later = json.loads(OUR_FILL) | {"version": 2, "new": [1, 2]}
    assert decode_fill(json.dumps(later).encode(), "BTC").filled_lots(BTC) == 20


BAD_AMOUNTS = ["-0.1", "+1", "NaN", "Infinity", "1e400", "1e1", "1E1", "", " 1", "1\n", "0x1", "1_0", "01", ".5", "1."]


@pytest.mark.parametrize("amount", [*BAD_AMOUNTS, "9" * 16, "0." + "1" * 13, "١", None, 1, 0.5])
@pytest.mark.parametrize("field", ["filled_base_amount", "filled_quote_amount", "avg_price"])
def test_an_amount_that_is_no_plain_decimal_is_refused(field: str, amount: object) -> None:
    with pytest.raises(WireError):
        decode_fill(json.dumps(json.loads(OLD_FORM) | {field: amount}).encode(), "BTC")


@pytest.mark.parametrize(
    "change",
    [
        {"account_index": -1},
        {"order_index": 1 << 64},
        {"order_index": "1"},
        {"market_index": True},
        {"market_index": 1.0},
        {"side": "long"},
        {"timestamp": 10**15},
        {"market": "ETH"},
        {"market": "B{T}C"},
        {"is_final": 1},
        {"maker_id": "m" * 129},
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(WireError):
        decode_fill(json.dumps(json.loads(OUR_FILL) | change).encode(), "BTC")


@pytest.mark.parametrize("missing", OLD_FIELDS)
def test_a_message_without_one_of_the_old_fields_is_refused(missing: str) -> None:
    fields = json.loads(OLD_FORM)
    del fields[missing]
    with pytest.raises(WireError, match=missing):
        decode_fill(json.dumps(fields).encode(), "BTC")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"a":',
        b'{"x":' + b"[" * 2000 + b"]" * 2000 + b"}",
        OLD_FORM + b" " * MESSAGE_BYTES_MAX,
    ],
)
def test_what_is_no_message_at_all_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        decode_fill(payload, "BTC")
    with pytest.raises(WireError):
        decode_result(payload, "BTC")


@pytest.mark.parametrize("amount", ["0.000201", "999999999999999"])
def test_an_amount_that_is_no_number_of_lots_is_refused(amount: str) -> None:
    read = decode_fill(json.dumps(json.loads(OLD_FORM) | {"filled_base_amount": amount}).encode(), "BTC")
    with pytest.raises(WireError):
        read.filled_lots(BTC)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(list(json.loads(OUR_FILL)) + list(json.loads(OUR_RESULT)))


@given(st.binary(max_size=200) | st.dictionaries(FIELDS, JSON_VALUES).map(lambda d: json.dumps(d).encode()))
def test_reading_anything_gives_a_message_or_a_wire_error(payload: bytes) -> None:
    for decode in (decode_fill, decode_result):
        try:
            decode(payload, "BTC")
        except WireError:
            continue


@given(changes=st.dictionaries(FIELDS, JSON_VALUES, min_size=1, max_size=3), cut=st.integers(0, len(OUR_FILL)))
def test_a_damaged_message_gives_a_message_or_a_wire_error(changes: dict[str, object], cut: int) -> None:
    for payload in (json.dumps(json.loads(OUR_FILL) | changes).encode(), OUR_FILL[:cut] + b"\x00" + OUR_FILL[cut:]):
        try:
            read = decode_fill(payload, "BTC")
            read.cumulative  # noqa: B018
            read.filled_lots(BTC)
        except WireError:
            continue


@given(lots=st.integers(0, (1 << 48) - 1), price=st.integers(1, 1 << 32), is_final=st.booleans())
def test_every_amount_a_venue_can_hold_comes_back_exactly(lots: int, price: int, is_final: bool) -> None:
    size = BTC.size_of(lots)
    fill = CumulativeFill(MAKER, 1, 9, Side.BUY, size, size * BTC.price_of(price) % 10**15, is_final, 1_000)
    read: FillMessage = decode_fill(encode(fill_message(fill, BTC, last_trade_id=1, maker_id="m", sequence=1)), "BTC")
    assert read.cumulative == fill
    assert read.filled_lots(BTC) == lots
