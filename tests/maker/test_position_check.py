"""The venue's position held against the fills."""

from decimal import Decimal

from hedge_strategy.maker.position_check import ASK_AGAIN_MS, GRACE_MS, LAG_MS, PositionCheck

ONE = Decimal(1)
ZERO = Decimal(0)


def _settled() -> PositionCheck:
    """Long after the start, in agreement at 1."""
    check = PositionCheck()
    check.seen(ONE)
    check.history_complete(0)
    assert check.disagreement(ONE, 0) is None
    assert check.disagreement(ONE, LAG_MS) is None
    return check


def test_an_unknown_position_is_not_zero() -> None:
    check = PositionCheck()
    assert check.disagreement(ZERO, 0) == "the position is not known yet"


def test_what_was_held_before_is_the_zero() -> None:
    check = PositionCheck()
    check.seen(Decimal(5))
    assert check.disagreement(ZERO, 0) is None
    check.seen(Decimal(6))
    assert check.disagreement(ONE, LAG_MS + 1) is None


def test_frames_that_overtake_each_other_are_waited_for_without_a_word() -> None:
    check = _settled()
    assert check.disagreement(Decimal(2), LAG_MS + 1) == ""
    check.seen(Decimal(2))
    assert check.disagreement(Decimal(2), LAG_MS + 2) is None


def test_a_lasting_disagreement_is_said_and_read_again_now_and_then() -> None:
    check = _settled()
    check.seen(Decimal(3))
    start_ms = LAG_MS + 10_000
    assert check.disagreement(ONE, start_ms) == ""
    assert not check.wants_reading(start_ms)
    reason = check.disagreement(ONE, start_ms + GRACE_MS)
    assert reason is not None
    assert "3" in reason
    assert check.wants_reading(start_ms + GRACE_MS)
    assert not check.wants_reading(start_ms + GRACE_MS + ASK_AGAIN_MS - 1)
    assert check.wants_reading(start_ms + GRACE_MS + ASK_AGAIN_MS)
    assert check.disagreement(Decimal(3), start_ms + 2 * GRACE_MS) is None, "the missed fill was found"


def test_just_after_the_start_lagging_history_moves_the_zero_instead() -> None:
    check = PositionCheck()
    check.seen(ONE)
    assert check.disagreement(ZERO, 0) is None
    assert check.disagreement(ONE, 1_000) == ""
    assert check.disagreement(ONE, 1_000 + GRACE_MS) is None


def test_history_that_is_read_late_still_moves_the_zero() -> None:
    check = PositionCheck()
    check.seen(ONE)
    late_ms = 10 * LAG_MS
    assert check.disagreement(ZERO, 0) is None
    check.history_complete(late_ms)
    assert check.disagreement(ONE, late_ms) == "", "a fill from before the start is found only now"
    assert check.disagreement(ONE, late_ms + GRACE_MS) is None
    check.history_complete(late_ms + LAG_MS)
    assert check.disagreement(ZERO, late_ms + LAG_MS) == ""
    assert check.disagreement(ZERO, late_ms + LAG_MS + GRACE_MS) is not None


def test_a_frame_that_came_during_a_reading_is_newer_than_it() -> None:
    check = PositionCheck()
    check.reading_began()
    check.seen(Decimal(2))
    check.read(ONE)
    assert check.size == 2
    check.reading_began()
    check.read(ONE)
    assert check.size == 1
