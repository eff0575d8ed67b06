"""The group's laws, and the compressed form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge_strategy.simulator import ecgfp5, quintic
from hedge_strategy.simulator.ecgfp5 import GENERATOR, NEUTRAL, ORDER, FixedPoint

scalars = st.integers(0, ORDER - 1)


@pytest.fixture(scope="module")
def generator() -> FixedPoint:
    return FixedPoint(GENERATOR, window_bits=4)


def test_the_generator_is_the_point_that_encodes_to_four(generator: FixedPoint) -> None:
    assert ecgfp5.encode(generator.times(1)) == (4, 0, 0, 0, 0)
    assert ecgfp5.decode((4, 0, 0, 0, 0)) == GENERATOR


def test_the_group_has_the_stated_order() -> None:
    x, u = GENERATOR
    point, power = NEUTRAL, (x, quintic.ONE, u, quintic.ONE)
    for bit in reversed(bin(ORDER)[2:]):  # doubling and adding, apart from the tables under test
        if bit == "1":
            point = ecgfp5.add(point, power)
        power = ecgfp5.add(power, power)
    assert ecgfp5.encode(point) == quintic.ZERO


def test_multiples_equal_repeated_addition(generator: FixedPoint) -> None:
    point = NEUTRAL
    for count in range(40):
        assert ecgfp5.encode(generator.times(count)) == ecgfp5.encode(point)
        point = ecgfp5.add_affine(point, GENERATOR)


@given(scalars, scalars)
@settings(max_examples=15, deadline=None)
def test_sums_of_multiples_are_multiples_of_sums(generator: FixedPoint, a: int, b: int) -> None:
    expected = ecgfp5.encode(generator.times(a + b))
    assert ecgfp5.encode(ecgfp5.add(generator.times(a), generator.times(b))) == expected
    assert ecgfp5.encode(generator.times(a, start=generator.times(b))) == expected


@pytest.mark.parametrize("window_bits", [2, 3, 5, 6])
def test_the_width_of_the_window_changes_nothing(generator: FixedPoint, window_bits: int) -> None:
    other = FixedPoint(GENERATOR, window_bits)
    for scalar in (0, 1, 2, 31, 32, 33, ORDER - 1, ORDER, ORDER + 1, (1 << 318) + 12345):
        assert ecgfp5.encode(other.times(scalar)) == ecgfp5.encode(generator.times(scalar))


@given(scalars.filter(bool))
@settings(max_examples=10, deadline=None)
def test_decoding_undoes_encoding(generator: FixedPoint, scalar: int) -> None:
    point = generator.times(scalar)
    assert ecgfp5.decode(ecgfp5.encode(point)) == ecgfp5.to_affine([point])[0]


def test_about_half_of_all_elements_are_no_point() -> None:
    decoded = [ecgfp5.decode((number, 1, 0, 0, 0)) for number in range(40)]
    assert 5 < sum(point is None for point in decoded) < 35
