"""Certified denoisers of triangles of all shapes, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.experiments.shape_maps.files import (
    header_line,
    parameters_of,
    pixel_line,
    pixels_of,
    read_lines,
)
from convexden.experiments.shape_maps.grid import grid_angles
from convexden.experiments.shape_maps.pixels import Pixel
from convexden.experiments.structures import STRUCTURES
from convexden.storage.files import whole_file
from convexden.tolerances import ACCURATE_RTOL

Array = NDArray[np.float64]

# A relative excess of the conjecture below this one counts as none.
OPTIMAL = ACCURATE_RTOL


@dataclass(frozen=True, eq=False)
class ShapeMap:
    """Certified denoisers of triangles of all shapes, at a few radii.

    The radius is a fraction of half the smallest height, where a line between a ball and two others
    has no room left.  Arrays (F, M) have a row a fraction and a column a triangle; what is missing
    is NaN, -1 or False.

    Attributes
    ----------
    angles : (M, 3) array
        Those of the triangles in degrees, the smallest first; the circumradius is 1.
    fractions : (F,) array
    divisions : int
        The angles are multiples of 180 / divisions degrees.
    largest_angle : float
        No triangle has a larger one.
    cost, lower_bound : (F, M) arrays
        Cost of the network that was found, and its lower bound.
    conjectured : (F, M) array
        Cost of the closed form of `convexden.theorems.face_aligned`.
    structure : (F, M) array of int8
        Number of the network's structure in `convexden.experiments.structures.STRUCTURES`.
    tilt : (F, M) array
        In radians, as there.
    virtual : (F, M) array of int
        How many points attract the score flow and are no vertices.
    certified : (F, M) array of bool
        Whether the status of the solution is "certified", for a relative gap of 1e-9.
    """

    angles: Array
    fractions: Array
    divisions: int
    largest_angle: float
    cost: Array
    lower_bound: Array
    conjectured: Array
    structure: NDArray[np.int8]
    tilt: Array
    virtual: NDArray[np.intp]
    certified: NDArray[np.bool_]

    def __repr__(self) -> str:
        """One line with what matters."""
        fractions, triangles = self.structure.shape
        return display.one_line(
            self,
            display.counted(triangles, "triangle"),
            display.counted(fractions, "fraction"),
            f"{int(self.certified.sum())} of {int(self.solved.sum())} certified",
        )

    def __str__(self) -> str:
        """The table as text."""
        return display.table_text(self)

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Which pixels (F, M) are not missing."""
        return self.structure >= 0

    @property
    def interrupted(self) -> bool:
        """Whether pixels are missing, because the run was stopped."""
        return not bool(self.solved.all())

    @property
    def relative_gap(self) -> Array:
        """(cost - lower bound) / cost, (F, M)."""
        return (self.cost - self.lower_bound) / self.cost

    @property
    def excess(self) -> Array:
        """The relative excess (F, M) of the conjecture, (conjectured - cost) / cost."""
        return (self.conjectured - self.cost) / self.cost

    def counts(self) -> NDArray[np.intp]:
        """How many certified pixels (F, 5) have each structure."""
        codes = np.where(self.certified, self.structure, -1)
        counted = codes[:, :, None] == np.arange(len(STRUCTURES))
        return counted.sum(axis=1)

    def save(self, path: str | Path) -> None:
        """Write the map to a file, whole or not at all; `shape_map` can go on with it.

        Raises
        ------
        InvalidProblem
            If the file cannot be written.
        """
        lines = [header_line(self.fractions, self.divisions, self.largest_angle)]
        columns = (self.certified, self.cost, self.lower_bound, self.conjectured)
        for f, m in np.argwhere(self.solved):
            numbers = (
                column[f, m].item()
                for column in (*columns, self.structure, self.tilt, self.virtual)
            )
            lines.append(pixel_line(Pixel(int(f), int(m), *numbers)))
        with whole_file(path) as temporary:
            temporary.write_text("".join(lines), encoding="utf-8")

    @staticmethod
    def load(path: str | Path) -> ShapeMap:
        """Read a map, also one that is not finished, from its file.

        Raises
        ------
        InvalidProblem
            If the file cannot be read or does not hold a map of version 1.
        """
        text = read_lines(path)
        return assemble(*parameters_of(path, text), pixels_of(path, text))


def assemble(
    fractions: Array, divisions: int, largest_angle: float, pixels: Iterable[Pixel]
) -> ShapeMap:
    """The map that these pixels make up."""
    angles = grid_angles(divisions, largest_angle)
    shape = (fractions.size, len(angles))
    cost, bound, conjectured, tilt = (np.full(shape, np.nan) for _ in range(4))
    structures, certified = np.full(shape, -1, dtype=np.int8), np.zeros(shape, dtype=bool)
    virtual = np.full(shape, -1, dtype=np.intp)
    for pixel in pixels:
        place = pixel.fraction, pixel.triangle
        certified[place] = pixel.certified
        cost[place], bound[place] = pixel.cost, pixel.lower_bound
        conjectured[place], tilt[place] = pixel.conjectured, pixel.tilt
        structures[place], virtual[place] = pixel.structure, pixel.virtual
    return ShapeMap(
        angles,
        fractions,
        divisions,
        largest_angle,
        cost,
        bound,
        conjectured,
        structures,
        tilt,
        virtual,
        certified,
    )
