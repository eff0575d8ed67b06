import time

import pytest

from hedge_strategy.clock import Clock, SystemClock, to_ms


def test_the_system_clock_tells_the_machines_time_and_never_goes_back() -> None:
    clock: Clock = SystemClock()
    before = time.time_ns()
    told = clock.now_ns()
    assert before <= told <= time.time_ns()
    readings = [clock.monotonic_ns() for _ in range(100)]
    assert readings == sorted(readings)


def test_sleeping_lasts_at_least_as_long_as_asked() -> None:
    clock = SystemClock()
    began_at = clock.monotonic_ns()
    clock.sleep(0.01)
    assert clock.monotonic_ns() - began_at >= 10_000_000


@pytest.mark.parametrize(
    ("ns", "ms"), [(0, 0), (999_999, 0), (1_000_000, 1), (1_761_297_780_123_456_789, 1761297780123)]
)
def test_nanoseconds_become_whole_milliseconds_rounded_down(ns: int, ms: int) -> None:
    assert to_ms(ns) == ms


class Hands:
    """A clock whose two readings a test sets."""

    def __init__(self) -> None:
        self.wall_ns = 1_000_000_000_000
        self.steady_ns = 0

    def clock(self) -> SystemClock:
        return SystemClock(lambda: self.wall_ns, lambda: self.steady_ns)

    def pass_time(self, ns: int) -> None:
        self.wall_ns += ns
        self.steady_ns += ns


def test_wall_time_goes_on_when_the_system_clock_is_set_back() -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.now_ns()
    hands.wall_ns -= 3_600_000_000_000
    hands.pass_time(5)
    assert clock.now_ns() == before + 5, "an hour back changes nothing for who waits"
    hands.wall_ns += 3_600_000_000_000
    assert clock.now_ns() == before + 5


def test_wall_time_follows_the_system_clock_forward() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall_ns += 60_000_000_000
    assert clock.now_ns() == hands.wall_ns


def test_being_held_up_while_reading_does_not_put_the_clock_ahead() -> None:
    hands = Hands()
    held_up_ns = [0]

    def steady_ns() -> int:
        told_ns = hands.steady_ns
        hands.pass_time(held_up_ns.pop() if held_up_ns else 0)
        return told_ns

    clock = SystemClock(lambda: hands.wall_ns, steady_ns)
    held_up_ns.append(7_000_000)
    clock.now_ns()
    hands.pass_time(1)
    assert clock.now_ns() == hands.wall_ns
