"""A market among few is looked after as one alone; among many a little less often, and never seldom."""

from hedge_strategy.hedger.pace import TICK_MAX_S, TICK_S, tick_s


def test_few_markets_cost_none_of_them_anything_and_many_have_a_bound() -> None:
    assert tick_s(0) == tick_s(1) == tick_s(8) == TICK_S
    assert TICK_S < tick_s(12) < tick_s(24) < TICK_MAX_S
    assert tick_s(40) == tick_s(1_000) == TICK_MAX_S
