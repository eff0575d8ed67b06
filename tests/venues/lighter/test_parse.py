"""Payloads become domain values, or `WireError`, and nothing else."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderStatus, Side, TransactionStatus
from hedge_strategy.errors import WireError
from hedge_strategy.venues.lighter import parse
from tests.venues.lighter import payloads
from tests.venues.lighter.payloads import ACCOUNT, MAINNET_TRADE


def raw(*items: Any) -> list[Raw]:
    return [Raw(json.dumps(item).encode()) for item in items]


def test_a_captured_trade_from_both_sides() -> None:
    (sold,) = parse.fills(raw(MAINNET_TRADE), 719347)
    assert sold == Fill(
        trade_id=19211490282,
        account_index=719347,
        market_index=0,
        order_index=281476929689557,
        client_order_index=0,
        side=Side.SELL,
        size=Decimal("0.0005"),
        price=Decimal("2361.31"),
        is_maker=False,
        executed_at_ms=1777945103092,
        counter_account_index=281474976639642,
    )
    (bought,) = parse.fills(raw(MAINNET_TRADE), 281474976639642)
    assert (bought.side, bought.is_maker, bought.client_order_index) == (Side.BUY, True, 410940644)


def test_a_trade_with_oneself_is_two_fills() -> None:
    both = list(parse.fills(raw(payloads.trade(ask_account_id=ACCOUNT)), ACCOUNT))
    assert [(fill.side, fill.is_maker) for fill in both] == [(Side.BUY, True), (Side.SELL, False)]
    assert len({fill.order_index for fill in both}) == 2


def test_a_trade_of_others_is_no_fill_of_ours() -> None:
    with pytest.raises(WireError, match="other accounts"):
        list(parse.fills(raw(payloads.trade()), 999))


def test_good_items_come_before_the_complaint_about_a_bad_one() -> None:
    found = []
    with pytest.raises(WireError, match=r"lighter\.trade"):
        found.extend(parse.fills(raw(payloads.trade(1), {"trade_id": 2}, payloads.trade(3)), ACCOUNT))
    iterator = parse.fills(raw(payloads.trade(1), {"trade_id": 2}, payloads.trade(3)), ACCOUNT)
    assert [next(iterator).trade_id, next(iterator).trade_id] == [1, 3]


def test_an_order_with_a_part_filled() -> None:
    (report,) = parse.orders(raw(payloads.order()))
    assert (report.order_index, report.client_order_index) == (payloads.MAINNET_BID_INDEX, 42)
    assert (report.size, report.filled_size, report.filled_quote) == (
        Decimal("0.00090"), Decimal("0.00030"), Decimal("33.384630"),
    )  # fmt: skip
    assert (report.side, report.status, report.reason) == (Side.BUY, OrderStatus.OPEN, "open")
    assert report.updated_at_ms == 1761300001000


def test_market_index_0_and_client_index_0_are_numbers_like_any_other() -> None:
    """F18."""
    (report,) = parse.orders(raw(payloads.order(market_index=0, client_order_index=0)))
    assert (report.market_index, report.client_order_index) == (0, 0)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, OrderStatus.PENDING), (1, OrderStatus.PENDING), (2, OrderStatus.OPEN), (3, OrderStatus.FILLED),
        (4, OrderStatus.CANCELED), (16, OrderStatus.CANCELED), ("9", OrderStatus.CANCELED),
        ("in-progress", OrderStatus.PENDING), ("filled", OrderStatus.FILLED),
        ("canceled-too-much-slippage", OrderStatus.CANCELED), ("canceled-by-tomorrow", OrderStatus.CANCELED),
    ],
)  # fmt: skip
def test_statuses(status: str | int, expected: OrderStatus) -> None:
    assert parse.order_status(status)[0] is expected


def test_numeric_statuses_come_with_their_words() -> None:
    assert parse.order_status(5) == (OrderStatus.CANCELED, "canceled-post-only")
    assert parse.order_status(10) == (OrderStatus.CANCELED, "canceled-not-enough-liquidity")


@pytest.mark.parametrize("status", [17, -1, 99999999999, "expired", "", "²"])
def test_a_status_nobody_told_us_of_is_no_status(status: str | int) -> None:
    with pytest.raises(WireError, match="unknown status"):
        parse.order_status(status)


@given(st.integers(10**8, 4 * 10**9))
def test_times_are_recognised_by_their_size(seconds: int) -> None:
    assert {parse.to_ms(seconds * unit) for unit in (1, 10**3, 10**6, 10**9)} == {seconds * 1000}


def test_positions_are_signed() -> None:
    flat = payloads.position(sign=1, position="0.00000", market_id=0)
    short, none = parse.positions(raw(payloads.position(), flat))
    assert (short.size, short.open_order_count) == (Decimal("-0.00030"), 2)
    assert (none.market_index, none.size) == (0, 0)


def test_transactions() -> None:
    failed = payloads.transaction(status=0, event_info='{"ae":"not enough margin"}')
    pending = payloads.transaction(status=1, event_info="")
    reports = list(parse.transactions(raw(payloads.transaction(), failed, pending)))
    assert [report.status for report in reports] == [
        TransactionStatus.EXECUTED, TransactionStatus.FAILED, TransactionStatus.PENDING,
    ]  # fmt: skip
    assert [report.error for report in reports] == ["", "not enough margin", ""]
    assert (reports[0].nonce, reports[0].key_index) == (17, 4)


def test_markets() -> None:
    answer = {"code": 200, "order_book_details": [payloads.market_detail("ETH", 0, 4, 2)]}
    assert list(parse.markets(json.dumps(answer).encode())) == [
        Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal("10.000000"), takers_have_minimum=False)
    ]


def test_a_book_frame() -> None:
    frame = payloads.book(12, 10, [("5.0", "0.10000")], [], market=0)
    change = parse.book_change(json.dumps(frame).encode())
    assert (change.market_index, change.begin_nonce, change.nonce) == (0, 10, 12)
    assert change.bids == ((Decimal("5.0"), Decimal("0.10000")),)


@pytest.mark.parametrize(
    "trades", [{"1": [payloads.trade()]}, [payloads.trade()], {"1": [payloads.trade()], "0": None}]
)
def test_trades_in_each_of_their_wrappings(trades: Any) -> None:
    data = json.dumps({"trades": trades}).encode()
    assert len(parse.trade_items(data, may_be_absent=False)) == 1


def test_an_update_without_its_list_is_no_update() -> None:
    for read in (parse.trade_items, parse.order_items, parse.transaction_items):
        assert read(b'{"trades":null,"orders":null,"txs":null}', may_be_absent=False) == []
        with pytest.raises(WireError, match="lacks"):
            read(b"{}", may_be_absent=False)


def test_no_positions_is_no_statement_of_being_flat() -> None:
    for frame in (b'{"positions":null}', b"{}"):
        with pytest.raises(WireError):
            parse.position_items(frame, may_be_absent=False)


BAD_AMOUNTS = ["NaN", "-1", "Infinity", "1E+9999999", "1e-999999", "", "0x10", None, True, [], {}]


@pytest.mark.parametrize("bad", BAD_AMOUNTS)
def test_what_is_no_amount_is_refused(bad: Any) -> None:
    with pytest.raises(WireError):
        list(parse.fills(raw(payloads.trade(size=bad)), ACCOUNT))
    with pytest.raises(WireError):
        list(parse.orders(raw(payloads.order(filled_base_amount=bad))))
    with pytest.raises(WireError):
        list(parse.positions(raw(payloads.position(position=bad))))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(BAD_AMOUNTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def damaged(sample: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """A real payload with fields replaced or missing, or cut off in the middle, or no JSON at all."""
    replaced = st.dictionaries(st.sampled_from(sorted(sample)), ANYTHING, max_size=4)
    missing = st.sets(st.sampled_from(sorted(sample)), max_size=3)
    whole = st.builds(
        lambda new, gone: json.dumps({k: v for k, v in (sample | new).items() if k not in gone}).encode(),
        replaced,
        missing,
    )
    return whole | whole.map(lambda data: data[: len(data) // 2]) | st.binary(max_size=40)


READERS: list[tuple[dict[str, Any], Callable[[bytes], Any]]] = [
    (payloads.trade(), lambda data: list(parse.fills([Raw(data)], ACCOUNT))),
    (payloads.order(), lambda data: list(parse.orders([Raw(data)]))),
    (payloads.position(), lambda data: list(parse.positions([Raw(data)]))),
    (payloads.transaction(), parse.transaction),
    (payloads.book(3, 1, [("1.0", "2.0")]), parse.book_change),
    ({"trades": {"1": []}}, lambda data: parse.trade_items(data, may_be_absent=True)),
    ({"positions": {"1": {}}}, lambda data: parse.position_items(data, may_be_absent=True)),
    ({"order_book_details": [payloads.market_detail("BTC", 1, 5, 1)]}, lambda data: list(parse.markets(data))),
]


@given(st.data())
def test_nothing_but_a_wire_error_ever_comes_out(data: st.DataObject) -> None:
    sample, read = data.draw(st.sampled_from(READERS))
    try:
        read(data.draw(damaged(sample)))
    except WireError as error:
        assert error.source.startswith("lighter.")


def test_a_payload_nested_without_end_is_a_wire_error() -> None:
    for deep in (b"[" * 200_000, b'{"trades":' * 50_000):
        with pytest.raises(WireError):
            parse.trade_items(deep, may_be_absent=True)
