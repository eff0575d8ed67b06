"""Average cost, held against plain sums and against the exchange's own accounts."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hedge_strategy.journal.average_cost import FLAT, Held, after_trade
from hedge_strategy.simulator.accounts import PositionState
from hedge_strategy.simulator.market_state import MarketState
from hedge_strategy.simulator.markets import DEFAULT_MARKETS

TRADES = st.lists(
    st.tuples(st.integers(-400, 400).filter(bool), st.integers(900, 1_100)), max_size=40
)  # signed lots, price


def test_half_of_a_long_position_is_sold_dearer() -> None:
    held, realised = after_trade(FLAT, 10, 1_000)
    assert (held, realised) == (Held(10, 1_000), 0)
    assert after_trade(held, -4, 440) == (Held(6, 600), 40)


def test_a_short_position_is_bought_back_and_turned() -> None:
    held, _ = after_trade(FLAT, -10, 1_000)
    assert after_trade(held, 15, 1_350) == (Held(5, 450), 100)


def test_what_does_not_divide_stays_with_the_rest_of_the_position() -> None:
    held, realised = after_trade(Held(3, 100), -1, 50)
    assert (held, realised) == (Held(2, 67), 17)


@given(TRADES)
def test_nothing_is_lost_or_made_by_rounding(trades: list[tuple[int, int]]) -> None:
    held, realised, cash = FLAT, 0, 0
    for lots, price in trades:
        held, gained = after_trade(held, lots, abs(lots) * price)
        realised += gained
        cash -= lots * price
    entry = held.entry if held.lots > 0 else -held.entry
    assert realised == cash + entry, "what was realised is the money that moved, less what is still entered"
    assert held.lots == sum(lots for lots, _ in trades)
    assert held.entry >= 0
    assert (held.entry == 0) == (held.lots == 0)


@given(TRADES)
def test_it_is_what_the_exchange_books(trades: list[tuple[int, int]]) -> None:
    position, held = PositionState(MarketState(DEFAULT_MARKETS[1])), FLAT
    for lots, price in trades:
        quote = abs(lots) * price
        held, realised = after_trade(held, lots, quote)
        assert realised == position.apply(lots, quote)
        assert (held.lots, held.entry) == (position.size, position.entry_quote)


@given(TRADES)
def test_each_closing_realises_against_the_mean_entry_to_within_a_unit(trades: list[tuple[int, int]]) -> None:
    held = FLAT
    for lots, price in trades:
        quote = abs(lots) * price
        after, realised = after_trade(held, lots, quote)
        closing = min(abs(held.lots), abs(lots)) if held.lots * lots < 0 else 0
        exact = Fraction(held.entry * closing, abs(held.lots)) if closing else Fraction(0)
        gained = (closing * price - exact) * (1 if held.lots > 0 else -1)
        assert abs(realised - gained) < 1
        held = after
