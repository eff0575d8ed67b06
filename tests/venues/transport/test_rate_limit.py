"""Requests stay within the venue's rolling minute, and reads never use up what hedges need."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.allowance import Allowance
from hedge_strategy.venues.lighter.config import RATE_RULES, Tier
from hedge_strategy.venues.transport.rate_limit import URGENT_SENDS, WINDOW_MS, RateLimiter, RateRules, RollingWindow

SHARED = RateRules(reads_per_window=60, sends_per_window=40, is_pool_shared=True, send_reserve=20, is_weighted=False)


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 30)), max_size=150), st.integers(1, 100))
def test_no_rolling_minute_ever_holds_more_than_the_limit(steps: list[tuple[int, int]], limit: int) -> None:
    window, now_ms, booked = RollingWindow(limit), 0, []
    for pause_ms, weight in steps:
        now_ms += pause_ms
        weight = min(weight, limit)
        if window.delay_ms(weight, now_ms) == 0:
            window.book(weight, now_ms)
            booked.append((now_ms, weight))
    for end_ms, _ in booked:
        assert sum(weight for at, weight in booked if end_ms - WINDOW_MS < at <= end_ms) <= limit


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 9)), min_size=1, max_size=80))
def test_the_delay_that_is_told_is_enough(steps: list[tuple[int, int]]) -> None:
    window, now_ms = RollingWindow(20), 0
    for pause_ms, weight in steps:
        now_ms += pause_ms
        now_ms += window.delay_ms(weight, now_ms)
        assert window.delay_ms(weight, now_ms) == 0
        window.book(weight, now_ms)


def test_reads_leave_the_reserve_to_sends() -> None:
    limiter = RateLimiter(SHARED)
    taken = sum(limiter.take_read(300, 0) == 0 for _ in range(100))
    assert taken == 40
    assert [limiter.take_send(0) for _ in range(20)] == [0] * 20
    assert limiter.take_send(0) == WINDOW_MS


def test_a_pool_of_its_own_is_untouched_by_reads() -> None:
    limiter = RateLimiter(RateRules(reads_per_window=600, sends_per_window=3))
    assert limiter.take_read(600, 0) == 0
    assert limiter.take_read(6, 0) == WINDOW_MS
    assert [limiter.take_send(0) for _ in range(3)] == [0, 0, 0]
    assert limiter.take_send(10) == WINDOW_MS - 10


def test_a_refusal_by_the_venue_closes_the_door_for_both() -> None:
    limiter = RateLimiter(SHARED)
    limiter.refused_by_venue(now_ms=1_000, pause_ms=5_000)
    assert limiter.take_read(1, 2_000) == 4_000
    assert limiter.take_send(2_000) == 4_000
    assert limiter.take_send(6_000) == 0


def test_what_is_left_is_what_would_still_go_out() -> None:
    limiter = RateLimiter(SHARED)
    assert limiter.left(0) == Allowance(sends=40, reads=40)
    for _ in range(30):
        assert limiter.take_read(1, 0) == 0
    assert limiter.left(0) == Allowance(sends=30, reads=10), "transactions and reads share the sixty"
    limiter.refused_by_venue(0, 5_000)
    assert limiter.left(1_000).closed_ms == 4_000
    assert limiter.left(WINDOW_MS) == Allowance(sends=40, reads=40)


@pytest.mark.parametrize("tier", list(RATE_RULES))
@pytest.mark.parametrize("markets", [1, 20])
def test_all_markets_can_cancel_at_once_whatever_was_placed_and_read_before(tier: Tier, markets: int) -> None:
    limiter = RateLimiter(RATE_RULES[tier])
    limiter.serve(markets)
    while limiter.take_read(300, 0) == 0:
        """Until there is no room."""
    placed = 0
    while limiter.take_send(0, is_urgent=False) == 0:
        placed += 1
    assert placed > 0 or markets == 20
    assert [limiter.take_send(1, is_urgent=True) for _ in range(max(URGENT_SENDS, markets))] == [0] * max(8, markets)


def test_what_is_kept_for_cancels_is_never_more_than_half() -> None:
    limiter = RateLimiter(SHARED)
    limiter.serve(1_000)
    assert sum(limiter.take_send(0, is_urgent=False) == 0 for _ in range(60)) == 20
    limiter.serve(1)
    assert sum(limiter.take_send(0, is_urgent=False) == 0 for _ in range(60)) == 12
