"""A market among few is looked after as one alone; among many a little less often, and never seldom."""

from hedge_strategy.hedger.flattening import QUIET_MS
from hedge_strategy.hedger.notices import NOTICE_INTERVAL_MS
from hedge_strategy.hedger.process import NOTICE_TRAVEL_MS
from hedge_strategy.hedger.rounds import ROUND_MS
from hedge_strategy.hosting.pace import (
    IDLE_TICK_MAX_S,
    IDLE_TICK_S,
    TICK_MAX_S,
    TICK_S,
    WATCH_S,
    spaced_ms,
    tick_s,
    watch_s,
)
from hedge_strategy.maker.process import COORDINATION_LONGEST_MS


def test_few_markets_cost_none_of_them_anything_and_many_have_a_bound() -> None:
    assert tick_s(0) == tick_s(1) == tick_s(8) == TICK_S
    assert TICK_S < tick_s(12) < tick_s(24) < TICK_MAX_S
    assert tick_s(40) == tick_s(1_000) == TICK_MAX_S


def test_where_nothing_is_under_way_a_market_is_looked_after_less_often() -> None:
    assert tick_s(1, is_idle=True) == tick_s(20, is_idle=True) == IDLE_TICK_S > TICK_S
    assert tick_s(100, is_idle=True) == IDLE_TICK_MAX_S > tick_s(100)


def test_the_owners_of_few_markets_look_every_second_and_those_of_many_less_often() -> None:
    assert watch_s(1) == watch_s(20) == WATCH_S
    assert watch_s(100) == 5 * WATCH_S


def test_what_has_not_changed_is_told_as_often_in_few_markets_and_less_often_in_many_with_a_bound() -> None:
    assert spaced_ms(250, 1_000, 0) == spaced_ms(250, 1_000, 25) == 250
    assert spaced_ms(250, 1_000, 50) == 500
    assert spaced_ms(250, 1_000, 1_000) == 1_000


def test_b_waits_long_enough_for_what_a_says_anew_however_many_markets_a_has() -> None:
    said_after_ms = COORDINATION_LONGEST_MS + 1_000 * max(TICK_MAX_S, IDLE_TICK_S)
    assert 1.5 * (said_after_ms + ROUND_MS) <= NOTICE_TRAVEL_MS, "else B ends while an order of A's may rest"
    assert 1.5 * (said_after_ms + NOTICE_INTERVAL_MS + ROUND_MS) <= QUIET_MS, "else it closes while one may"
