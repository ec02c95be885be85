r"""Sites that lie on one line of their space exactly, and coordinates along it without roots.

The unit vector along a line of floats is irrational.  With an integer vector s along it and a
dyadic number :math:`\beta` let :math:`u = \beta s` have a length of at least 1 and at most
:math:`1 + 2^{-150}`.  The coordinates :math:`a_n = u^T (y_n - y_0)` and :math:`\Gamma_n = G_n u`
are dyadic, exactly.  A hinge (w, b) of unit length has, with :math:`\omega = u^T w / |u|^2` and
some x,

.. math:: z_n = \omega (a_n - x), \qquad G_n w = \omega \Gamma_n

for the part of :math:`G_n` along the line, and :math:`|\omega| \le 1 / |u| \le 1`.  If it cuts no
ball, then :math:`|a_n - x| \ge r_n / |\omega| \ge r_n`: so P is at most the maximum for the
:math:`l_n` and :math:`\Gamma_n` on a line with sites at :math:`a_n` and these radii, and next to
it.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.rationals import Integers, dyadic

Array = NDArray[np.float64]

# The length of the vector along the line differs from 1 by less than 2**-BITS.
BITS = 150


def coordinates(centers: Array) -> tuple[tuple[Integers, int], tuple[Integers, int]] | None:
    """Coordinates a (N,) and the vector u (d,), integers with exponents; None if the centers do not
    lie on one line, exactly.

    Parameters
    ----------
    centers : (N, d) array
        Not all of them the same.
    """
    y, unit = dyadic(centers)
    steps = y - y[0]
    furthest = int(np.argmax(np.abs(centers - centers[0]).max(axis=1)))
    along = steps[furthest]
    i = max(range(len(along)), key=lambda j: abs(along[j]))
    if along[i] == 0 or (steps * along[i] != steps[:, i, None] * along).any():
        return None
    square = int((along * along).sum())
    shift = square.bit_length() // 2 + BITS + 1
    direction = along * (isqrt((1 << 2 * shift) // square) + 1)
    return (steps @ direction, unit - shift), (direction, -shift)
