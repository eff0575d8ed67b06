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
