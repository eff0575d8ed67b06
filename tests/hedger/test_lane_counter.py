"""The lane's next nonce: never lower than what is known to be used, asked for once at a time."""

from hedge_strategy.hedger.events import NonceRead, NonceReadFailed, Note
from hedge_strategy.hedger.lane_counter import NONCE_RETRY_MS, LaneCounter

NOW_MS = 1_000_000


def test_the_venue_is_asked_once_per_answer_and_not_again_too_soon() -> None:
    counter = LaneCounter()
    assert counter.asks(NOW_MS)
    assert not counter.asks(NOW_MS + 10 * NONCE_RETRY_MS)
    (note,) = counter.answered(NonceReadFailed("cut"), is_wanted=False)
    assert isinstance(note, Note)
    assert not counter.asks(NOW_MS + NONCE_RETRY_MS - 1)
    assert counter.asks(NOW_MS + NONCE_RETRY_MS)
    counter.answered(NonceRead(7), is_wanted=True)
    assert counter.nonce == 7


def test_an_answer_that_lags_does_not_bring_a_used_nonce_back() -> None:
    counter = LaneCounter()
    counter.used(9)
    assert counter.nonce == 10
    counter.forget()
    counter.answered(NonceRead(8), is_wanted=True)
    assert counter.nonce == 10


def test_an_answer_counts_only_where_it_is_wanted_and_nothing_is_known() -> None:
    counter = LaneCounter()
    counter.answered(NonceRead(5), is_wanted=False)
    assert counter.nonce is None
    counter.used(9)
    counter.answered(NonceRead(50), is_wanted=True)
    assert counter.nonce == 10


def test_an_older_nonce_that_is_told_late_moves_nothing_back() -> None:
    counter = LaneCounter()
    counter.used(9)
    counter.used(3)
    assert counter.nonce == 10
