"""The dead-man switch: armed before an order, put off in time, honest about what was refused."""

from hedge_strategy.domain.order import Accepted, Rejected, Unknown
from hedge_strategy.maker.dead_man_switch import RETRY_MS, DeadManSwitch
from hedge_strategy.maker.events import ArmDeadMan

LIFE = 330_000
NOW = 1_760_000_000_000


def _armed() -> DeadManSwitch:
    switch = DeadManSwitch(LIFE)
    assert switch.due(NOW, may_disarm=True) == (ArmDeadMan(NOW + LIFE),)
    switch.answered(Accepted(NOW), "0x1", NOW + 50)
    return switch


def test_it_guards_from_the_accepted_arming_for_half_its_life() -> None:
    assert not DeadManSwitch(LIFE).guards(NOW)
    switch = _armed()
    assert switch.guards(NOW + LIFE // 2)
    assert not switch.guards(NOW + LIFE // 2 + 1)


def test_it_is_put_off_long_before_it_strikes_and_asked_once_at_a_time() -> None:
    switch = _armed()
    assert switch.due(NOW + LIFE // 4 - 1, may_disarm=False) == ()
    later = NOW + LIFE // 4
    assert switch.due(later, may_disarm=False) == (ArmDeadMan(later + LIFE),)
    assert switch.due(later + 1, may_disarm=False) == ()
    switch.answered(Unknown("lost"), "0x2", later + 10)
    assert switch.guards(later), "what was armed before still is"
    assert switch.due(later + 10 + RETRY_MS - 1, may_disarm=False) == ()
    assert switch.due(later + 10 + RETRY_MS, may_disarm=False)


def test_a_venue_that_does_not_replace_it_has_it_disarmed_first_once_nothing_rests() -> None:
    switch = _armed()
    at = NOW + LIFE // 4
    switch.due(at, may_disarm=False)
    switch.answered(Rejected(21712, "a scheduled cancel all is pending"), "0x2", at)
    (again,) = switch.due(at + RETRY_MS, may_disarm=False)
    assert isinstance(again, ArmDeadMan)
    assert not again.is_anew, "an order rests under it"
    switch.answered(Rejected(21712, "a scheduled cancel all is pending"), "0x3", at + RETRY_MS)
    (anew,) = switch.due(at + 2 * RETRY_MS, may_disarm=True)
    assert isinstance(anew, ArmDeadMan)
    assert anew.is_anew


def test_an_arming_that_fails_inside_the_venue_does_not_guard_whichever_is_heard_first() -> None:
    switch = _armed()
    switch.transaction_failed("0x1", NOW + 100)
    assert not switch.guards(NOW + 100)
    assert "refused" in switch.reason

    early = DeadManSwitch(LIFE)
    early.due(NOW, may_disarm=True)
    early.transaction_failed("0x1", NOW + 1)
    early.answered(Accepted(NOW), "0x1", NOW + 2)
    assert not early.guards(NOW + 2)


def test_another_failed_transaction_changes_nothing() -> None:
    switch = _armed()
    switch.transaction_failed("0x9", NOW + 100)
    switch.transaction_failed("", NOW + 100)
    assert switch.guards(NOW + 100)


def test_without_it_orders_are_placed_and_nothing_is_armed() -> None:
    switch = DeadManSwitch(None)
    assert switch.guards(NOW)
    assert switch.due(NOW, may_disarm=True) == ()
