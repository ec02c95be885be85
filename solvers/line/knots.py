"""Hinges at the ends of blocks: not inside, and next to them as closely as floats allow.

An end c + r is a sum of two floats and rarely a float.  The next float is close enough unless the
gap is so short that a shift by one rounding makes its ramp steeper.  Then the hinge w y + b = 0 has
a w near 1 for which the end times w is nearly a float: w = 1 + k eps, where k is found from
the continued fraction of the end (Ostrowski's expansion), so that the knot -b / w is 2**-20 of a
rounding away from the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from convexden.accurate import TwoPart
from convexden.solvers.atoms import Array, Flags

EPS = float(np.finfo(float).eps)
# Steps of w that are tried, enough for ends that are simple fractions.
_MOST_STEPS = 2.0**36
# How far outside the knot is to be, in units of the last place.
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

    In units of its last place an end is an integer plus f, and k steps add k (1 + phi + psi) with a
    psi below the rounding of phi.  The rest f + k (phi + psi) modulo 1 is brought near zero by
    multiples of the denominators of the convergents of phi; a second pass removes what psi added.
    """
    exponents = np.frexp(ends.high)[1]
    phi, psi = np.ldexp(ends.high, 1 - exponents) - 1.0, np.ldexp(ends.low, 1 - exponents)
    start = np.ldexp(ends.low, 53 - exponents) + _MARGIN * sides
    convergents, total = _convergents(phi), np.zeros_like(phi)
    for _ in range(2):
        rest = _fraction(total, phi) + (total * psi + start)
        rest -= np.rint(rest)
        for count, delta in convergents:
            times = np.rint(np.divide(rest, delta, out=np.zeros_like(rest), where=delta != 0))
            most = np.floor(_MOST_STEPS / count)
            times = np.clip(times, -most, most)
            rest, total = rest - times * delta, total - times * count
    return total


def _convergents(phi: Array) -> list[tuple[Array, Array]]:
    """Denominators q of the convergents p / q of numbers in [0, 1), and q phi - p, until that is
    small enough; it is 0 for those that are not used."""
    found = []
    before, count, last, delta = np.zeros_like(phi), np.ones_like(phi), np.full_like(phi, -1.0), phi
    while delta.any():
        found.append((count, delta))
        quotient = np.floor(np.divide(-last, delta, out=np.zeros_like(phi), where=delta != 0))
        following = before + quotient * count
        going = (np.abs(delta) > _MARGIN / 2) & (following <= _MOST_STEPS)
        before, count = count, np.where(going, following, count)
        last, delta = delta, np.where(going, _fraction(count, phi), 0.0)
    return found


def _fraction(counts: Array, numbers: Array) -> Array:
    """Products with integers, without the nearest integer, exact before the last rounding."""
    product = TwoPart.product(counts, numbers)
    rest: Array = (product.high - np.rint(product.high)) + product.low
    return rest
