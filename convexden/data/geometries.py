"""Points to denoise: triangles, simplices, lattices and random points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments
from convexden.errors import InvalidInput, InvalidProblem

Array = NDArray[np.float64]

# Share of the smallest distance that is the radius where none is given.
SMALL = 0.05
# By how much the sum of angles may differ from 180 degrees: as they are printed.
ANGLE_SUM = 1e-9
# Points and numbers that a generator makes at the most; the latter take 2 GB.
MOST_POINTS = 2**16
MOST_NUMBERS = 2**28


def smallest_distance(points: Array) -> float:
    """The smallest distance between two distinct points (N, d).

    Raises
    ------
    InvalidProblem
        If there are no two.
    """
    smallest = np.inf
    with np.errstate(over="ignore"):  # numbers that large are refused with the problem
        for n in range(len(points) - 1):
            gaps = points[n + 1 :] - points[n]
            gaps = gaps[gaps.any(axis=1)]
            if len(gaps):
                smallest = min(smallest, float(np.linalg.norm(gaps, axis=1).min()))
    if not (points[1:] != points[:1]).any():
        raise InvalidProblem(
            "there is one point only, no distance to take a radius from: give --radius"
        )
    return smallest


def triangle(angles: Sequence[float], circumradius: float = 1.0) -> Array:
    """Vertices (3, 2) of the triangle with these three interior angles, in degrees.

    They lie on the circle of this radius around the origin, vertex n at the n-th angle.
    """
    degrees = arguments.array("angles", angles, error=InvalidInput)
    circumradius = arguments.number("circumradius", circumradius, above=0.0)
    if degrees.shape != (3,) or (degrees <= 0).any() or abs(degrees.sum() - 180) > ANGLE_SUM:
        raise InvalidInput(f"angles {angles} make no triangle: give three that sum to 180")
    # The arc between two vertices is twice the angle at the third.
    turns = np.deg2rad(90 + 2 * np.array([0.0, degrees[2], degrees[2] + degrees[0]]))
    return circumradius * np.column_stack([np.cos(turns), np.sin(turns)])


def regular_simplex(dimension: int, circumradius: float = 1.0) -> Array:
    """Vertices (r + 1, r) of the regular simplex in r dimensions, centered at the origin."""
    dimension = arguments.whole("dimension", dimension, least=1, most=MOST_POINTS)
    circumradius = arguments.number("circumradius", circumradius, above=0.0)
    centered = np.eye(dimension + 1) - 1.0 / (dimension + 1)
    # Orthonormal coordinates of the hyperplane of vectors that sum to zero (Helmert).
    basis = np.tril(np.ones((dimension, dimension + 1)))
    basis[np.arange(dimension), np.arange(1, dimension + 1)] = -np.arange(1.0, dimension + 1)
    basis /= np.linalg.norm(basis, axis=1)[:, None]
    vertices = centered @ basis.T
    return circumradius * vertices / np.linalg.norm(vertices, axis=1)[:, None]


def triangular_lattice(rows: int, columns: int, spacing: float = 1.0) -> Array:
    """Points (rows * columns, 2) of the triangular lattice, every second row shifted by half."""
    rows = arguments.whole("rows", rows, least=1, most=MOST_POINTS)
    columns = arguments.whole("columns", columns, least=1, most=MOST_POINTS // rows)
    spacing = arguments.number("spacing", spacing, above=0.0)
    row, column = np.divmod(np.arange(rows * columns), columns)
    return spacing * np.column_stack([column + 0.5 * (row % 2), np.sqrt(0.75) * row])


def random_points(count: int, dimension: int, seed: int | np.random.Generator) -> Array:
    """Points (count, dimension), uniform in the unit box."""
    count = arguments.whole("count", count, least=1, most=MOST_POINTS)
    dimension = arguments.whole("dimension", dimension, least=1, most=MOST_NUMBERS // count)
    return arguments.generator(seed).random((count, dimension))


def noisy_samples(
    clean: ArrayLike,
    radius: float,
    samples: int,
    seed: int | np.random.Generator,
    *,
    boundary: bool = False,
) -> Array:
    """Samples (N, samples, d), uniform in the balls of this radius around clean points (N, d), or
    on their boundaries.  An array (N,) of clean points means d = 1."""
    clean = arguments.array("clean points", clean)
    clean = clean[:, None] if clean.ndim == 1 else clean
    if clean.ndim != 2 or not clean.size:
        raise InvalidProblem(f"clean points have shape {clean.shape}: give one point a row")
    radius = arguments.number("radius", radius, least=0.0)
    samples = arguments.whole("samples", samples, least=1, most=MOST_NUMBERS // clean.size)
    generator = arguments.generator(seed)
    count, dimension = clean.shape
    directions = generator.standard_normal((count, samples, dimension))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    if boundary:
        return clean[:, None] + radius * directions
    depths = generator.random((count, samples, 1)) ** (1.0 / dimension)
    return clean[:, None] + radius * depths * directions
