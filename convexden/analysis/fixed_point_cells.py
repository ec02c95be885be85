"""The fixed points of one cell of a network, in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.network import ShallowNetwork
from convexden.tolerances import DEPENDENT_RTOL

Array = NDArray[np.float64]
Signs = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Sides:
    """The box in coordinates: normals @ s <= heights."""

    normals: Array
    heights: Array

    __repr__ = display.field_line


def inside(
    network: ShallowNetwork, sides: Sides, signs: Signs, close: float
) -> Iterator[tuple[Array, Array, int]]:
    """The fixed point, or one in the middle of many, of a cell."""
    from scipy.optimize import linprog

    a, w, b = network.output_weights, network.input_weights, network.biases
    on = signs > 0
    jacobian = network.skip + a[on].T @ w[on]
    matrix, right = np.eye(len(jacobian)) - jacobian, network.offset + b[on] @ a[on]
    left, sizes, basis = np.linalg.svd(matrix)
    free = sizes <= DEPENDENT_RTOL * max(1.0, sizes[0])
    s = ((left.T @ right)[~free] / sizes[~free]) @ basis[~free]
    rows = np.vstack([sides.normals, -signs[:, None] * w])
    slack = np.concatenate([sides.heights, signs * b]) - rows @ s
    dimension = int(free.sum())
    if dimension:
        if np.abs(matrix @ s - right).max() > close:
            return
        # The point of the set that is furthest inside.
        along = rows @ basis[free].T
        result: Any = linprog(
            np.append(np.zeros(dimension), -1.0),
            np.column_stack([along, np.linalg.norm(along, axis=1)]),
            slack + close,
            bounds=[(-4.0, 4.0)] * (dimension + 1),
        )
        if result.status != 0:
            return
        move = result.x[:-1]
        s, slack = s + move @ basis[free], slack - along @ move
    if slack.min(initial=np.inf) >= -2 * close:
        yield s, jacobian, dimension
