"""Integers as floats of extended precision, for sums whose rounding is bounded beforehand.

`numpy.longdouble` has 64 bits on most machines and 53 on some.  All bounds are in units of its
`EXTENDED_EPS`, so they hold on either; with 53 bits more is left to the integers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.rationals import Integers

Extended = NDArray[np.longdouble]

# Distance from 1 to the next number; a rounding errs by at most half of it, relatively.
EXTENDED_EPS = float(np.finfo(np.longdouble).eps)
# Leading bits that are kept: two halves that are floats each.
_BITS = 64


def extended(integers: Integers, exponent: int) -> Extended:
    """``integers * 2**exponent`` with a relative error of at most `EXTENDED_EPS`."""
    flat = [int(x) for x in integers.ravel()]
    shifts = [max(0, abs(x).bit_length() - _BITS) for x in flat]
    tops = [abs(x) >> shift for x, shift in zip(flat, shifts, strict=True)]
    high = np.array([top >> 32 for top in tops], dtype=float).astype(np.longdouble)
    low = np.array([top & 0xFFFFFFFF for top in tops], dtype=float)
    signs = np.array([-1.0 if x < 0 else 1.0 for x in flat])
    powers = np.array(shifts, dtype=np.int64) + exponent
    numbers = np.ldexp(signs * (high * 2.0**32 + low), powers.astype(np.intc))
    return np.asarray(numbers, dtype=np.longdouble).reshape(integers.shape)


def exact(integers: Integers) -> NDArray[np.bool_]:
    """Of which integers `extended` loses nothing."""
    digits = min(_BITS, np.finfo(np.longdouble).nmant + 1)
    lengths = [abs(int(x)).bit_length() for x in integers.ravel()]
    return np.asarray(np.array(lengths).reshape(integers.shape) <= digits)


def bits(integers: Integers) -> int:
    """Bits of the largest of the integers."""
    return max((abs(int(x)).bit_length() for x in integers.ravel()), default=0)
