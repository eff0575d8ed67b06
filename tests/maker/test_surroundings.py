"""When nothing may rest, and why: the reason that a person reads."""

from decimal import Decimal

import pytest

from hedge_strategy.maker.events import CoordinationSeen, HedgeTold, StandingCommand
from hedge_strategy.maker.surroundings import Surroundings

PAUSE = StandingCommand("5-0", True, "paused by ann")
RESUME = StandingCommand("6-0", False, "")
FINE = CoordinationSeen("b-1", False, None)


def _fine() -> Surroundings:
    around = Surroundings(is_connected=True)
    assert not around.coordination_seen(FINE)
    assert around.why_not() is None
    return around


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (CoordinationSeen(None, False, None), "no hedger owns the market"),
        (CoordinationSeen("b-1", True, None), "the hedger is leaving"),
        (CoordinationSeen(None, False, "no answer"), "Redis: no answer"),
        (CoordinationSeen("b-1", False, None, PAUSE), "paused by ann"),
    ],
)
def test_what_is_missing_cancels_and_is_named(seen: CoordinationSeen, reason: str) -> None:
    around = _fine()
    assert around.coordination_seen(seen)
    assert around.why_not() == reason


def test_before_anything_is_known_nothing_may_rest() -> None:
    assert Surroundings().why_not() == "the venue's socket is down"
    assert "not been asked" in (Surroundings(is_connected=True).why_not() or "")


def test_a_pause_survives_a_redis_that_forgets_it_and_ends_with_a_resume() -> None:
    around = _fine()
    around.coordination_seen(CoordinationSeen("b-1", False, None, PAUSE))
    assert around.coordination_seen(FINE), "still to be cancelled"
    assert not around.coordination_seen(CoordinationSeen("b-1", False, None, RESUME))
    assert around.why_not() is None


def test_a_hedger_that_gave_up_is_trusted_again_after_a_resume_a_hedge_or_another_owner() -> None:
    gave_up = HedgeTold(7, Decimal(0), "5 attempts came to nothing")
    for mend in ("resume", "hedge", "owner"):
        around = _fine()
        assert around.hedge_told(gave_up, was_awaited=False)
        around.coordination_seen(FINE)
        assert around.why_not() == "the hedger gave up: 5 attempts came to nothing"
        if mend == "resume":
            around.coordination_seen(CoordinationSeen("b-1", False, None, RESUME))
        elif mend == "hedge":
            around.hedge_told(HedgeTold(7, Decimal(1)), was_awaited=True)
        else:
            around.coordination_seen(CoordinationSeen("b-2", False, None))
        assert around.why_not() is None, mend


def test_an_old_resume_does_not_clear_what_came_after_it() -> None:
    around = _fine()
    around.coordination_seen(CoordinationSeen("b-1", False, None, RESUME))
    around.hedge_told(HedgeTold(7, Decimal(0), "gave up"), was_awaited=False)
    around.coordination_seen(CoordinationSeen("b-1", False, None, RESUME))
    assert around.why_not() == "the hedger gave up: gave up"
