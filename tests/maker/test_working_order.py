"""The one order: it ends by the venue's word only, and a cancel is given until it works."""

from dataclasses import replace
from decimal import Decimal

from hedge_strategy.domain.order import Accepted, OrderReport, OrderStatus, Rejected, Side, Unknown
from hedge_strategy.maker.events import AnnounceOrder, CancelAll, CancelOrder, LookUpOrder
from hedge_strategy.maker.working_order import (
    ABSENCE_PROOF_MS,
    ANNOUNCED_BEYOND_MS,
    REPORT_GRACE_MS,
    Phase,
    WorkingOrder,
)

INDEX = 77
OPEN = OrderReport(
    7, 1, 500, INDEX, Side.BUY, Decimal(1), Decimal(1), Decimal(0), Decimal(0), OrderStatus.OPEN, "open", 0
)
CANCELED = replace(OPEN, status=OrderStatus.CANCELED, reason="canceled")
NO = Rejected(21600, "not an active limit order")


def _resting() -> WorkingOrder:
    order = WorkingOrder(INDEX, deadline_ms=10_000)
    assert order.place_ended(Accepted(200), "0x1", 100) == ()
    order.reported(OPEN)
    return order


def test_it_is_cancelled_at_its_deadline_and_ends_with_the_final_report() -> None:
    order = _resting()
    assert order.tick(9_999) == ()
    assert order.tick(10_000) == (CancelOrder(INDEX),)
    order.reported(CANCELED)
    assert order.ended == "canceled"


def test_a_cancel_wanted_before_the_answer_is_given_after_it() -> None:
    order = WorkingOrder(INDEX, deadline_ms=10_000)
    assert order.want_cancel() == ()
    assert order.place_ended(Accepted(200), "0x1", 100) == (CancelOrder(INDEX),)


def test_it_is_announced_once_when_the_whole_of_it_rests_for_as_long_as_it_may() -> None:
    order = _resting()
    (told,) = order.announcement(OPEN, 4_000)
    assert told == AnnounceOrder(500, Side.BUY, Decimal(1), Decimal(1), 6_000 + ANNOUNCED_BEYOND_MS)
    assert order.announcement(OPEN, 4_000) == ()


def test_what_is_filled_in_part_ended_or_being_cancelled_is_not_announced() -> None:
    assert _resting().announcement(replace(OPEN, filled_size=Decimal("0.5")), 0) == ()
    assert _resting().announcement(CANCELED, 0) == ()
    order = _resting()
    order.want_cancel()
    assert order.announcement(OPEN, 0) == ()


def test_a_refusal_at_the_door_ends_it() -> None:
    order = WorkingOrder(INDEX, deadline_ms=10_000)
    order.place_ended(NO, "0x1", 100)
    assert order.ended is not None


def test_accepted_and_refused_inside_ends_it_whichever_is_heard_first() -> None:
    late = WorkingOrder(INDEX, deadline_ms=10_000)
    late.place_ended(Accepted(200), "0x1", 100)
    late.transaction_failed("0x2", "another's")
    assert late.ended is None
    late.transaction_failed("0x1", "margin")
    assert late.ended == "never existed: margin"
    early = WorkingOrder(INDEX, deadline_ms=10_000)
    early.transaction_failed("0x1", "margin")
    assert early.ended is None
    early.place_ended(Accepted(200), "0x1", 100)
    assert early.ended is not None


def test_a_cancel_that_was_accepted_without_effect_is_given_again() -> None:
    order = _resting()
    order.tick(10_000)
    assert order.looked_up(OPEN, 10_500) == (), "its own answer is still out"
    order.cancel_ended(Accepted(10_600), 10_550)
    due_ms = 10_600 + REPORT_GRACE_MS
    assert order.tick(due_ms) == (LookUpOrder(INDEX),)
    assert order.looked_up(OPEN, due_ms + 100) == (CancelOrder(INDEX),)


def test_a_cancel_that_was_refused_is_followed_by_one_of_everything_until_it_is_taken() -> None:
    order = _resting()
    order.tick(10_000)
    assert order.cancel_ended(NO, 10_100) == (CancelAll(),)
    assert order.cancel_ended(Unknown("lost"), 10_200) == ()
    assert order.looked_up(None, 11_000) == (CancelAll(),)
    assert order.looked_up(None, 12_000) == (), "one is on its way"


def test_in_doubt_absence_counts_only_after_an_accepted_cancel() -> None:
    order = WorkingOrder(INDEX, deadline_ms=10_000)
    assert order.place_ended(Unknown("lost"), "0x1", 0) == (CancelAll(),)
    assert order.phase is Phase.DOUBTFUL
    order.looked_up(None, 1_000)
    order.looked_up(None, 1_000 + 2 * ABSENCE_PROOF_MS)
    assert order.ended is None
    order.cancel_ended(Accepted(50_000), 50_000)
    order.looked_up(None, 51_000)
    order.looked_up(None, 51_000 + ABSENCE_PROOF_MS - 1)
    assert order.ended is None
    order.looked_up(None, 51_000 + ABSENCE_PROOF_MS)
    assert order.ended is not None


def test_in_doubt_an_order_that_shows_up_is_cancelled_or_ended() -> None:
    order = WorkingOrder(INDEX, deadline_ms=10_000)
    order.place_ended(Unknown("lost"), "0x1", 0)
    order.cancel_ended(NO, 100)
    assert order.looked_up(OPEN, 1_000) == (CancelOrder(INDEX),)
    order.looked_up(CANCELED, 2_000)
    assert order.ended == "canceled"


def test_an_order_that_is_never_reported_is_looked_up_one_at_a_time() -> None:
    order = WorkingOrder(INDEX, deadline_ms=100_000)
    order.place_ended(Accepted(200), "0x1", 100)
    due_ms = 200 + REPORT_GRACE_MS
    assert order.tick(due_ms - 1) == ()
    assert order.tick(due_ms) == (LookUpOrder(INDEX),)
    assert order.tick(due_ms + 5_000) == ()
    order.look_up_failed()
    assert order.tick(due_ms + 5_000) == (LookUpOrder(INDEX),)
