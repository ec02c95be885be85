"""Exact numbers: floats as integers over a power of two, and rationals rounded outward.

Every finite float is an integer times a power of two.  An array of floats is therefore an array of
Python integers with one exponent, and sums and products of such arrays are exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.object_]  # of Python integers, which have no largest value

# Bits of the square roots of rationals before they are rounded to floats.
_ROOT_BITS = 120
# Integers of fewer bits are floats, rounded; those of more are scaled before.
FLOAT_BITS = 1000


def dyadic(array: Any) -> tuple[Integers, int]:
    """Integers m of the same shape and an exponent e with ``array = m * 2**e`` exactly.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    numbers = np.asarray(array, dtype=float)
    if not np.isfinite(numbers).all():
        raise ValueError("NaN and infinity are no rationals: give finite numbers")
    mantissas, exponents = np.frexp(numbers)
    mantissas = (mantissas * 2.0**53).astype(np.int64)
    exponents = exponents.astype(np.int64) - 53
    nonzero = mantissas != 0
    lowest = int(exponents[nonzero].min()) if nonzero.any() else 0
    shifts = np.where(nonzero, exponents - lowest, 0)
    integers: Integers = mantissas.astype(object) << shifts.astype(object)
    return integers, lowest


def dyadic_sum(array: Any, low: Any = None) -> tuple[Integers, int]:
    """The same for unevaluated sums of two floats; without low parts they are floats.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    first = dyadic(array)
    if low is None:
        return first
    second = dyadic(low)
    exponent = min(first[1], second[1])
    return align(first, exponent) + align(second, exponent), exponent


def align(pair: tuple[Integers, int], exponent: int) -> Integers:
    """The integers of the same numbers at a smaller or equal exponent."""
    integers, own = pair
    if own < exponent:
        raise ValueError(f"exponent {exponent} is too large for numbers in units of 2**{own}")
    shifted: Integers = integers * (1 << (own - exponent))
    return shifted


def rational(integer: int, exponent: int) -> Fraction:
    """``integer * 2**exponent`` as a rational."""
    return Fraction(integer << exponent) if exponent >= 0 else Fraction(integer, 1 << -exponent)


def below(number: Fraction) -> float:
    """The largest float that does not exceed the rational; minus infinity beyond their range."""
    try:
        nearest = float(number)
    except OverflowError:
        return -math.inf if number < 0 else math.nextafter(math.inf, 0.0)
    return nearest if Fraction(nearest) <= number else math.nextafter(nearest, -math.inf)


def above(number: Fraction) -> float:
    """The smallest float that is not less than the rational; infinity beyond their range."""
    return -below(-number)


def length_above(vector: Sequence[Fraction]) -> Fraction:
    """A bound of the length of a vector, next to it; exact with one number."""
    if len(vector) == 1:
        return abs(vector[0])
    return Fraction(root_above(sum((x * x for x in vector), Fraction(0))))


def root_above(number: Fraction) -> float:
    """A float that is not less than the square root of the rational, and next to it."""
    if number <= 0:
        return 0.0
    # sqrt(n / d) = sqrt(n d) / d; scaled so that the integer root has enough digits.
    product = number.numerator * number.denominator
    shift = max(0, 2 * _ROOT_BITS - product.bit_length())
    shift += shift % 2
    root = math.isqrt(product << shift)
    root += root * root < product << shift
    return above(Fraction(root, number.denominator << (shift // 2)))


def root_below(number: Fraction) -> float:
    """A float that does not exceed the square root of the rational, and is next to it."""
    if number <= 0:
        return 0.0
    product = number.numerator * number.denominator
    shift = max(0, 2 * _ROOT_BITS - product.bit_length())
    shift += shift % 2
    return below(Fraction(math.isqrt(product << shift), number.denominator << (shift // 2)))
