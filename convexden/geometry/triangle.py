"""Sides, heights and normals of a triangle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import display

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Triangle:
    """A triangle in the plane; side k is opposite to vertex k.

    Attributes
    ----------
    vertices : (3, 2) array
    sides : (3,) array
        Their lengths.
    heights : (3,) array
        Distances of the vertices from the opposite sides.
    normals : (3, 2) array
        Inward unit normals of the sides, each toward its vertex.
    along : (3, 2) array
        The normals turned by a right angle, along the sides.
    feet : (3, 2) array
        Where the altitudes meet the lines of the sides.
    """

    vertices: Array
    sides: Array
    heights: Array
    normals: Array
    along: Array
    feet: Array

    __repr__ = display.field_line

    @classmethod
    def of(cls, vertices: Array) -> Triangle:
        """The triangle with these vertices (3, 2), which must not lie on a line."""
        second, third = np.roll(vertices, -1, axis=0), np.roll(vertices, -2, axis=0)
        edges = third - second
        sides = np.sqrt((edges * edges).sum(axis=1))
        units = edges / sides[:, None]
        normals = np.column_stack([-units[:, 1], units[:, 0]])
        heights = ((vertices - second) * normals).sum(axis=1)
        normals *= np.sign(heights)[:, None]
        heights = np.abs(heights)
        along = np.column_stack([-normals[:, 1], normals[:, 0]])
        return cls(vertices, sides, heights, normals, along, vertices - heights[:, None] * normals)

    @property
    def area(self) -> float:
        """Its area."""
        return float(self.sides[0] * self.heights[0]) / 2

    @property
    def inradius(self) -> float:
        """The radius of the inscribed circle."""
        return 2 * self.area / float(self.sides.sum())

    @property
    def cosines(self) -> Array:
        """The cosines (3,) of its angles."""
        a, b = np.roll(self.sides, -1), np.roll(self.sides, -2)
        return np.asarray((a * a + b * b - self.sides**2) / (2 * a * b))
