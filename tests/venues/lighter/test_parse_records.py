"""The books of an account: fees to the unit, positions before with their sign, what may be left out, what is bad."""

import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Raw

from hedge_strategy.domain.order import Side
from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter.parse_records import booked_trades, closed_order, funding_payment

A, B = 719347, 281474976639642

# A trade of mainnet as it was published with an adapter's test data (recentTrades, captured 2026-05-05), its numbers
# unchanged: the maker bought and paid a fee of 28 millionths, the taker paid none.
MAINNET: dict[str, Any] = {
    "trade_id": 19211490282,
    "type": "trade",
    "market_id": 0,
    "size": "0.0005",
    "price": "2361.31",
    "usd_amount": "1.180655",
    "ask_id": 281476929689557,
    "bid_id": 562947905454831,
    "ask_client_id": 0,
    "bid_client_id": 410940644,
    "ask_account_id": A,
    "bid_account_id": B,
    "is_maker_ask": False,
    "timestamp": 1777945103092,
    "taker_position_size_before": "0.6611",
    "taker_entry_quote_before": "1556.462172",
    "maker_fee": 28,
    "maker_position_size_before": "-76.0264",
    "maker_entry_quote_before": "179127.402288",
    "transaction_time": 1777945103092648,
}
PAID = {
    "timestamp": 1777946400,
    "market_id": 1,
    "funding_id": 12,
    "change": "-0.001203",
    "discount": "0.000000",
    "rate": "-0.000012",
    "position_size": "0.00100",
    "position_side": "short",
}


def raw(tree: dict[str, Any], **changes: Any) -> Raw:
    changed = {**tree, **changes}
    return Raw(json.dumps({name: value for name, value in changed.items() if value is not ...}).encode())


def test_the_makers_side_of_a_mainnet_trade() -> None:
    (trade,) = booked_trades(raw(MAINNET), B)
    assert (trade.fill.side, trade.fill.is_maker, trade.quote) == (Side.BUY, True, Decimal("1.180655"))
    assert trade.fee_rate == Decimal("0.000028")
    assert str(trade.fee) == "0.000034", "33.05834 millionths, rounded up"
    assert (trade.position_before, trade.entry_quote_before) == (Decimal("-76.0264"), Decimal("179127.402288"))
    assert trade.executed_at_us == 1777945103092648
    assert trade.venue_pnl is None, "the mainnet object does not tell it"


def test_the_takers_side_pays_nothing_where_the_fee_is_left_out() -> None:
    (trade,) = booked_trades(raw(MAINNET), A)
    assert (trade.fill.side, trade.fill.is_maker, trade.fee) == (Side.SELL, False, 0)
    assert trade.position_before == Decimal("0.6611")


def test_a_rebate_is_a_negative_fee_and_rounds_the_venues_way() -> None:
    (trade,) = booked_trades(raw(MAINNET, maker_fee=-28), B)
    assert trade.fee == Decimal("-0.000033")


def test_what_is_left_out_is_made_up_from_what_is_there_or_not_at_all() -> None:
    gone = dict.fromkeys(
        ("usd_amount", "transaction_time", "maker_position_size_before", "maker_entry_quote_before"), ...
    )
    (trade,) = booked_trades(raw(MAINNET, **gone), B)
    assert (trade.quote, trade.executed_at_us) == (Decimal("1.180655"), 1777945103092000)
    assert trade.position_before is trade.entry_quote_before is None


def test_a_trade_with_itself_is_two_sides_the_takers_first() -> None:
    both = booked_trades(raw(MAINNET, ask_account_id=B), B)
    assert [(trade.fill.side, trade.fill.is_maker) for trade in both] == [(Side.SELL, False), (Side.BUY, True)]


@pytest.mark.parametrize(
    "changes",
    [
        {"usd_amount": "Infinity"},
        {"maker_entry_quote_before": "NaN"},
        {"maker_fee": "28"},
        {"size": "0"},
        {"price": ...},
        {"bid_account_id": 5},
        {"usd_amount": "1e40"},
    ],
)
def test_a_trade_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        booked_trades(raw(MAINNET, **changes), B)


def test_funding_that_is_paid_is_negative_and_a_short_position_too() -> None:
    payment = funding_payment(raw(PAID), 7)
    assert (payment.amount, payment.position) == (Decimal("-0.001203"), Decimal("-0.00100"))
    assert (payment.paid_at_ms, payment.rate, payment.funding_id) == (1777946400000, Decimal("-0.000012"), 12)
    assert funding_payment(raw(PAID, position_side="long"), 7).position == Decimal("0.00100")


@pytest.mark.parametrize("changes", [{"position_side": "flat"}, {"change": "NaN"}, {"funding_id": -1}])
def test_funding_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        funding_payment(raw(PAID, **changes), 7)


ORDER = {
    "order_index": 281474976710657,
    "client_order_index": 5,
    "market_index": 0,
    "owner_account_index": 7,
    "initial_base_amount": "0.0100",
    "price": "3000.00",
    "is_ask": True,
    "filled_base_amount": "0.0040",
    "filled_quote_amount": "12.000000",
    "status": "canceled-too-much-slippage",
    "updated_at": 1777946400,
}


def test_an_order_that_ended_partly_filled() -> None:
    report = closed_order(raw(ORDER), 7)
    assert (report.filled_size, report.reason) == (Decimal("0.0040"), "canceled-too-much-slippage")


@pytest.mark.parametrize(("changes", "words"), [({"status": "open"}, "open"), ({"owner_account_index": 8}, "another")])
def test_an_order_that_is_no_ended_one_of_ours_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(WireError, match=words):
        closed_order(raw(ORDER, **changes), 7)
