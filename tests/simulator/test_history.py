"""The bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.simulator.history import RecentLog


@given(bound=st.integers(1, 40), count=st.integers(0, 200))
def test_it_remembers_at_least_the_bound_and_not_much_more(bound: int, count: int) -> None:
    log: RecentLog[int] = RecentLog(bound)
    forgotten = [old for number in range(count) for old in log.append(number, number)]
    kept = log.newest_first(None, count + 1)
    assert forgotten + kept[::-1] == list(range(count))
    assert min(bound, count) <= len(log) <= bound + max(bound // 8, 16)


def test_pages_join_without_gap_or_repetition() -> None:
    log: RecentLog[str] = RecentLog(100)
    for key in range(0, 20, 2):
        log.append(key, f"item {key}")
    first = log.newest_first(None, 4)
    second = log.newest_first(12, 4)
    assert first == ["item 18", "item 16", "item 14", "item 12"]
    assert second == ["item 10", "item 8", "item 6", "item 4"]
    assert log.newest_first(0, 4) == []


def test_a_filter_does_not_shorten_the_page() -> None:
    log: RecentLog[int] = RecentLog(100)
    for key in range(20):
        log.append(key, key)
    assert log.newest_first(None, 3, lambda item: item % 5 == 0) == [15, 10, 5]
