"""Shapes read what the venue sends: unknown fields pass, wrong types do not, decimals stay exact."""

from decimal import Decimal

import msgspec
import pytest

from hedge_strategy.venues.lighter import wire
from tests.venues.lighter.payloads import MAINNET_TRADE


def test_a_captured_trade_with_all_its_fields() -> None:
    trade = msgspec.json.decode(msgspec.json.encode(MAINNET_TRADE), type=wire.Trade)
    assert (trade.trade_id, trade.size, trade.is_maker_ask) == (19211490282, Decimal("0.0005"), False)


def test_a_number_in_place_of_a_decimal_string_passes_no_float() -> None:
    level = msgspec.json.decode(b'{"price": 0.1, "size": 123456789012345678.123456789}', type=wire.BookLevel)
    assert level == wire.BookLevel(Decimal("0.1"), Decimal("123456789012345678.123456789"))


@pytest.mark.parametrize("body", [b'{"nonce": "5"}', b'{"nonce": 5.0}', b'{"nonce": -1}', b'{"nonce": null}', b"{}"])
def test_a_nonce_is_a_whole_number_that_is_there(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=wire.NextNonce)


def test_unknown_fields_pass() -> None:
    assert msgspec.json.decode(b'{"code":200,"nonce":7,"new":{"x":[1]}}', type=wire.NextNonce).nonce == 7
