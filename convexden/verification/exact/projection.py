r"""A problem seen through a linear map to fewer dimensions.

Let L map :math:`R^d` to :math:`R^k`, and let a network g on :math:`R^k` be :math:`t_n` on the balls
of centers :math:`x_n` and radii :math:`|L| r_n + |L (y_n - o) - x_n|`, where for samples
:math:`L (y_n - o) = x_n`.  Then :math:`g(L (y - o))` solves the problem of the :math:`y_n`, and its
input weights are :math:`L^T w`: the optimum is at most :math:`|L|` times the cost of g.

L is a matrix B of floats with nearly orthonormal rows that span the differences of the centers.
For samples it is B + E, where E corrects the rounding of the :math:`x_n`; it exists if the
:math:`y_n - o` are linearly independent, and :math:`|E|` is at most the size of that rounding over
their least singular value.  Nothing else is needed of E.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.network import ShallowNetwork
from convexden.tolerances import COST_RTOL, FLAT_RTOL
from convexden.verification.exact.hinge_slack import lengths

Array = NDArray[np.float64]


def projected(
    centers: Array, radii: Array, network: ShallowNetwork
) -> tuple[Array, Array, ShallowNetwork, float] | None:
    """Centers (N, k), radii (N,), network and |L| of a problem in fewer dimensions.

    None if the centers span all dimensions, or if there are samples that a map cannot meet.
    """
    samples = radii == 0
    dimension = centers.shape[1]
    if dimension == 1:
        return None
    origin = centers[int(np.argmax(samples))]
    _, sizes, directions = np.linalg.svd(centers - origin, full_matrices=False)
    rank = max(1, int((sizes > FLAT_RTOL * sizes[0]).sum()))
    if rank == dimension:
        return None
    basis = directions[:rank].astype(np.longdouble)
    offsets = centers.astype(np.longdouble) - origin
    precise = offsets @ basis.T
    points = precise.astype(float)
    rounding = (dimension + 4) * float(np.finfo(np.longdouble).eps)
    reach = lengths(offsets.astype(float)) * (1 + (dimension + 4) * EPS)
    gram = (basis @ basis.T - np.eye(rank)).astype(float)
    stretch = float(np.linalg.norm(gram)) * (1 + 8 * EPS) + 2 * rank * rounding  # of |B|^2 - 1
    # |B (y_n - o) - x_n|, with twice the reach for the norm of the absolute values in B.
    missed = EPS * lengths(points) + 2 * rounding * math.sqrt(rank) * reach
    turn = 0.0
    if samples.any():
        least = _least_singular_value(offsets[samples][1:].astype(float))
        if least <= 0:
            return None
        turn = float(np.linalg.norm(missed[samples])) / least * (1 + 8 * EPS)
        missed = missed + turn * reach
    if not stretch + turn <= COST_RTOL:
        return None
    norm = (1 + stretch / 2 + turn) * (1 + 4 * EPS)
    larger = np.where(samples, 0.0, (norm * radii + missed) * (1 + 4 * EPS))
    w, skip = network.input_weights.astype(np.longdouble), network.skip.astype(np.longdouble)
    inner = ShallowNetwork(
        network.output_weights,
        w @ basis.T,
        w @ origin + network.biases,
        skip @ basis.T,
        skip @ origin + network.offset,
    )
    return points, larger, inner, norm


def _least_singular_value(offsets: Array) -> float:
    """A lower bound of the least singular value of rows that are rounded once; 0 if unknown."""
    rows, dimension = offsets.shape
    if rows == 0:
        return np.inf
    if rows > dimension:
        return 0.0
    inverse = np.linalg.pinv(offsets)
    size = float(np.linalg.norm(inverse))
    defect = float(np.linalg.norm(offsets @ inverse - np.eye(rows)))
    defect += (dimension + 4) * EPS * size * float(np.linalg.norm(offsets))
    return (1 - defect) / size * (1 - (dimension + rows + 8) * EPS) if defect < 0.5 else 0.0
