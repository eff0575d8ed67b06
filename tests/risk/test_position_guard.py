"""The guard asks for a recount, then for flattening, and only for what stays unexplained."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.risk.position_guard import GuardStep, PositionGuard, PositionsSeen

TIMEOUT_MS = 30_000
ZERO = Decimal(0)
ONE = Decimal("0.0002")
sizes = st.decimals(min_value=-5, max_value=5, places=4)


def guard() -> PositionGuard:
    return PositionGuard(TIMEOUT_MS)


def seen_at(maker: Decimal, hedger: Decimal, unhedged: Decimal, baseline: Decimal = ZERO) -> PositionsSeen:
    return PositionsSeen(maker, hedger, unhedged, baseline)


@given(sizes, sizes, sizes)
def test_what_the_ledger_explains_is_never_acted_upon(maker: Decimal, unhedged: Decimal, baseline: Decimal) -> None:
    one = guard()
    seen = seen_at(maker, baseline + unhedged - maker, unhedged, baseline)
    for now_ms in (0, TIMEOUT_MS, 10 * TIMEOUT_MS):
        assert one.look(seen, now_ms).step is GuardStep.NONE


def test_a_lasting_difference_is_recounted_once_and_then_flattened() -> None:
    one, seen = guard(), seen_at(ONE, ZERO, ZERO)
    steps = [one.look(seen, now_ms).step for now_ms in (0, 29_999, 30_000, 95_000, 124_999, 125_000, 130_000)]
    assert steps == [
        GuardStep.WAIT,
        GuardStep.WAIT,
        GuardStep.RECOUNT,
        GuardStep.WAIT,  # the recount took more than a minute, and its time counts for nothing
        GuardStep.WAIT,
        GuardStep.FLATTEN,
        GuardStep.FLATTEN,
    ]


def test_two_readings_far_apart_are_no_lasting_difference() -> None:
    """Nothing could be said in between: two fills that were on their way look like one mistake."""
    one, seen = guard(), seen_at(ONE, ZERO, ZERO)
    assert [one.look(seen, now_ms).step for now_ms in (0, TIMEOUT_MS)] == [GuardStep.WAIT, GuardStep.WAIT]
    assert one.look(seen, TIMEOUT_MS + 5_000).step is GuardStep.RECOUNT


def test_what_differs_by_another_amount_each_time_is_on_its_way_and_no_mistake() -> None:
    one = guard()
    for number, now_ms in enumerate(range(0, 10 * TIMEOUT_MS, 5_000), start=1):
        assert one.look(seen_at(number * ONE, ZERO, ZERO), now_ms).step is GuardStep.WAIT


def test_a_difference_that_a_recount_explained_says_nothing_of_the_next_one() -> None:
    one, seen = guard(), seen_at(ONE, ZERO, ZERO)
    for now_ms in (0, 15_000, 30_000):
        one.look(seen, now_ms)
    other = seen_at(ZERO, ONE + ONE, ZERO)
    steps = [one.look(other, now_ms).step for now_ms in (90_000, 105_000, 120_000)]
    assert steps == [GuardStep.WAIT, GuardStep.WAIT, GuardStep.RECOUNT]


def test_who_begins_anew_has_seen_nothing() -> None:
    one, seen = guard(), seen_at(ONE, ZERO, ZERO)
    for now_ms in (0, 15_000, 30_000):
        one.look(seen, now_ms)
    one.forget()
    steps = [one.look(seen, now_ms).step for now_ms in (90_000, 105_000, 120_000)]
    assert steps == [GuardStep.WAIT, GuardStep.WAIT, GuardStep.RECOUNT], "not flattened for what an earlier owner saw"


def test_a_difference_that_passes_is_forgotten() -> None:
    one, seen, fine = guard(), seen_at(ONE, ZERO, ZERO), seen_at(ONE, -ONE, ZERO)
    one.look(seen, 0)
    one.look(fine, 20_000)
    assert one.look(seen, 40_000).step is GuardStep.WAIT, "a new difference has its own time"


def test_a_doubled_hedge_is_a_difference_too() -> None:
    one = guard()
    for now_ms in (0, 10_000):
        one.look(seen_at(ONE, -2 * ONE, ZERO), now_ms)
    verdict = one.look(seen_at(ONE, -2 * ONE, ZERO), TIMEOUT_MS)
    assert verdict.step is GuardStep.RECOUNT
    assert "-0.0002" in verdict.reason


def test_what_the_accounts_held_before_counts_as_explained() -> None:
    assert guard().look(seen_at(ZERO, ZERO, ZERO, Decimal(1)), 0).step is GuardStep.WAIT
    assert guard().look(seen_at(ONE, ZERO, ZERO, ONE), 0).step is GuardStep.NONE


@pytest.mark.parametrize("unhedged", [ONE, -ONE])
def test_the_sign_of_what_is_unhedged_counts(unhedged: Decimal) -> None:
    one = guard()
    seen = seen_at(-unhedged, ZERO, unhedged)
    assert one.look(seen, 0).step is GuardStep.WAIT
