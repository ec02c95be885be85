"""Hinges at the ends of blocks: not inside, and next to them as closely as floats allow.

An end c + r is a sum of two floats and rarely a float.  The next float is close enough unless the
gap is so short that a shift by one rounding makes its ramp steeper.  Then the hinge w y + b = 0 has
a w near 1 for which the end times w is nearly a float: w = 1 + k eps, where k < 2**25 is found from
the continued fraction of the end (Ostrowski's expansion), so that the knot -b / w is 2**-20 of a
rounding away from the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from convexden.solvers.atoms import Array, Flags
from convexden.solvers.twopart import TwoPart

EPS = float(np.finfo(float).eps)
# Steps of w that are tried, and by how much of a rounding the knot is to be outside.
_MOST_STEPS = 2.0**24
_MARGIN = 2.0**-21


class Knots(NamedTuple):
    """Hinges w y = b with w > 0 and the places b / w."""

    w: Array
    b: Array
    at: TwoPart

    @classmethod
    def floats(cls, ends: TwoPart, sides: Array) -> Knots:
        """The nearest floats on the given side of the ends (1 right, -1 left)."""
        away = ends.low * sides > 0
        at = np.where(away, np.nextafter(ends.high, sides * np.inf), ends.high)
        return cls(np.ones(len(at)), at, TwoPart.of(at))

    @classmethod
    def fractions(cls, ends: TwoPart, sides: Array) -> Knots:
        """Quotients of floats on the given side of the ends."""
        signs = np.where(ends.high < 0, -1.0, 1.0)
        size, sides = TwoPart(ends.high * signs, ends.low * signs), sides * signs
        w = 1.0 + EPS * _steps(size, sides)
        product = size.times(TwoPart.of(w))
        away = product.low * sides > 0
        b = np.where(away, np.nextafter(product.high, sides * np.inf), product.high) * signs
        return cls(w, b, TwoPart.of(b).over(TwoPart.of(w)))

    def replaced(self, others: Knots, chosen: Flags) -> Knots:
        """The others where chosen."""
        return Knots(
            np.where(chosen, others.w, self.w),
            np.where(chosen, others.b, self.b),
            others.at.where(chosen, self.at),
        )


def _steps(ends: TwoPart, sides: Array) -> Array:
    """Integers k for which the ends times 1 + k eps are nearly floats, from the given side.

    In units of its last place an end is an integer plus f, and k steps add k (1 + phi): the rest
    f + k phi modulo 1 is brought near zero by multiples of the convergents' denominators.
    """
    exponents = np.frexp(ends.high)[1]
    phi = np.ldexp(ends.high, 1 - exponents) - 1.0
    rest = np.ldexp(ends.low, 53 - exponents) + _MARGIN * sides
    total, before, count = np.zeros_like(phi), np.zeros_like(phi), np.ones_like(phi)
    last, delta = np.full_like(phi, -1.0), phi
    going = delta != 0
    while going.any():
        divisor = np.where(going, delta, 1.0)
        times = np.where(going, np.rint(rest / divisor), 0.0)
        rest, total = rest - times * delta, total - times * count
        quotient = np.where(going, np.floor(-last / divisor), 0.0)
        before, count = count, before + quotient * count
        last, delta = delta, last + quotient * delta
        going &= (count <= _MOST_STEPS) & (delta != 0)
    return total
