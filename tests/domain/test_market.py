from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hedge_strategy.domain.market import Market

ETH = Market("ETH", 0, 4, 2, Decimal("0.0050"), Decimal("10"))
BTC = Market("BTC", 1, 5, 1, Decimal("0.00020"), Decimal("10"))

whole_numbers = st.integers(min_value=-(1 << 48), max_value=1 << 48)
finite = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)


def test_a_size_that_floats_cut_short_keeps_every_lot() -> None:
    assert int(0.00030 * 10**5) == 29, "the arithmetic that loses a lot; ours may not"
    assert BTC.lots_exactly(Decimal("0.00030")) == 30
    assert BTC.lots_exactly(Decimal("0.00029")) == 29
    assert BTC.lots_down(Decimal("0.00030")) == 30


@given(st.integers(min_value=0, max_value=10), whole_numbers)
def test_lots_and_ticks_survive_the_way_there_and_back(decimals: int, number: int) -> None:
    market = Market("X", 2, decimals, decimals, Decimal(0), Decimal(0))
    assert market.lots_exactly(market.size_of(number)) == number
    assert market.lots_down(market.size_of(number)) == number
    assert market.ticks_down(market.price_of(number)) == number == market.ticks_up(market.price_of(number))


@given(finite)
@example(Decimal("-5E-34"))
def test_rounding_keeps_its_direction_and_stays_within_one_step(value: Decimal) -> None:
    down, up = BTC.price_of(BTC.ticks_down(value)), BTC.price_of(BTC.ticks_up(value))
    assert down <= value <= up
    assert up - down in (0, BTC.tick)
    lots = BTC.size_of(BTC.lots_down(value))
    assert lots <= value
    assert Fraction(value) - Fraction(lots) < Fraction(BTC.lot), "exactly: a difference of decimals is rounded itself"


@pytest.mark.parametrize("size", ["0.000301", "0.0000000000000000000000000000001", "1e-6", "NaN", "Infinity"])
def test_a_size_that_is_no_whole_number_of_lots_is_refused(size: str) -> None:
    with pytest.raises(ValueError, match="BTC"):
        BTC.lots_exactly(Decimal(size))


def test_more_digits_than_the_usual_precision_are_still_exact() -> None:
    just_above = Decimal("0.00030" + "0" * 30 + "1")
    just_below = Decimal("0.00029" + "9" * 40)
    with pytest.raises(ValueError, match="more than 5 decimals"):
        BTC.lots_exactly(just_above)
    assert BTC.lots_down(just_below) == 29
    assert BTC.ticks_down(Decimal("111282.0" + "9" * 40)) == 1112820
    assert BTC.ticks_up(Decimal("111282.0" + "0" * 40 + "1")) == 1112821


def test_numbers_print_as_the_venue_prints_them() -> None:
    assert str(BTC.size_of(20)) == "0.00020"
    assert str(BTC.size_of(0)) == "0.00000"
    assert str(BTC.price_of(1112820)) == "111282.0"
    assert (str(ETH.lot), str(ETH.tick)) == ("0.0001", "0.01")


@pytest.mark.parametrize(
    ("size", "price", "allowed"),
    [
        ("0.0050", "2000", True),
        ("0.0049", "9000", False),
        ("0.0050", "1999.99", False),
        ("0.0051", "1999.99", True),
    ],
)
def test_both_minimums_decide_whether_an_order_may_rest(size: str, price: str, allowed: bool) -> None:
    assert ETH.may_rest(Decimal(size), Decimal(price)) is allowed
