r"""Networks whose hinges are parallel: a problem on a line, exactly.

With all input weights :math:`\pm w` such a network is :math:`h(y) = H(w^T y) + V y`.  A network H
on the line that is :math:`t_n` between :math:`w^T y_n - r_n |w|` and :math:`w^T y_n + r_n |w|`
solves the problem as :math:`H(w^T y)`, and costs :math:`|w|` times what H costs.  The sites on the
line are rational but for :math:`|w|`, which is rounded up: larger balls ask for more.  A skip
connection across w counts as an error of the network, which is corrected like others; it is small
if the sites lie on a line, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isqrt

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.network import LARGEST, ShallowNetwork
from convexden.verification.exact.line_network import line_cost
from convexden.verification.exact.rationals import Integers, dyadic, rational, root_above

Array = NDArray[np.float64]

# Bits of the length of w.
_BITS = 160


@dataclass(frozen=True, eq=False)
class Projected:
    """Sites and network on a line.

    Attributes
    ----------
    centers, radii : (Integers, int)
        Integers (N,) with exponents; the radii are rounded up.
    network : ShallowNetwork
        With one input, of weights 1 and -1.
    length : float
        The norm of w, rounded up.
    across : bool
        Whether the skip connection has a part that the network on the line does not have.
    """

    centers: tuple[Integers, int]
    radii: tuple[Integers, int]
    network: ShallowNetwork
    length: float
    across: bool


def projected_on_normal(centers: Array, radii: Array, network: ShallowNetwork) -> Projected | None:
    """The sites along the common normal of all hinges; None if they have none, or there are none.

    Parameters
    ----------
    centers, radii : (N, d), (N,) arrays
    network : ShallowNetwork
        On d inputs.
    """
    rows = network.input_weights
    if not len(rows) or not rows[0].any():
        return None
    signs = np.where((rows == rows[0]).all(axis=1), 1.0, -1.0)
    if (rows != signs[:, None] * rows[0]).any():
        return None
    (y, place), (w, exponent), (r, reach) = dyadic(centers), dyadic(rows[0]), dyadic(radii)
    square = int((w * w).sum())
    shift = max(0, 2 * _BITS - square.bit_length())
    shift += shift % 2
    norm = isqrt(square << shift) + 1
    with np.errstate(all="ignore"):
        slopes = network.skip @ rows[0] / (rows[0] @ rows[0])
    if not (np.abs(slopes) <= LARGEST).all():
        return None
    return Projected(
        (y @ w, place + exponent),
        (r * norm, reach + exponent - shift // 2),
        replace(network, input_weights=signs[:, None], skip=slopes[:, None]),
        root_above(rational(square, 2 * exponent)),
        bool(network.skip.any()),
    )


def parallel_cost(centers: Array, radii: Array, targets: Array, network: ShallowNetwork) -> float:
    """A bound of the optimum by a network that nearly solves the problem, as `line_cost`; infinite
    if its hinges are not parallel, or nothing could be shown.

    Parameters
    ----------
    centers, targets, radii : (N, d), (N, p), (N,) arrays
    network : ShallowNetwork
    """
    line = projected_on_normal(centers, radii, network)
    if line is None or (line.centers[0] == line.centers[0][0]).all():
        return inf
    upper = line_cost(line.centers, line.radii, targets, line.network).upper
    return inf if upper is None else upper * line.length * (1.0 + 2.0 * EPS)
