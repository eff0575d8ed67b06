"""The curve ECgFp5: points, their 40-byte form, and multiplication of a fixed point by many scalars.

Promise: `encode` and `decode` agree with the venue's 40-byte public keys; `FixedPoint.times` multiplies one point by
any scalar with additions only, from a table made once per point. The curve is y^2 = x(x^2 + 2x + 263z) over GF(p^5);
its group has prime order ORDER, slightly below 2^319 (T. Pornin, "EcGFp5: a Specialized Elliptic Curve", 2022).

Points are kept as x = X/Z and u = x/y = U/T; the neutral element has u = 0. The formulas are complete: no case apart.
The coordinates of a Point may be unreduced integers, even negative; those of an Affine point are canonical.

Known limit: nothing runs in constant time (see quintic).
"""

from collections.abc import Sequence
from typing import Final

from hedge_strategy.simulator import quintic
from hedge_strategy.simulator.quintic import PRIME, Element

ORDER: Final = 1067993516717146951041484916571792702745057740581727230159139685185762082554198619328292418486241
SCALAR_BITS: Final = 320

_A: Final = 2
# The coefficient is 263z: multiplying by it shifts by one power, and z^5 = 3 folds the highest back.
_B: Final = 263
_B3: Final = 3 * _B
_FOUR: Final[Element] = (4, 0, 0, 0, 0)

Affine = tuple[Element, Element]  # (x, u)
Point = tuple[Element, Element, Element, Element]  # (X, Z, U, T)

NEUTRAL: Final[Point] = (quintic.ZERO, quintic.ONE, quintic.ZERO, quintic.ONE)
# The curve's conventional generator: the point that encodes to 4.
GENERATOR: Final[Affine] = (
    (
        *(12883135586176881569, 4356519642755055268, 5248930565894896907),
        *(2165973894480315022, 2448410071095648785),
    ),
    quintic.inverse(_FOUR),
)


def encode(point: Point) -> Element:
    """The element y/x that stands for the point; zero for the neutral element."""
    _, _, u, t = point
    return quintic.multiply(t, quintic.inverse(u))


def decode(element: Element) -> Affine | None:
    """The point that encodes to the element, or None where there is none. Zero is the neutral element: (0, 0)."""
    if element == quintic.ZERO:
        return quintic.ZERO, quintic.ZERO
    # With w = y/x the curve's equation is x^2 - (w^2 - a)x + b = 0; exactly one of its two roots is not a square.
    e = quintic.subtract(quintic.square(element), (_A, 0, 0, 0, 0))
    root = quintic.square_root(quintic.subtract(quintic.square(e), (0, 4 * _B, 0, 0, 0)))
    if root is None:
        return None
    half = pow(2, -1, PRIME)
    x = quintic.scale(quintic.add(e, root), half)
    if quintic.is_square(x):
        x = quintic.scale(quintic.subtract(e, root), half)
    return x, quintic.inverse(element)


def add(first: Point, second: Point) -> Point:
    """The sum of any two points, equal and neutral ones included."""
    x1, z1, u1, t1 = first
    x2, z2, u2, t2 = second
    multiply, multiply_add = quintic.multiply, quintic.multiply_add
    xz = multiply_add(x1, z2, multiply(x2, z1))
    ut = multiply_add(u1, t2, multiply(u2, t1))
    return _combine((multiply(x1, x2), multiply(z1, z2), xz), (multiply(u1, u2), multiply(t1, t2), ut))


def add_affine(first: Point, second: Affine) -> Point:
    """Addition of a point with denominators of one: two multiplications fewer than `add`."""
    x1, z1, u1, t1 = first
    x2, u2 = second
    multiply, multiply_add = quintic.multiply, quintic.multiply_add
    xz, ut = multiply_add(x2, z1, x1), multiply_add(u2, t1, u1)
    return _combine((multiply(x1, x2), z1, xz), (multiply(u1, u2), t1, ut))


def _combine(x_parts: tuple[Element, Element, Element], u_parts: tuple[Element, Element, Element]) -> Point:
    """The sum from the pairwise products (x1*x2, z1*z2, x1*z2 + x2*z1), and the same of u and t.

    Sums and multiples of B = 263z are left unreduced, since a product reduces anyway; none exceeds 2^77.
    """
    multiply = quintic.multiply
    (x0, x1, x2, x3, x4), (z0, z1, z2, z3, z4), (m0, m1, m2, m3, m4) = x_parts
    uu, tt, ut = u_parts
    # B * z1*z2, and with x1*x2 added
    d0, d1, d2, d3, d4 = _B3 * z4, _B * z0, _B * z1, _B * z2, _B * z3
    s0, s1, s2, s3, s4 = x0 + d0, x1 + d1, x2 + d2, x3 + d3, x4 + d4
    p = multiply(tt, (s0, s1, s2, s3, s4))
    twice = (2 * (_B3 * m4 + s0), 2 * (_B * m0 + s1), 2 * (_B * m1 + s2), 2 * (_B * m2 + s3), 2 * (_B * m3 + s4))
    q = multiply(uu, twice)
    t0, t1, t2, t3, t4 = tt
    u0, u1, u2, u3, u4 = uu
    t_and_u = (t0 + 2 * u0, t1 + 2 * u1, t2 + 2 * u2, t3 + 2 * u3, t4 + 2 * u4)
    r0, r1, r2, r3, r4 = multiply(t_and_u, (m0 + s0, m1 + s1, m2 + s2, m3 + s3, m4 + s4))
    p0, p1, p2, p3, p4 = p
    q0, q1, q2, q3, q4 = q
    return (
        (_B3 * (r4 - p4), _B * (r0 - p0), _B * (r1 - p1), _B * (r2 - p2), _B * (r3 - p3)),
        (p0 - q0, p1 - q1, p2 - q2, p3 - q3, p4 - q4),
        multiply(ut, (d0 - x0, d1 - x1, d2 - x2, d3 - x3, d4 - x4)),
        (p0 + q0, p1 + q1, p2 + q2, p3 + q3, p4 + q4),
    )


def to_affine(points: Sequence[Point]) -> list[Affine]:
    """Points with denominators of one, for the price of a single inversion."""
    multiply = quintic.multiply
    products = [quintic.ONE]
    for _, z, _, t in points:
        products.append(multiply(products[-1], multiply(z, t)))
    remaining = quintic.inverse(products[-1])
    out: list[Affine] = []
    for (x, z, u, t), before in zip(reversed(points), reversed(products[:-1]), strict=True):
        one = multiply(remaining, before)  # 1 / (z*t)
        out.append((multiply(multiply(x, t), one), multiply(multiply(u, z), one)))
        remaining = multiply(remaining, multiply(z, t))
    out.reverse()
    return out


class FixedPoint:
    """One point's multiples d * 2^(w*i) for every window i and digit d of 1 .. 2^(w-1).

    A scalar is then a sum of one entry per window, signs included, and no doubling. window_bits trades memory and
    set-up (2^(w-1) * 320/w additions) for speed (320/w additions per product).
    """

    def __init__(self, point: Affine, window_bits: int) -> None:
        self._window_bits = window_bits
        self._rows = _window_rows(point, window_bits)

    def times(self, scalar: int, start: Point = NEUTRAL) -> Point:
        """start + scalar * point, for any scalar of zero or more."""
        result = start
        size, half = 1 << self._window_bits, 1 << (self._window_bits - 1)
        remaining = scalar % ORDER
        for row in self._rows:
            if not remaining:
                break
            digit = remaining % size
            remaining //= size
            if digit > half:  # borrow from the next window; negation is free, so half the digits suffice
                x, u = row[size - digit - 1]
                result = add_affine(result, (x, quintic.negate(u)))
                remaining += 1
            elif digit:
                result = add_affine(result, row[digit - 1])
        return result


def _window_rows(point: Affine, window_bits: int) -> list[list[Affine]]:
    windows = -(-SCALAR_BITS // window_bits)
    half = 1 << (window_bits - 1)
    x, u = point
    current: Point = (x, quintic.ONE, u, quintic.ONE)
    starts = []
    for _ in range(windows):
        starts.append(current)
        for _ in range(window_bits):
            current = add(current, current)
    flat: list[Point] = []
    for start in to_affine(starts):
        multiple: Point = (start[0], quintic.ONE, start[1], quintic.ONE)
        for _ in range(half):
            flat.append(multiple)
            multiple = add_affine(multiple, start)
    affine = to_affine(flat)
    return [affine[at : at + half] for at in range(0, len(affine), half)]
