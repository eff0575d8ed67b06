"""The venue's position held against the fills."""

from decimal import Decimal

import pytest

from hedge_strategy.maker.position_check import ASK_AGAIN_MS, GRACE_MS, PositionCheck

ONE = Decimal(1)
ZERO = Decimal(0)


def _disagreement(check: PositionCheck, net_told: Decimal, now_ms: int) -> str | None:
    return check.disagreement(net_told, now_ms, is_settled=True)


def _settled() -> PositionCheck:
    """Everything was read, and nothing moves, at 1."""
    check = PositionCheck()
    check.seen(ONE)
    assert _disagreement(check, ONE, 0) is None
    assert _disagreement(check, ONE, GRACE_MS) is None
    return check


def test_an_unknown_position_is_not_zero() -> None:
    check = PositionCheck()
    assert _disagreement(check, ZERO, 0) == "the position is not known yet"


def test_what_was_held_before_is_the_zero() -> None:
    check = PositionCheck()
    check.seen(Decimal(5))
    assert _disagreement(check, ZERO, 0) is None
    assert _disagreement(check, ZERO, GRACE_MS) is None
    check.seen(Decimal(6))
    assert _disagreement(check, ONE, GRACE_MS + 1) is None
    assert _disagreement(check, ZERO, GRACE_MS + 2) == ""


def test_frames_that_overtake_each_other_are_waited_for_without_a_word() -> None:
    check = _settled()
    assert _disagreement(check, Decimal(2), GRACE_MS + 1) == ""
    check.seen(Decimal(2))
    assert _disagreement(check, Decimal(2), GRACE_MS + 2) is None


def test_a_lasting_disagreement_is_said_and_read_again_now_and_then() -> None:
    check = _settled()
    check.seen(Decimal(3))
    start_ms = 10 * GRACE_MS
    assert _disagreement(check, ONE, start_ms) == ""
    assert not check.wants_reading(start_ms)
    reason = _disagreement(check, ONE, start_ms + GRACE_MS)
    assert reason is not None
    assert "3" in reason
    assert check.wants_reading(start_ms + GRACE_MS)
    assert not check.wants_reading(start_ms + GRACE_MS + ASK_AGAIN_MS - 1)
    assert check.wants_reading(start_ms + GRACE_MS + ASK_AGAIN_MS)
    assert _disagreement(check, Decimal(3), start_ms + 2 * GRACE_MS) is None, "the missed fill was found"


@pytest.mark.parametrize("late_ms", [1_000, 1_000_000])
def test_until_history_is_read_to_the_end_a_late_fill_moves_the_zero(late_ms: int) -> None:
    check = PositionCheck()
    check.seen(ONE)
    for now_ms in (0, GRACE_MS, late_ms):
        assert check.disagreement(ZERO, now_ms, is_settled=False) is None
    assert _disagreement(check, ONE, late_ms + 1) is None, "a fill from before the start is found"
    assert _disagreement(check, ONE, late_ms + 1 + GRACE_MS) is None
    check.seen(Decimal(2))
    assert _disagreement(check, ONE, late_ms + 2 + GRACE_MS) == ""


def test_a_fill_that_is_missed_after_a_reconnect_does_not_move_the_zero() -> None:
    check = _settled()
    check.seen(Decimal(2))
    start_ms = 10 * GRACE_MS
    assert check.disagreement(ONE, start_ms, is_settled=False) == ""
    assert check.disagreement(ONE, start_ms + GRACE_MS, is_settled=False) is not None
    assert check.disagreement(Decimal(2), start_ms + 2 * GRACE_MS, is_settled=False) is None


def test_a_frame_that_came_during_a_reading_is_newer_than_it() -> None:
    check = PositionCheck()
    check.reading_began()
    check.seen(Decimal(2))
    check.read(ONE)
    assert check.size == 2
    check.reading_began()
    check.read(ONE)
    assert check.size == 1


def test_a_process_that_stood_still_waits_for_the_frames_of_that_time() -> None:
    """The zero is not fixed, and no disagreement is said, before what came meanwhile was heard."""
    check = PositionCheck()
    check.seen(ONE)
    assert _disagreement(check, ONE, 0) is None
    assert _disagreement(check, Decimal(2), 10) is None, "the position's frame comes after the fill's"
    thawed_ms = 30_000
    assert _disagreement(check, Decimal(2), thawed_ms) is None
    check.seen(Decimal(2))
    for now_ms in range(thawed_ms, thawed_ms + 3 * GRACE_MS, GRACE_MS // 4):
        assert _disagreement(check, Decimal(2), now_ms) is None
