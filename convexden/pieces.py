"""The exact piecewise-linear structure of a network: its knots on a line, its cells in a plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convexden.network import ShallowNetwork

Array = NDArray[np.float64]


def knots(network: ShallowNetwork, low: float, high: float) -> Array:
    """Ends of an interval and, in order, the knots (M,) inside it of a network of one input.

    Between two of them the network is affine.
    """
    slopes = network.input_weights[:, 0]
    moving = slopes != 0.0
    inside = -network.biases[moving] / slopes[moving]
    inside = inside[(inside > low) & (inside < high)]
    return np.concatenate([[low], np.unique(inside), [high]])


def hinge_segments(
    network: ShallowNetwork, low: Array, high: Array
) -> tuple[Array, NDArray[np.intp]]:
    """What a box shows of the hinges {w.y + b = 0} of a network of two inputs.

    Parameters
    ----------
    network : ShallowNetwork
    low, high : (2,) array
        Corners of the box.

    Returns
    -------
    segments : (M, 2, 2) array
        End points.
    neurons : (M,) array
        The neuron of every segment; those whose hinge misses the box are left out.
    """
    size = float(np.linalg.norm(high - low))
    segments, neurons = [], []
    for k, (w, b) in enumerate(zip(network.input_weights, network.biases, strict=True)):
        length = float(np.linalg.norm(w))
        if length == 0.0:
            continue
        normal = w / length
        middle = (low + high) / 2
        start = middle - (normal @ middle + b / length) * normal
        along = np.array([-normal[1], normal[0]])
        # The line is start + t along; every side of the box leaves an interval of t.
        first, last = -size, size
        for axis in (0, 1):
            if abs(along[axis]) * size < 1e-14 * size:
                if not low[axis] <= start[axis] <= high[axis]:
                    last = -np.inf
                continue
            ends = (np.array([low[axis], high[axis]]) - start[axis]) / along[axis]
            first, last = max(first, ends.min()), min(last, ends.max())
        if first < last:
            segments.append([start + first * along, start + last * along])
            neurons.append(k)
    return np.array(segments).reshape(-1, 2, 2), np.array(neurons, dtype=np.intp)
