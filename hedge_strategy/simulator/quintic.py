"""GF(p^5): Goldilocks numbers extended by a fifth root of three.

Promise: exact arithmetic on elements written as five integers, lowest power first. Every function returns canonical
elements; products take any integers, the rest takes canonical ones. The element z with z^5 = 3 generates the extension
(venue fact sheet 2.2: ECgFp5).

Known limit: nothing here runs in constant time. It verifies public data and makes keys for simulated accounts; it is
not fit for keys that guard money.
"""

from collections.abc import Sequence
from typing import Final

from hedge_strategy.simulator import poseidon2

Element = tuple[int, int, int, int, int]

PRIME: Final = poseidon2.PRIME
ELEMENT_BYTES: Final = 5 * poseidon2.ELEMENT_BYTES
ZERO: Final[Element] = (0, 0, 0, 0, 0)
ONE: Final[Element] = (1, 0, 0, 0, 0)

_NON_RESIDUE: Final = 3
# z^p = z * _FROBENIUS, because z^(p-1) = 3^((p-1)/5).
_FROBENIUS: Final = pow(_NON_RESIDUE, (PRIME - 1) // 5, PRIME)
_NORM_EXPONENT: Final = 1 + PRIME + PRIME**2 + PRIME**3 + PRIME**4
_TWO_ADICITY: Final = 32
_ODD_PART: Final = (PRIME - 1) >> _TWO_ADICITY
_QUADRATIC_NON_RESIDUE: Final = 7


def from_integers(values: Sequence[int]) -> Element:
    """Five integers as an element. Raises ValueError unless there are five, each canonical."""
    if len(values) != 5 or not all(0 <= value < PRIME for value in values):
        raise ValueError("an element of GF(p^5) is five integers in [0, p)")
    a, b, c, d, e = values
    return (a, b, c, d, e)


def from_bytes(data: bytes) -> Element:
    """40 bytes, little-endian in pieces of eight. Raises ValueError when they are not canonical."""
    if len(data) != ELEMENT_BYTES:
        raise ValueError(f"an element of GF(p^5) is {ELEMENT_BYTES} bytes, not {len(data)}")
    return from_integers(poseidon2.from_bytes(data))


def to_bytes(element: Element) -> bytes:
    """The reverse of `from_bytes`."""
    return poseidon2.to_bytes(element)


def add(a: Element, b: Element) -> Element:
    """a + b."""
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    return ((a0 + b0) % PRIME, (a1 + b1) % PRIME, (a2 + b2) % PRIME, (a3 + b3) % PRIME, (a4 + b4) % PRIME)


def subtract(a: Element, b: Element) -> Element:
    """a - b."""
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    return ((a0 - b0) % PRIME, (a1 - b1) % PRIME, (a2 - b2) % PRIME, (a3 - b3) % PRIME, (a4 - b4) % PRIME)


def negate(a: Element) -> Element:
    """-a."""
    return subtract(ZERO, a)


def scale(a: Element, factor: int) -> Element:
    """a times an ordinary integer."""
    a0, a1, a2, a3, a4 = a
    return (a0 * factor % PRIME, a1 * factor % PRIME, a2 * factor % PRIME, a3 * factor % PRIME, a4 * factor % PRIME)


def multiply(a: Element, b: Element) -> Element:
    """a * b. Powers of z from the fifth on fold back with a factor of three."""
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    return (
        (a0 * b0 + 3 * (a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1)) % PRIME,
        (a0 * b1 + a1 * b0 + 3 * (a2 * b4 + a3 * b3 + a4 * b2)) % PRIME,
        (a0 * b2 + a1 * b1 + a2 * b0 + 3 * (a3 * b4 + a4 * b3)) % PRIME,
        (a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + 3 * (a4 * b4)) % PRIME,
        (a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0) % PRIME,
    )


def multiply_add(a: Element, b: Element, c: Element) -> Element:
    """a * b + c, reduced once."""
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    c0, c1, c2, c3, c4 = c
    return (
        (c0 + a0 * b0 + 3 * (a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1)) % PRIME,
        (c1 + a0 * b1 + a1 * b0 + 3 * (a2 * b4 + a3 * b3 + a4 * b2)) % PRIME,
        (c2 + a0 * b2 + a1 * b1 + a2 * b0 + 3 * (a3 * b4 + a4 * b3)) % PRIME,
        (c3 + a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + 3 * (a4 * b4)) % PRIME,
        (c4 + a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0) % PRIME,
    )


def square(a: Element) -> Element:
    """a * a, with fifteen products for twenty-five."""
    a0, a1, a2, a3, a4 = a
    return (
        (a0 * a0 + 6 * (a1 * a4 + a2 * a3)) % PRIME,
        (2 * a0 * a1 + 3 * (a3 * a3 + 2 * a2 * a4)) % PRIME,
        (a1 * a1 + 2 * a0 * a2 + 6 * a3 * a4) % PRIME,
        (2 * (a0 * a3 + a1 * a2) + 3 * a4 * a4) % PRIME,
        (a2 * a2 + 2 * (a0 * a4 + a1 * a3)) % PRIME,
    )


def inverse(a: Element) -> Element:
    """1/a; the inverse of zero is taken to be zero."""
    if a == ZERO:
        return ZERO
    others, norm = _conjugates_and_norm(a)
    return scale(others, pow(norm, -1, PRIME))


def is_square(a: Element) -> bool:
    """Whether a is a square other than zero."""
    return pow(_conjugates_and_norm(a)[1], (PRIME - 1) // 2, PRIME) == 1


def square_root(a: Element) -> Element | None:
    """One of the two square roots of a, or None where there is none."""
    if a == ZERO:
        return ZERO
    if not is_square(a):
        return None
    # a^(r+1) = a * norm(a) with r the exponent of the norm, so half of that exponent gives sqrt(a) * sqrt(norm).
    root = power(a, (_NORM_EXPONENT + 1) // 2)
    return scale(root, pow(_prime_square_root(_conjugates_and_norm(a)[1]), -1, PRIME))


def power(a: Element, exponent: int) -> Element:
    """a to a power of zero or more."""
    result = ONE
    for bit in bin(exponent)[2:]:
        result = square(result)
        if bit == "1":
            result = multiply(result, a)
    return result


def _conjugates_and_norm(a: Element) -> tuple[Element, int]:
    """The product of a's four other conjugates, and the product of all five, which lies in the prime field."""
    two = multiply(_frobenius(a, 1), _frobenius(a, 2))
    others = multiply(two, _frobenius(two, 2))
    return others, multiply(a, others)[0]


def _frobenius(a: Element, times: int) -> Element:
    factor = pow(_FROBENIUS, times, PRIME)
    out, current = [], 1
    for coefficient in a:
        out.append(coefficient * current % PRIME)
        current = current * factor % PRIME
    return (out[0], out[1], out[2], out[3], out[4])


def _prime_square_root(value: int) -> int:
    """Square root of a quadratic residue in the prime field (Tonelli and Shanks)."""
    generator = pow(_QUADRATIC_NON_RESIDUE, _ODD_PART, PRIME)
    root = pow(value, (_ODD_PART + 1) // 2, PRIME)
    error = pow(value, _ODD_PART, PRIME)
    order_log2 = _TWO_ADICITY
    while error != 1:
        lowest, probe = 0, error
        while probe != 1:
            probe = probe * probe % PRIME
            lowest += 1
        correction = pow(generator, 1 << (order_log2 - lowest - 1), PRIME)
        root = root * correction % PRIME
        generator = correction * correction % PRIME
        error = error * generator % PRIME
        order_log2 = lowest
    return root
