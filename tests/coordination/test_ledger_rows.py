"""Rows of the ledger as values: what a damaged row does, and what sums say."""

import pytest

from hedge_strategy.coordination.ledger_rows import Totals, intents, order_line, row_of, seen_fill, unsettled_intent
from hedge_strategy.coordination.messages import decode_fill
from hedge_strategy.domain.order import Side
from hedge_strategy.errors import InvariantBroken, WireError

from .samples import BTC, message, order

LINE = {"side": "sell", "filled": "20", "hedged": "5", "in_flight": "10", "final": "0"}


def test_a_message_becomes_what_the_ledger_takes() -> None:
    fill = seen_fill(message("0.00020", is_final=True), BTC)
    assert (fill.order, fill.side, fill.filled_lots, fill.is_final) == (order(), Side.SELL, 20, True)
    assert fill.filled_quote == "22.256420"


def test_a_message_below_a_lot_is_refused() -> None:
    old = (
        b'{"account_index":0,"market_index":0,"order_index":1,"filled_base_amount":"0.000001",'
        b'"filled_quote_amount":"1","avg_price":"1","timestamp":1,"side":"buy"}'
    )
    with pytest.raises(WireError):
        seen_fill(decode_fill(old, "BTC"), BTC)


def test_flat_answers_become_rows() -> None:
    assert row_of([b"side", b"sell", b"filled", "ü".encode()]) == {"side": "sell", "filled": "ü"}


def test_a_line_counts_what_is_in_flight_as_unhedged() -> None:
    assert order_line(order(), LINE).unhedged_lots == 15


@pytest.mark.parametrize("damage", [{"side": "long"}, {"filled": "x"}, {"in_flight": ""}])
def test_a_damaged_row_stops_the_market(damage: dict[str, str]) -> None:
    with pytest.raises(InvariantBroken, match="damaged"):
        order_line(order(), LINE | damage)


def test_a_damaged_hedge_stops_the_market() -> None:
    with pytest.raises(InvariantBroken, match="damaged"):
        intents(order(), LINE | {"attempts": "1", "0:state": "sent"})
    with pytest.raises(InvariantBroken, match="damaged"):
        unsettled_intent(order(), LINE | {"unsettled": "0", "0:state": "gone", "0:lots": "1"})


def test_an_order_without_hedges_has_none_unsettled() -> None:
    assert unsettled_intent(order(), LINE | {"unsettled": ""}) is None
    assert intents(order(), LINE) == ()


def test_totals_say_what_the_hedger_must_still_sell() -> None:
    assert Totals(100, 30, 60, 30, 20).unhedged_lots == 40
    assert Totals(100, 30, 100, 10, 0).unhedged_lots == -20


@pytest.mark.parametrize("order_index", [(1 << 48) + (1 << 47), (1 << 62) + 5, 7])
def test_an_order_that_no_hedge_could_be_told_by_is_refused(order_index: int) -> None:
    payload = (
        b'{"account_index":0,"market_index":0,"order_index":%d,"filled_base_amount":"0.00020",'
        b'"filled_quote_amount":"1","avg_price":"1","timestamp":1,"side":"buy"}' % order_index
    )
    with pytest.raises(WireError):
        seen_fill(decode_fill(payload, "BTC"), BTC)
