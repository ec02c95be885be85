"""Compare two networks: the exact sup-distance of their functions on a line or in a plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convexden.charts import check_fit, restrict
from convexden.errors import UnsupportedProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

Array = NDArray[np.float64]

# Vertices whose values are held at a time.
CHUNK = 4096


def sup_distance(f: ShallowNetwork, g: ShallowNetwork, problem: Interpolation) -> float:
    r"""Largest distance :math:`|f(y) - g(y)|_2` on the box around the sites of a problem.

    The box lies in the affine hull of the centres, a line or a plane.  Its sides are parallel to
    the principal axes of the centres, and it is the bounding box of the balls enlarged by one
    spread (the largest distance of a centre from their mean) on every side.

    The difference of the networks is affine on every cell of the arrangement of their hinges, so
    its norm is convex there and attains its maximum at a vertex: a corner of the box, or a point
    where two hinges, or a hinge and a side, meet.  All of them are tried.

    Parameters
    ----------
    f, g : ShallowNetwork
        On the inputs and outputs of the problem.
    problem : Interpolation

    Returns
    -------
    float
        In units of the targets.

    Raises
    ------
    InvalidProblem
        If the networks do not fit the problem.
    UnsupportedProblem
        If the centres span more than a plane.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.alignment import sup_distance
    >>> near = cd.theorems.univariate.closed_form([0.0, 1.0], 0.1)
    >>> far = cd.theorems.univariate.closed_form([0.0, 1.0], 0.2)
    >>> round(sup_distance(near.network, far.network, near.problem), 12)
    0.125
    """
    check_fit(problem, f, g)
    reduction = problem.reduce()
    centers, radii = reduction.problem.centers, reduction.problem.radii[:, None]
    rank = centers.shape[1]
    if rank > 2:
        raise UnsupportedProblem(
            f"the centres span {rank} dimensions: the exact distance is known on a line and in a "
            "plane only"
        )
    low, high = (centers - radii).min(axis=0) - 1.0, (centers + radii).max(axis=0) + 1.0
    difference = restrict(
        ShallowNetwork(
            np.concatenate([f.output_weights, -g.output_weights]),
            np.concatenate([f.input_weights, g.input_weights]),
            np.concatenate([f.biases, g.biases]),
            f.skip - g.skip,
            f.offset - g.offset,
        ),
        reduction.input_origin,
        reduction.input_scale * reduction.input_basis,
    )
    vertices = _line_vertices if rank == 1 else _plane_vertices
    return _largest(difference, vertices(difference, low, high))


def _line_vertices(network: ShallowNetwork, low: Array, high: Array) -> Array:
    """Knots (M, 1) in the box and its ends."""
    knots = -network.biases / network.input_weights[:, 0]
    knots = knots[(knots > low[0]) & (knots < high[0])]
    return np.concatenate([knots, low, high])[:, None]


def _plane_vertices(network: ShallowNetwork, low: Array, high: Array) -> Array:
    """Points (M, 2) in the box where two of the hinges and sides meet."""
    sides = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    normals = np.concatenate([network.input_weights, sides])
    biases = np.concatenate([network.biases, -np.array([low[0], high[0], low[1], high[1]])])
    first, second = np.triu_indices(len(biases), 1)
    (a, b), (c, d) = normals[first].T, normals[second].T
    sine = a * d - b * c
    crossing = np.abs(sine) > 1e-14  # others meet far outside, or are the same line
    first, second, sine = first[crossing], second[crossing], sine[crossing]
    vertices: Array = (
        np.column_stack(
            [
                normals[second, 1] * -biases[first] + normals[first, 1] * biases[second],
                normals[second, 0] * biases[first] - normals[first, 0] * biases[second],
            ]
        )
        / sine[:, None]
    )
    margin = 1e-12 * (high - low)
    inside = ((vertices >= low - margin) & (vertices <= high + margin)).all(axis=1)
    return np.clip(vertices[inside], low, high)


def _largest(network: ShallowNetwork, vertices: Array) -> float:
    """Largest norm of the network at the vertices."""
    best = 0.0
    for start in range(0, len(vertices), CHUNK):
        values = network(vertices[start : start + CHUNK])
        best = max(best, float(np.linalg.norm(values, axis=1).max()))
    return best
