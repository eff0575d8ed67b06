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
    steps = [one.look(seen, now_ms).step for now_ms in (0, 29_999, 30_000, 30_001, 59_999, 60_000, 70_000)]
    assert steps == [
        GuardStep.WAIT,
        GuardStep.WAIT,
        GuardStep.RECOUNT,
        GuardStep.WAIT,
        GuardStep.WAIT,
        GuardStep.FLATTEN,
        GuardStep.FLATTEN,
    ]


def test_a_difference_that_passes_is_forgotten() -> None:
    one, seen, fine = guard(), seen_at(ONE, ZERO, ZERO), seen_at(ONE, -ONE, ZERO)
    one.look(seen, 0)
    one.look(fine, 20_000)
    assert one.look(seen, 40_000).step is GuardStep.WAIT, "a new difference has its own time"


def test_a_doubled_hedge_is_a_difference_too() -> None:
    one = guard()
    one.look(seen_at(ONE, -2 * ONE, ZERO), 0)
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
