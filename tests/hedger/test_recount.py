"""Counting a lost ledger anew from the venues' own records."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.fill import Fill
from hedge_strategy.domain.ids import flatten_client_order_index, hedge_client_order_index
from hedge_strategy.domain.market import Market
from hedge_strategy.domain.order import OrderReport, OrderStatus, Side
from hedge_strategy.hedger.recount import VenueRecords, closing_trades, doubled, is_complete, recount

ETH = Market("ETH", 0, 4, 2, Decimal("0.005"), Decimal(10))
A, B = 7, 8
BUY_ORDER = (1 << 48) + (1 << 48) - 5
SELL_ORDER = (1 << 48) + 9
PRICE = Decimal(4000)


def fill(trade_id: int, order: int, side: Side, lots: int, *, account: int = A, number: int = 0) -> Fill:
    return Fill(trade_id, account, 0, order, number, side, ETH.size_of(lots), PRICE, account == A, 1000 + trade_id, 1)


def hedge(trade_id: int, maker_order: int, side: Side, lots: int, attempt: int) -> Fill:
    number = hedge_client_order_index(maker_order, attempt)
    return fill(trade_id, 100 + attempt, side, lots, account=B, number=number)


def report(maker_order: int, attempt: int) -> OrderReport:
    number = hedge_client_order_index(maker_order, attempt)
    zero = Decimal(0)
    return OrderReport(
        B, 0, 900 + attempt, number, Side.SELL, PRICE, ETH.lot, zero, zero, OrderStatus.CANCELED, "canceled", 0
    )


def records(*fills: Fill, resting: frozenset[int] = frozenset(), ended: tuple[OrderReport, ...] = ()) -> VenueRecords:
    ours = tuple(one for one in fills if one.account_index == A)
    theirs = tuple(one for one in fills if one.account_index == B)
    return VenueRecords(ETH, ours, resting, theirs, ended)


def test_partial_fills_and_their_hedges_add_up_per_order() -> None:
    first, second = recount(
        records(
            fill(1, BUY_ORDER, Side.BUY, 3),
            fill(2, SELL_ORDER, Side.SELL, 5),
            fill(3, BUY_ORDER, Side.BUY, 7),
            hedge(4, BUY_ORDER, Side.SELL, 3, attempt=0),
            hedge(5, BUY_ORDER, Side.SELL, 4, attempt=1),
            resting=frozenset({BUY_ORDER}),
        ),
        A,
    )
    assert (first.order.order_index, first.filled_lots, first.hedged_lots, first.attempts) == (SELL_ORDER, 5, 0, 0)
    assert (second.order.order_index, second.filled_lots, second.hedged_lots, second.attempts) == (BUY_ORDER, 10, 7, 2)
    assert (first.is_final, second.is_final) == (True, False)
    assert second.last_trade_id == 3
    assert second.filled_quote == ETH.size_of(10) * PRICE


def test_a_trade_that_is_listed_twice_counts_once() -> None:
    twice = (fill(1, BUY_ORDER, Side.BUY, 3), hedge(2, BUY_ORDER, Side.SELL, 3, attempt=0)) * 2
    (line,) = recount(records(*twice), A)
    assert (line.filled_lots, line.hedged_lots) == (3, 3)


def test_an_attempt_that_executed_nothing_uses_its_number_up() -> None:
    (line,) = recount(records(fill(1, BUY_ORDER, Side.BUY, 3), ended=(report(BUY_ORDER, 4),)), A)
    assert line.attempts == 5


def test_trades_that_are_no_hedges_of_these_orders_are_passed_over() -> None:
    (line,) = recount(
        records(
            fill(1, BUY_ORDER, Side.BUY, 3),
            fill(2, 55, Side.SELL, 9, account=B, number=0),
            hedge(3, SELL_ORDER, Side.BUY, 2, attempt=0),
        ),
        A,
    )
    assert (line.order.order_index, line.hedged_lots) == (BUY_ORDER, 0)


def test_a_doubled_order_is_named() -> None:
    lines = recount(records(fill(1, BUY_ORDER, Side.BUY, 3), hedge(2, BUY_ORDER, Side.SELL, 6, attempt=0)), A)
    assert [line.order.order_index for line in doubled(lines)] == [BUY_ORDER]


@given(
    st.lists(
        st.tuples(st.sampled_from([BUY_ORDER, SELL_ORDER]), st.integers(1, 9), st.integers(0, 9)),
        min_size=1,
        max_size=8,
    ),
    st.integers(-9, 9),
)
def test_a_complete_count_explains_the_positions_and_an_incomplete_one_does_not(
    trades: list[tuple[int, int, int]], baseline: int
) -> None:
    all_fills: list[Fill] = []
    attempts: dict[int, int] = defaultdict(int)
    net = baseline
    for order, filled, hedged in trades:
        side = Side.BUY if order == BUY_ORDER else Side.SELL
        all_fills.append(fill(len(all_fills) + 1, order, side, filled))
        net += side.sign * filled
        if hedged:
            all_fills.append(hedge(len(all_fills) + 1, order, side.opposite, hedged, attempts[order]))
            attempts[order] += 1
            net -= side.sign * hedged
    size, start = ETH.size_of(net), ETH.size_of(baseline)
    assert is_complete(recount(records(*all_fills), A), ETH, size, start)
    for missing in range(len(all_fills)):
        rest = all_fills[:missing] + all_fills[missing + 1 :]
        hedges_of_gone = all_fills[missing].account_index == A and not any(
            one.account_index == A and one.order_index == all_fills[missing].order_index for one in rest
        )
        if not hedges_of_gone:
            assert not is_complete(recount(records(*rest), A), ETH, size, start)


@pytest.mark.parametrize("lots", [1, 12_345])
def test_sizes_are_exact(lots: int) -> None:
    (line,) = recount(records(fill(1, SELL_ORDER, Side.SELL, lots)), A)
    assert line.filled_lots == lots


def test_orders_that_closed_positions_are_no_maker_orders_but_explain_the_positions() -> None:
    number = flatten_client_order_index(1_760_000_000, 0, 1)
    found = records(
        fill(1, BUY_ORDER, Side.BUY, 50),
        hedge(2, BUY_ORDER, Side.SELL, 30, 0),
        fill(3, 77, Side.SELL, 50, number=number),
        fill(3, 77, Side.SELL, 50, number=number),
        fill(4, 78, Side.BUY, 30, account=B, number=number),
    )
    (line,) = recount(found, A)
    assert (line.filled_lots, line.hedged_lots) == (50, 30)
    assert closing_trades(found) == -ETH.size_of(20)
    assert is_complete((line,), ETH, Decimal(0), Decimal(0), closing_trades(found))
