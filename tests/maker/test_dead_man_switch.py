"""The dead-man switch: shown to be armed before an order, put off in time, honest about what was refused."""

from dataclasses import replace

import pytest

from hedge_strategy.domain.order import Accepted, Rejected, TransactionReport, TransactionStatus, Unknown
from hedge_strategy.maker.dead_man_switch import ASK_AFTER_MS, ASK_INTERVAL_MS, CONFIRM_MS, RETRY_MS, DeadManSwitch
from hedge_strategy.maker.events import ArmDeadMan, DeadManEnded, LookUpTransaction, Tick
from hedge_strategy.maker.fill_tracker import Baseline, FillTracker
from hedge_strategy.maker.machine import MakerMachine
from hedge_strategy.venues.port import Connected
from tests.maker.world import BOOK, BTC, DEAD_MAN_MS, MAKER, STARTED_S, World, settings

LIFE = 330_000
NOW = 1_760_000_000_000


def _armed() -> DeadManSwitch:
    switch = DeadManSwitch(LIFE)
    assert switch.due(NOW, may_disarm=True) == (ArmDeadMan(NOW + LIFE),)
    switch.answered(Accepted(NOW), "0x1", NOW + 50)
    assert not switch.guards(NOW + 50), "accepted is not armed"
    switch.transaction_seen(_told("0x1"), NOW + 60)
    return switch


def _told(name: str, status: TransactionStatus = TransactionStatus.EXECUTED, error: str = "") -> TransactionReport:
    return TransactionReport(name, status, 1, 4, error)


def test_it_guards_from_the_arming_that_ran_for_half_its_life() -> None:
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
    failures = (_told("0x1", TransactionStatus.FAILED), _told("0x1", error="a scheduled cancel all is pending"))
    for failed in failures:
        for is_early in (True, False):
            switch = DeadManSwitch(LIFE)
            switch.due(NOW, may_disarm=True)
            if is_early:
                switch.transaction_seen(failed, NOW + 1)
            switch.answered(Accepted(NOW), "0x1", NOW + 2)
            switch.transaction_seen(failed, NOW + 3)
            assert not switch.guards(NOW + 3)
            assert "refused" in switch.reason or "pending" in switch.reason
            assert switch.due(NOW + RETRY_MS, may_disarm=False) == ()
            assert switch.due(NOW + 3 + RETRY_MS, may_disarm=False), "armed anew"


def test_an_arming_that_ran_guards_also_where_that_is_heard_before_its_answer() -> None:
    switch = DeadManSwitch(LIFE)
    switch.due(NOW, may_disarm=True)
    switch.transaction_seen(_told("0x1"), NOW + 1)
    switch.answered(Accepted(NOW), "0x1", NOW + 2)
    assert switch.guards(NOW + 2)


def test_where_no_frame_tells_whether_an_arming_ran_the_venue_is_asked() -> None:
    """Its frame may be lost with the socket, and with it that the venue refused it after it had accepted it."""
    switch = DeadManSwitch(LIFE)
    switch.due(NOW, may_disarm=True)
    switch.answered(Accepted(NOW), "0x1", NOW)
    asked_ms = NOW + ASK_AFTER_MS
    assert switch.due(asked_ms - 1, may_disarm=True) == ()
    assert switch.due(asked_ms, may_disarm=True) == (LookUpTransaction("0x1"),)
    assert switch.due(asked_ms + ASK_INTERVAL_MS - 1, may_disarm=True) == ()
    assert switch.due(asked_ms + ASK_INTERVAL_MS, may_disarm=True) == (LookUpTransaction("0x1"),)
    switch.transaction_seen(_told("0x1", TransactionStatus.PENDING), asked_ms + 1_500)
    assert not switch.guards(asked_ms + 1_500)
    switch.transaction_seen(_told("0x1"), asked_ms + 1_600)
    assert switch.guards(asked_ms + 1_600)


def test_an_arming_that_is_not_shown_to_have_run_is_made_anew() -> None:
    switch = DeadManSwitch(LIFE)
    switch.due(NOW, may_disarm=True)
    switch.answered(Accepted(NOW), "0x1", NOW)
    late = NOW + CONFIRM_MS
    assert switch.due(late, may_disarm=True) == (ArmDeadMan(late + LIFE, is_anew=True),)
    assert not switch.guards(late)
    assert "not shown to have run" in switch.reason
    switch.answered(Accepted(late), "0x2", late)
    switch.transaction_seen(_told("0x1"), late + 1)
    assert not switch.guards(late + 1), "the disarming came between"
    switch.transaction_seen(_told("0x2"), late + 2)
    assert switch.guards(late + 2)


def test_an_arming_that_history_shows_late_is_waited_for() -> None:
    """The socket tells nothing of it, and REST as late as it may (15 s)."""
    switch = DeadManSwitch(LIFE)
    switch.due(NOW, may_disarm=True)
    switch.answered(Accepted(NOW), "0x1", NOW)
    for after_ms in range(0, 15_000, 50):
        assert not any(isinstance(one, ArmDeadMan) for one in switch.due(NOW + after_ms, may_disarm=True))
    switch.transaction_seen(_told("0x1"), NOW + 15_000)
    assert switch.guards(NOW + 15_000)


def test_what_was_armed_before_stands_while_the_next_arming_is_not_shown_to_have_run() -> None:
    switch = _armed()
    later = NOW + LIFE // 4
    switch.due(later, may_disarm=False)
    switch.answered(Accepted(later), "0x2", later)
    assert switch.guards(later)
    assert not switch.guards(NOW + LIFE // 2 + 1)
    switch.transaction_seen(_told("0x2", TransactionStatus.FAILED), later + 1)
    assert switch.guards(later + 1)


def test_another_transaction_changes_nothing() -> None:
    switch = _armed()
    switch.transaction_seen(_told("0x9", TransactionStatus.FAILED), NOW + 100)
    switch.transaction_seen(_told("", TransactionStatus.FAILED), NOW + 100)
    assert switch.guards(NOW + 100)


def test_without_it_orders_are_placed_and_nothing_is_armed() -> None:
    switch = DeadManSwitch(None)
    assert switch.guards(NOW)
    assert switch.due(NOW, may_disarm=True) == ()


def test_what_another_market_of_the_account_has_armed_guards_and_is_not_armed_again() -> None:
    switch = DeadManSwitch(LIFE)
    switch.due(NOW, may_disarm=False)
    switch.answered(Unknown("another market arms it"), "", NOW)
    switch.armed_elsewhere(NOW + LIFE)
    assert switch.guards(NOW)
    assert switch.due(NOW + RETRY_MS, may_disarm=False) == ()
    assert switch.due(NOW + LIFE // 4, may_disarm=False), "put off in time, by whichever market comes first"


def test_an_earlier_time_of_another_market_does_not_take_back_a_later_one() -> None:
    switch = _armed()
    switch.armed_elsewhere(NOW + LIFE - 1)
    assert switch.armed_until_ms == NOW + LIFE


@pytest.mark.parametrize("is_alone", [True, False])
def test_the_dead_man_switch_is_not_disarmed_where_others_rest_orders_on_the_account(is_alone: bool) -> None:
    tracker = FillTracker(MAKER, BTC.index, Baseline(0, STARTED_S), 0)
    machine, now_ms = MakerMachine(replace(settings(), is_alone=is_alone), tracker), STARTED_S * 1000
    machine.step(Connected(is_first=True), now_ms)
    machine.step(DeadManEnded(Rejected(21712, "a scheduled cancel all is pending")), now_ms)
    commands = machine.step(Connected(is_first=False), now_ms + RETRY_MS)
    armings = [command for command in commands if isinstance(command, ArmDeadMan)]
    assert [arming.is_anew for arming in armings] == [is_alone]


def test_what_another_market_of_the_account_has_armed_is_enough_to_quote() -> None:
    world = World(1)
    until_ms = world.now_ms + 10 * DEAD_MAN_MS
    world.machine.step(Tick(BOOK, until_ms), world.now_ms)
    world.dead_man_ms = until_ms
    world.connect()
    for _ in range(50):
        world.see_coordination()
        world.pass_time(20)
    assert world.resting
    assert world.machine.dead_man_until_ms == until_ms
    assert not [command for command in world.log if isinstance(command, ArmDeadMan)]
