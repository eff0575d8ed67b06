"""The field's laws, on arbitrary elements."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge_strategy.simulator import quintic
from hedge_strategy.simulator.quintic import PRIME, Element

coefficients = st.one_of(st.integers(0, PRIME - 1), st.sampled_from([0, 1, PRIME - 1]))
elements = st.tuples(coefficients, coefficients, coefficients, coefficients, coefficients)


def test_the_fifth_power_of_the_generator_is_three() -> None:
    assert quintic.power((0, 1, 0, 0, 0), 5) == (3, 0, 0, 0, 0)


@given(elements, elements, elements)
@settings(max_examples=50, deadline=None)
def test_multiplication_distributes_and_commutes(a: Element, b: Element, c: Element) -> None:
    left = quintic.multiply(a, quintic.add(b, c))
    assert left == quintic.add(quintic.multiply(b, a), quintic.multiply(c, a))
    assert quintic.square(a) == quintic.multiply(a, a)
    assert quintic.subtract(quintic.add(a, b), b) == a
    assert quintic.add(a, quintic.negate(a)) == quintic.ZERO


@given(elements)
@settings(max_examples=50, deadline=None)
def test_inverse_undoes_multiplication(a: Element) -> None:
    expected = quintic.ZERO if a == quintic.ZERO else quintic.ONE
    assert quintic.multiply(a, quintic.inverse(a)) == expected


@given(elements)
@settings(max_examples=20, deadline=None)
def test_square_roots_are_found_where_they_exist_and_only_there(a: Element) -> None:
    squared = quintic.square(a)
    root = quintic.square_root(squared)
    assert root is not None
    assert root in (a, quintic.negate(a))
    seven_times = quintic.scale(squared, 7)  # seven is no square in the prime field, nor in an odd extension
    assert (quintic.square_root(seven_times) is None) == (a != quintic.ZERO)


@given(elements)
@settings(max_examples=20, deadline=None)
def test_bytes_there_and_back(a: Element) -> None:
    assert quintic.from_bytes(quintic.to_bytes(a)) == a


@pytest.mark.parametrize("data", [b"", b"\x00" * 39, b"\x00" * 41, b"\xff" * 40])
def test_bytes_that_are_no_canonical_element_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="GF"):
        quintic.from_bytes(data)
