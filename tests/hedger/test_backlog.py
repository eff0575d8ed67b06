"""What waits for its hedge, and which entries may be acknowledged."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hedge_strategy.coordination.ledger_rows import SeenFill
from hedge_strategy.domain.hedge import OrderKey, OrderLine
from hedge_strategy.domain.order import Side
from hedge_strategy.hedger import backlog as module
from hedge_strategy.hedger.backlog import (
    DONE_KEPT,
    FRUITLESS_PAUSE_MS,
    LONGEST_FRUITLESS_PAUSE_MS,
    Backlog,
    Waiting,
)
from hedge_strategy.hedger.sizing import HedgeRule
from hedge_strategy.venues.port import BookTop
from tests.hedger.world import BTC, order_key, seen

PRICE = Decimal(100)


def _next(backlog: Backlog, now_ms: int) -> Waiting | None:
    return backlog.next_ready(now_ms, replace(APART, keeps_apart=False), TOP)


def _line(hedged: int, *, filled: int = 100, in_flight: int = 0, number: int = 1) -> OrderLine:
    return OrderLine(order_key(number), Side.BUY, filled, hedged, in_flight, is_final=False)


def test_later_and_larger_replaces_and_neither_size_nor_end_is_ever_taken_back() -> None:
    backlog = Backlog()
    backlog.heard(seen(30), PRICE, None)
    backlog.heard(seen(100), None, None)
    backlog.heard(seen(70, is_final=True), Decimal(50), None)
    waiting = backlog.waiting(order_key())
    assert waiting is not None
    assert (waiting.fill.filled_lots, waiting.fill.is_final, waiting.average_price) == (100, True, PRICE)
    backlog.heard(seen(100), PRICE, None)
    assert waiting.fill.is_final


APART = HedgeRule(BTC, BTC, Decimal("0.005"), keeps_apart=True)
TOP = BookTop(((Decimal(99), Decimal(1)),), ((Decimal(101), Decimal(1)),), is_live=True)


@pytest.mark.parametrize(
    ("side", "price", "is_final", "book", "may_go"),
    [
        (Side.BUY, Decimal(99), False, TOP, False),  # the best bid is A's own: a sale could meet nothing else
        (Side.BUY, Decimal(98), False, TOP, True),  # somebody bids more than A
        (Side.SELL, Decimal(101), False, TOP, False),
        (Side.SELL, Decimal(102), False, TOP, True),
        (Side.BUY, Decimal(99), True, TOP, True),  # A's order has ended
        (Side.BUY, None, False, TOP, False),  # it is not known where A's order stands
        (Side.BUY, Decimal(98), False, replace(TOP, is_live=False), False),
    ],
)
def test_a_hedge_waits_while_it_could_only_meet_the_rest_of_a_s_order(
    side: Side, price: Decimal | None, is_final: bool, book: BookTop, may_go: bool
) -> None:
    backlog = Backlog()
    backlog.heard(seen(10, is_final=is_final, side=side), price, None)
    assert (backlog.next_ready(1_000, APART, book) is not None) is may_go
    assert bool(backlog.waits_for(APART, book)) is not may_go


def test_a_hedge_does_not_wait_for_ever_for_the_end_of_a_s_order() -> None:
    backlog = Backlog()
    backlog.heard(seen(10, side=Side.BUY), Decimal(99), None)
    assert backlog.next_ready(1_000, APART, TOP) is None
    assert backlog.next_ready(1_000 + APART.apart_ms - 1, APART, TOP) is None
    waiting = backlog.next_ready(1_000 + APART.apart_ms, APART, TOP)
    assert waiting is not None
    assert not waiting.must_stay_apart, "an order that only takes better prices would execute nothing"


def test_behind_one_that_waits_for_the_end_of_a_s_order_others_go_on_and_its_time_runs() -> None:
    backlog = Backlog()
    backlog.heard(seen(10, side=Side.BUY), Decimal(99), None)
    for number in (2, 3):
        backlog.heard(seen(10, number, is_final=True), Decimal(99), None)
    other = backlog.next_ready(1_000, APART, TOP)
    assert other is not None
    assert other.fill.order == order_key(2)
    assert backlog.next_ready(1_000 + APART.apart_ms, APART, TOP) is backlog.waiting(order_key())


def test_a_price_that_is_told_later_is_taken_though_no_more_was_filled() -> None:
    backlog = Backlog()
    backlog.lacks(_line(0), None)
    backlog.heard(seen(100), PRICE, None)
    waiting = backlog.waiting(order_key())
    assert waiting is not None
    assert waiting.average_price == PRICE


@pytest.mark.parametrize("lots", [10, 20])
def test_an_order_that_has_ended_is_due_at_once(lots: int) -> None:
    backlog = Backlog()
    assert backlog.heard(seen(10), PRICE, None) is None
    waiting = backlog.waiting(order_key())
    assert waiting is not None
    waiting.attempted(0, 1_000)
    assert backlog.heard(seen(lots, is_final=True), PRICE, None) == order_key()
    assert _next(backlog, 1_000) is waiting
    assert waiting.fruitless == 0
    assert backlog.heard(seen(lots, is_final=True), PRICE, None) is None


def test_orders_wait_in_turn_and_one_that_came_to_nothing_lets_others_pass() -> None:
    backlog = Backlog()
    for number in (1, 2):
        backlog.heard(seen(10, number), PRICE, None)
    first = _next(backlog, 0)
    assert first is not None
    assert first.fill.order == order_key(1)
    first.attempted(0, 1_000)
    second = _next(backlog, 1_000)
    assert second is not None
    assert second.fill.order == order_key(2)
    assert _next(backlog, 1_000 + FRUITLESS_PAUSE_MS) is first


def test_pauses_grow_to_a_bound_and_end_with_success() -> None:
    waiting = Waiting(seen(10), PRICE)
    pauses = []
    for _ in range(10):
        waiting.attempted(0, 0)
        pauses.append(waiting.not_before_ms)
    assert pauses[:3] == [250, 500, 1_000]
    assert pauses[-1] == LONGEST_FRUITLESS_PAUSE_MS
    waiting.attempted(5, 0)
    assert (waiting.fruitless, waiting.not_before_ms) == (0, 0)


def test_entries_are_done_when_the_ledger_has_hedged_as_much_as_they_say() -> None:
    backlog = Backlog()
    for name, lots in (("1-0", 30), ("2-0", 100), ("3-0", 30)):
        backlog.heard(seen(lots), PRICE, name)
    backlog.heard(seen(30, 2), PRICE, "4-0")
    assert backlog.settled(_line(30)) == ("1-0", "3-0")
    assert backlog.waiting(order_key()) is not None
    assert backlog.settled(_line(100, in_flight=1)) == ("2-0",)
    assert backlog.waiting(order_key()) is not None, "a hedge is still on its way"
    assert backlog.settled(_line(100)) == ()
    assert backlog.waiting(order_key()) is None
    assert len(backlog) == 1


def test_it_is_full_by_entries_and_empty_after_clearing() -> None:
    backlog = Backlog()
    for number in range(module.ENTRIES_MAX):
        backlog.heard(seen(1), PRICE, f"{number}-0")
    assert backlog.is_full
    backlog.clear()
    assert not backlog.is_full
    assert _next(backlog, 10**9) is None


def test_a_message_with_the_other_side_does_not_replace_what_is_known() -> None:
    backlog = Backlog()
    known = SeenFill(OrderKey(7, 1, 9), Side.BUY, 20, "0", is_final=False)
    backlog.heard(known, None, "1-0")
    backlog.heard(SeenFill(known.order, Side.SELL, 90, "0", is_final=True), None, "2-0")
    waiting = backlog.waiting(known.order)
    assert waiting is not None
    assert waiting.fill == known


def test_a_refused_order_is_forgotten_and_its_entries_are_given_back() -> None:
    backlog = Backlog()
    refused = SeenFill(OrderKey(7, 1, 9), Side.BUY, 20, "0", is_final=False)
    other = SeenFill(OrderKey(7, 1, 10), Side.BUY, 20, "0", is_final=False)
    for number, fill in enumerate((refused, other, refused)):
        backlog.heard(fill, None, f"{number}-0")
    assert backlog.refused(refused.order) == ("0-0", "2-0")
    assert (backlog.waiting(refused.order), len(backlog)) == (None, 1)


def test_only_what_the_ledger_has_said_of_that_very_message_or_a_later_one_is_done() -> None:
    backlog = Backlog()
    backlog.heard(seen(100), PRICE, None)
    assert not backlog.is_done(seen(100)), "it only waits"
    backlog.settled(_line(60))
    assert not backlog.is_done(seen(60)), "the order still waits"
    backlog.settled(_line(100))
    assert backlog.is_done(seen(100))
    assert backlog.is_done(seen(60))
    for other in (seen(101), seen(60, is_final=True), seen(100, is_final=True), seen(60, side=Side.SELL), seen(60, 2)):
        assert not backlog.is_done(other), f"the ledger must be asked about {other}"
    backlog.clear()
    assert not backlog.is_done(seen(100)), "the market is another's now"


def test_orders_that_are_known_to_be_done_are_forgotten_beyond_the_bound() -> None:
    backlog = Backlog()
    for number in range(1, DONE_KEPT + 2):
        backlog.heard(seen(100, number), PRICE, None)
        backlog.settled(_line(100, number=number))
    assert [backlog.is_done(seen(100, number)) for number in (1, 2, DONE_KEPT + 1)] == [False, True, True]
