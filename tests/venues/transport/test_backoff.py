"""Pauses grow, stay within their bound, and differ between clients."""

import random

from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.venues.transport.backoff import Backoff


def test_pauses_double_up_to_the_bound_and_start_again_after_reset() -> None:
    backoff = Backoff(100, 1_000, lambda: 1.0)
    assert [backoff.next_delay_ms() for _ in range(6)] == [100, 200, 400, 800, 1_000, 1_000]
    backoff.reset()
    assert backoff.next_delay_ms() == 100


@given(st.integers(1, 10_000), st.integers(1, 60_000), st.integers(0, 2**32))
def test_no_pause_is_zero_or_above_the_bound(initial_ms: int, maximum_ms: int, seed: int) -> None:
    backoff = Backoff(initial_ms, maximum_ms, random.Random(seed).random)
    for _ in range(40):
        assert 1 <= backoff.next_delay_ms() <= maximum_ms


def test_two_clients_cut_off_together_do_not_come_back_together() -> None:
    first = Backoff(1_000, 60_000, random.Random(1).random)
    second = Backoff(1_000, 60_000, random.Random(2).random)
    assert [first.next_delay_ms() for _ in range(5)] != [second.next_delay_ms() for _ in range(5)]
