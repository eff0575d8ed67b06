from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.domain.book import BookSide, Level
from hedge_strategy.domain.order import Side

prices = st.integers(min_value=1, max_value=12).map(lambda ticks: Decimal(ticks) / 10)
sizes = st.integers(min_value=0, max_value=3).map(Decimal)
levels = st.tuples(prices, sizes)
changes = st.lists(st.one_of(levels, st.lists(levels, max_size=6)), max_size=40)


def sorted_levels(model: dict[Decimal, Decimal], side: Side) -> list[Level]:
    return sorted(model.items(), reverse=side is Side.BUY)


@given(st.sampled_from(Side), changes)
def test_snapshots_and_changes_leave_what_a_plain_dictionary_would_hold(
    side: Side, steps: list[Level | list[Level]]
) -> None:
    subject, model = BookSide(side), dict[Decimal, Decimal]()
    for step in steps:
        if isinstance(step, list):
            subject.replace(step)
            model = {price: size for price, size in dict(step).items() if size}
        else:
            subject.set_level(*step)
            model[step[0]] = step[1]
            model = {price: size for price, size in model.items() if size}
        expected = sorted_levels(model, side)
        assert len(subject) == len(expected)
        assert list(subject.top(100)) == expected
        assert [subject.level(depth) for depth in range(1, len(expected) + 1)] == expected


def test_a_price_written_with_more_zeros_is_the_same_level() -> None:
    asks = BookSide(Side.SELL)
    asks.set_level(Decimal("100.0"), Decimal(1))
    asks.set_level(Decimal("100.00"), Decimal(2))
    assert asks.top(5) == ((Decimal(100), Decimal(2)),)
    asks.set_level(Decimal("100"), Decimal(0))
    assert len(asks) == 0


def test_depth_counts_from_one_at_the_best_price_and_ends_at_the_last() -> None:
    bids = BookSide(Side.BUY)
    bids.replace([(Decimal(99), Decimal(1)), (Decimal(101), Decimal(2)), (Decimal(100), Decimal(3))])
    assert bids.level(1) == (Decimal(101), Decimal(2))
    assert bids.level(3) == (Decimal(99), Decimal(1))
    assert bids.level(0) is bids.level(4) is bids.level(-1) is None
    assert bids.top(2) == ((Decimal(101), Decimal(2)), (Decimal(100), Decimal(3)))
