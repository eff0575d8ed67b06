"""The cancel-all that makes sure that nothing rests besides the working order."""

from hedge_strategy.domain.order import Accepted, Rejected, Unknown
from hedge_strategy.maker.events import CancelAll
from hedge_strategy.maker.sweep import RETRY_MS, Sweep


def test_it_begins_unclean_and_only_an_accepted_cancel_all_makes_it_clean() -> None:
    sweep = Sweep()
    assert sweep.due(0) == (CancelAll(),)
    assert sweep.due(1) == (), "one at a time"
    sweep.answered(Rejected(1, "no"), 100)
    assert not sweep.is_clean
    assert sweep.due(100 + RETRY_MS - 1) == ()
    assert sweep.due(100 + RETRY_MS) == (CancelAll(),)
    sweep.answered(Unknown("lost"), 5_000)
    assert not sweep.is_clean
    assert sweep.due(5_000 + RETRY_MS) == (CancelAll(),)
    sweep.answered(Accepted(0), 9_000)
    assert sweep.is_clean
    assert sweep.due(99_000) == ()


def test_a_stray_makes_it_unclean_again() -> None:
    sweep = Sweep()
    sweep.answered(Accepted(0), 0)
    sweep.stray_seen()
    assert not sweep.is_clean
    assert sweep.due(1) == (CancelAll(),)
