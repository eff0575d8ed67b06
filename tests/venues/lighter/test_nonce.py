"""A lane never hands a nonce out twice while its first transaction may run, and always finds its way back."""

import random

from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.venues.lighter.nonce import NonceLane


def fresh(venue_nonce: int = 7) -> NonceLane:
    lane = NonceLane()
    lane.refreshed(venue_nonce, is_quiet=True)
    return lane


def test_a_new_lane_hands_nothing_out_before_the_venue_was_asked() -> None:
    assert NonceLane().next() is None


def test_accepted_nonces_count_up() -> None:
    lane = fresh()
    assert lane.next() == 7
    lane.accepted(7)
    assert lane.next() == 8


def test_a_refused_nonce_is_given_back_when_it_is_the_last() -> None:
    lane = fresh()
    assert lane.next() == 7
    lane.rejected(7)
    assert lane.next() == 7


def test_a_refusal_below_a_later_nonce_asks_for_the_venues_counter() -> None:
    lane = fresh()
    assert (lane.next(), lane.next()) == (7, 8)
    lane.rejected(7)
    assert lane.next() is None
    lane.rejected(8, is_nonce=True)
    lane.refreshed(7, is_quiet=True)
    assert lane.next() == 7


def test_a_timeout_does_not_leave_the_lane_ahead_for_ever() -> None:
    """F15: every later hedge refused because the counter stayed advanced."""
    lane = fresh()
    assert lane.next() == 7
    lane.unknown(7)
    assert lane.next() is None
    lane.rejected(7)  # proven dead: never included
    assert lane.next() == 7


def test_an_included_nonce_resolves_the_doubt() -> None:
    lane = fresh()
    lane.next()
    lane.unknown(7)
    lane.refreshed(8, is_quiet=False)
    assert lane.next() == 8


def test_a_counter_that_lags_resolves_nothing_and_never_moves_ours_back() -> None:
    lane = fresh()
    lane.next()
    lane.accepted(7)
    lane.next()
    lane.unknown(8)
    lane.refreshed(7, is_quiet=False)
    assert lane.next() is None
    lane.accepted(8)
    assert lane.next() == 9


def test_a_counter_read_in_quiet_is_believed_even_backwards() -> None:
    """Accepted, then dropped inside the sequencer without using its nonce (venue fact sheet 2.4)."""
    lane = fresh()
    lane.next()
    lane.accepted(7)
    lane.refreshed(7, is_quiet=True)
    assert lane.next() == 7


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_two_transactions_on_one_nonce_are_never_both_alive(seed: int, steps: int) -> None:
    """Against a model of the venue: answers get lost, transactions are included late or never."""
    draw = random.Random(seed)
    lane, counter, pending, answered = NonceLane(), 100, {}, set()
    for _ in range(steps):
        roll = draw.random()
        if roll < 0.5 and (nonce := lane.next()) is not None:
            assert nonce not in pending, "its first transaction may still run"
            if nonce != counter + len(pending) or draw.random() < 0.2:
                lane.rejected(nonce, is_nonce=nonce != counter + len(pending))
                continue
            pending[nonce] = True
            if draw.random() < 0.3:
                lane.unknown(nonce)
            else:
                answered.add(nonce)
                lane.accepted(nonce)
        elif roll < 0.8 and counter in pending:
            del pending[counter]
            counter += 1
        elif roll < 0.9:
            lane.refreshed(max(100, counter - draw.randint(0, 2)), is_quiet=False)
        elif not pending:
            lane.refreshed(counter, is_quiet=True)
            assert lane.next() == counter
            lane.rejected(counter)
