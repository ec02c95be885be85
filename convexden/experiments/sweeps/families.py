"""Families of points, each drawn from what the grid of a sweep gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden import data
from convexden.data.images import DIGITS

Array = NDArray[np.float64]


class Family(NamedTuple):
    """A family of points.

    Attributes
    ----------
    takes : tuple of str
        The keys of the grid that it needs, in the order in which `draw` takes them.
    draw : callable
        From these numbers to points (N, d).
    """

    takes: tuple[str, ...]
    draw: Callable[..., Array]


def normal(points: int, dimension: int, seed: int) -> Array:
    """Points of the standard normal distribution."""
    return np.random.default_rng(seed).normal(size=(points, dimension))


def sphere(points: int, dimension: int, seed: int) -> Array:
    """Points that are uniform on the unit sphere."""
    drawn = normal(points, dimension, seed)
    unit: Array = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def triangle(seed: int) -> Array:
    """A triangle of circumradius 1 with three uniform angles that sum to 180 degrees."""
    return data.triangle((180 * np.random.default_rng(seed).dirichlet(np.ones(3))).tolist())


def digits(points: int, seed: int) -> Array:
    """Different ones of scikit-learn's handwritten digits, in R^64."""
    chosen = np.random.default_rng(seed).choice(DIGITS, size=min(points, DIGITS), replace=False)
    return data.digits(chosen.tolist())


FAMILIES = {
    "uniform": Family(("points", "dimension", "seeds"), data.random_points),
    "normal": Family(("points", "dimension", "seeds"), normal),
    "sphere": Family(("points", "dimension", "seeds"), sphere),
    "triangle": Family(("seeds",), triangle),
    "regular-simplex": Family(("dimension",), data.regular_simplex),
    "digits": Family(("points", "seeds"), digits),
}
