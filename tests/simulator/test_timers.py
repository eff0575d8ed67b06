"""The list of what falls due."""

import pytest

from hedge_strategy.simulator.timers import TimerKind, Timers


def test_earliest_first_and_orders_before_money() -> None:
    timers = Timers()
    timers.add(20, TimerKind.ORDER_EXPIRY, 1)
    timers.add(10, TimerKind.FUNDING, 0)
    timers.add(10, TimerKind.CANCEL_ALL, 7)
    assert timers.next_due_ns() == 10
    assert [timers.pop() for _ in range(3)] == [
        (10, TimerKind.CANCEL_ALL, 7),
        (10, TimerKind.FUNDING, 0),
        (20, TimerKind.ORDER_EXPIRY, 1),
    ]
    assert timers.next_due_ns() is None
    with pytest.raises(IndexError):
        timers.pop()


def test_removal_is_exact_and_may_come_late() -> None:
    timers = Timers()
    timers.add(10, TimerKind.ORDER_EXPIRY, 1)
    timers.remove(10, TimerKind.ORDER_EXPIRY, 2)
    timers.remove(10, TimerKind.CANCEL_ALL, 1)
    assert timers.next_due_ns() == 10
    timers.remove(10, TimerKind.ORDER_EXPIRY, 1)
    timers.remove(10, TimerKind.ORDER_EXPIRY, 1)
    assert timers.next_due_ns() is None
