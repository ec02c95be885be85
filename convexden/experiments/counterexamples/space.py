"""Geometries up to translation, rotation and scale, as vectors of free coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.data import smallest_distance
from convexden.experiments.counterexamples.settings import SETTINGS

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Space:
    """Geometries up to translation, rotation and scale, as vectors of free coordinates.

    The first point is the origin, the second the first unit vector, and point n has min(n, d)
    coordinates; one more stands for the radius, unless its range is a single fraction.  Random
    geometries are standard normal, or those next to some `near` (N, d).
    """

    points: int
    dimension: int
    low: float
    high: float
    near: Array | None = None

    __repr__ = display.field_line

    def draw(self, rng: np.random.Generator) -> Array:
        """Standard normal points, or noise on the given ones, and a radius uniform in its range."""
        steps = rng.standard_normal((self.points, self.dimension))
        if self.near is not None:
            noise = 10 ** rng.uniform(*SETTINGS.noise) * smallest_distance(self.near)
            steps = self.near + noise * steps
        steps = steps[1:] - steps[0]
        # Turned, the first k steps lie in the span of the first k unit vectors.
        turned = np.linalg.qr(steps.T, mode="complete")[1].T / np.linalg.norm(steps[0])
        turned[:, 0] *= np.sign(turned[0, 0])
        free = [row[: n + 2] for n, row in enumerate(turned[1:])]
        if self.low < self.high:
            free.append(np.arcsin(rng.uniform(-1, 1, 1)))
        return np.concatenate(free)

    def geometry(self, free: Array) -> tuple[Array, float]:
        """Points (N, d) and radius of a vector."""
        points = np.zeros((self.points, self.dimension))
        points[1, 0] = 1.0
        taken = 0
        for n in range(2, self.points):
            count = min(n, self.dimension)
            points[n, :count] = free[taken : taken + count]
            taken += count
        fraction = self.low
        if self.low < self.high:
            fraction = (self.low + self.high) / 2 + (self.high - self.low) / 2 * np.sin(free[-1])
        return points, float(fraction) * smallest_distance(points) / 2

    def allows(self, points: Array, radius: float) -> bool:
        """Whether the radius is in its range, or almost."""
        fraction = 2 * radius / smallest_distance(points)
        return (
            self.low * (1 - SETTINGS.near) <= fraction <= min(self.high * (1 + SETTINGS.near), 1.0)
        )
