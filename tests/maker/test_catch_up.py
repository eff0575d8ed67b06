"""When A reads what it may have missed."""

from hedge_strategy.maker.catch_up import AFTER_CONNECT_MS, LOOK_BACK_MS, RETRY_MS, SILENCE_MS, CatchUpPlan
from hedge_strategy.wiring import HISTORY_LAG_MS


def _read_all(plan: CatchUpPlan, connected_ms: int) -> None:
    for after in AFTER_CONNECT_MS:
        assert plan.is_due(connected_ms + after)
        plan.started(connected_ms + after)
        assert not plan.is_due(connected_ms + after)
        plan.done(connected_ms + after)


def test_it_reads_at_once_and_again_until_history_cannot_lag() -> None:
    plan = CatchUpPlan(500)
    assert not plan.is_due(1_000)
    plan.connected(1_000)
    assert not plan.has_caught_up
    _read_all(plan, 1_000)
    assert plan.has_caught_up
    assert plan.is_complete
    assert not plan.is_due(10**9)
    assert AFTER_CONNECT_MS[-1] > HISTORY_LAG_MS, "the longest lag of the venue's history"


def test_ended_orders_are_asked_for_from_the_last_complete_reading_on() -> None:
    plan = CatchUpPlan(500_000)
    assert plan.since_ms == 500_000 - LOOK_BACK_MS
    plan.connected(600_000)
    plan.started(600_000)
    plan.done(600_000)
    assert plan.since_ms == 500_000 - LOOK_BACK_MS, "one reading of five is not complete"
    plan.connected(700_000)
    _read_all(plan, 700_000)
    assert plan.since_ms == 700_000 + AFTER_CONNECT_MS[-1] - LOOK_BACK_MS


def test_a_long_connection_shortens_what_is_read_after_it() -> None:
    plan = CatchUpPlan(0)
    plan.connected(1_000)
    _read_all(plan, 1_000)
    plan.disconnected(10_000_000)
    assert not plan.has_caught_up
    assert plan.since_ms == 10_000_000 - SILENCE_MS - LOOK_BACK_MS
    plan.disconnected(20_000_000)
    assert plan.since_ms == 10_000_000 - SILENCE_MS - LOOK_BACK_MS


def test_a_reading_from_before_the_reconnect_does_not_count() -> None:
    plan = CatchUpPlan(0)
    plan.connected(1_000)
    plan.started(1_000)
    plan.connected(2_000)
    plan.done(2_500)
    assert not plan.has_caught_up
    plan.started(2_600)
    plan.done(2_700)
    assert plan.has_caught_up


def test_a_failed_reading_is_tried_again_soon() -> None:
    plan = CatchUpPlan(0)
    plan.connected(1_000)
    plan.started(20_000)
    plan.failed(20_100)
    assert not plan.has_caught_up
    assert not plan.is_due(20_100)
    assert plan.is_due(20_100 + RETRY_MS)


def test_asking_for_one_more_reading_many_times_plans_one() -> None:
    plan = CatchUpPlan(0)
    for now_ms in range(0, 500, 20):
        plan.again_soon(now_ms)
    plan.started(1_000)
    plan.done(1_100)
    assert not plan.is_due(10**9)
