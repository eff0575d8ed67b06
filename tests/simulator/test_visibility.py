from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.simulator.faults import FaultRequest, Faults
from hedge_strategy.simulator.visibility import Lag, read_page, read_page_ascending

SECOND = 1_000_000_000


def fetch_from(numbers: list[int]):  # type: ignore[no-untyped-def]
    newest_first = sorted(numbers, reverse=True)
    return lambda before, limit: [n for n in newest_first if before is None or n < before][:limit]


@given(st.sets(st.integers(0, 1_000), max_size=300), st.integers(1, 100), st.integers(1, 5), st.booleans())
def test_pages_hold_every_wanted_item_once_and_in_order(
    numbers: set[int], limit: int, divisor: int, ascending: bool
) -> None:
    read = read_page_ascending if ascending else read_page
    seen, cursor = list[int](), None
    for _ in range(len(numbers) + 2):
        page = read(fetch_from(list(numbers)), lambda n: n % divisor == 0, lambda n: n, cursor, limit)
        assert len(page.items) <= limit
        seen += page.items
        if page.next_cursor is None:
            break
        cursor = int(page.next_cursor)
    assert seen == sorted((n for n in numbers if n % divisor == 0), reverse=not ascending)


def test_a_lag_hides_what_is_younger_than_it() -> None:
    lag = Lag(2_000, None)
    assert lag.hides(0, 1, 2 * SECOND - 1)
    assert not lag.hides(0, 1, 2 * SECOND)


def test_a_fault_adds_its_seconds_or_a_random_time_up_to_15_s_that_is_the_items_own() -> None:
    faults = Faults(seed=1)
    fixed = faults.strike("history_lag", 0) if faults.arm(FaultRequest(kind="history_lag", seconds=4), 0) else None
    assert Lag(1_000, fixed).hides(0, 1, 5 * SECOND - 1)
    assert not Lag(1_000, fixed).hides(0, 1, 5 * SECOND)
    faults.remove()
    faults.arm(FaultRequest(kind="history_lag"), 0)
    lag = Lag(0, faults.strike("history_lag", 0))

    def shown_after(number: int) -> int:
        return next(s for s in range(16) if not lag.hides(0, number, s * SECOND))

    times = [shown_after(number) for number in range(100)]
    assert times == [shown_after(number) for number in range(100)]
    assert len(set(times)) > 10
