"""Points on which theorems hold."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray

from convexden import theorems
from convexden.data import regular_simplex, triangle

Array = NDArray[np.float64]


# Digits come with an extra.
NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(find_spec("sklearn") is None, reason="no images"))
    if name == "images"
    else name
    for name in theorems.names()
]


PROVED = [name for name in theorems.names() if theorems.get(name).kind == "theorem"]


LINE = [
    [0.3, -0.2],
    [1.0648421872844884, 0.444217687237691],
    [2.594526561853465, 1.732653061713073],
]


THREE_RAYS = [
    [0.0, 0.0],
    [1.0, 0.0],
    [-0.26047226650039546, 1.477211629518312],
    [-0.5209445330007909, 2.954423259036624],
    [-1.285575219373079, -1.5320888862379558],
]


RIGHT = [[0, 0], [4, 0], [0, 3]]


EQUILATERAL = triangle((60, 60, 60))


def simplex(dimension: int, fraction: float) -> tuple[Array, float]:
    """A regular simplex with a radius of this fraction of half its height."""
    return regular_simplex(dimension), fraction * (1 + 1 / dimension) / 2
