r"""Almost flat points: which directions are within the rounding of the numbers, and without them.

Data are taken as they are given, however thin.  But a table with four decimals that was computed
from points of a line is not a line, and its thin directions are neither data nor cheap.  With half
a unit u of the numbers in each column, the rounding of N points in d dimensions has singular values
of up to about :math:`u / \sqrt 3\, (\sqrt N + \sqrt d)`, those of a random matrix.  Every
column counts in units of its own rounding.  Nothing is flattened unless it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidProblem

Array = NDArray[np.float64]

_ORDINALS = ("first", "second", "third", "fourth", "fifth")


@dataclass(frozen=True)
class FlatnessSettings:
    """Parameters of what counts as the rounding of data."""

    within: float = 3.0
    """Singular values up to this many times those of the rounding are within it."""

    thin: float = 1e-2
    """Directions of more than this share of the first are kept, however coarse the numbers are:
    they are visible in a plot, and a triangle of whole numbers, (0, 0), (1, 0), (0, 1), is not
    almost a line."""

    coarse: float = 64.0
    """A unit of decimals counts as such if it is this many units in the last place of a float."""

    most_decimals: int = 15
    """Decimals that are tried: a float has no more than 15 or 16."""

    upward: float = 1e-12
    """Share by which a number is raised before it is rounded up to two digits."""


SETTINGS = FlatnessSettings()


@dataclass(frozen=True, eq=False)
class Flattened:
    """Points moved into an affine subspace, and what was dropped.

    Attributes
    ----------
    points : (N, d) array
    rank : int
        Dimension of the subspace.
    dropped : tuple of float
        Singular values of the directions that were dropped, relative to the largest.
    moved : float
        The largest change of a coordinate, in the units of the data.
    """

    points: Array
    rank: int
    dropped: tuple[float, ...]
    moved: float

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The points, so that this may be given for them."""
        return np.array(self.points, dtype=dtype)

    def __repr__(self) -> str:
        """One line with what matters."""
        count, dimension = np.shape(self.points)
        return display.one_line(
            self,
            f"{display.counted(count, 'point')} in R^{dimension}",
            f"rank={self.rank}",
            f"moved={self.moved:.2g}",
        )

    def __str__(self) -> str:
        """One line that says what was dropped."""
        if not self.dropped:
            return f"nothing dropped: the points span {self.rank} dimensions"
        sizes = ", ".join(f"{size:.1e}" for size in self.dropped[:3])
        rest = ", ..." if len(self.dropped) > 3 else ""
        return (
            f"{self.rank} of {self.rank + len(self.dropped)} directions kept; dropped singular "
            f"values {sizes}{rest} of the first; coordinates moved by at most {self.moved:.2g}"
        )


@dataclass(frozen=True)
class Flatness:
    """Directions of points that are within the rounding of their numbers.

    Attributes
    ----------
    rank : int
        Directions in which the points extend by more than rounding.
    relative : float
        Singular value of the next direction, relative to the first.
    numbers : str
        What the numbers are: "4 decimals", "float32", ...
    tolerance : float
        With which `flatten` drops the other directions.
    """

    rank: int
    relative: float
    numbers: str
    tolerance: float

    def __str__(self) -> str:
        """One line that says how flat the points are, and what to do."""
        order = _ORDINALS[self.rank] if self.rank < len(_ORDINALS) else f"{self.rank + 1}th"
        return (
            f"the points are almost flat: the {order} singular value is {self.relative:.0e} of the "
            f"first, within the rounding of {self.numbers}: flatten them with "
            f"cd.data.flatten(points, {self.tolerance:g}) or --flatten {self.tolerance:g}"
        )


def flatten(points: ArrayLike, tolerance: float) -> Flattened:
    """Move points into the affine subspace of fewest dimensions that moves no coordinate by more
    than a tolerance.

    Parameters
    ----------
    points : (N, d) array
    tolerance : float
        In the units of the data.

    Returns
    -------
    Flattened
        May be given wherever points may.

    Raises
    ------
    InvalidProblem
        If the points are no table of finite numbers.
    InvalidInput
        If the tolerance is not positive.

    Examples
    --------
    >>> import convexden as cd
    >>> print(cd.data.flatten([[0, 0], [1, 1.0001], [2, 2]], 1e-4))
    1 of 2 directions kept; dropped singular values 2.9e-05 of the first; coordinates moved by at \
most 3.3e-05
    """
    table = arguments.array("points", points)
    if table.ndim != 2 or not table.size:
        raise InvalidProblem(f"points have shape {table.shape}: give one point a row")
    tolerance = arguments.number("tolerance", tolerance, above=0.0)
    middle = table.mean(axis=0)
    left, sizes, right = np.linalg.svd(table - middle, full_matrices=False)
    spanned = int((sizes > np.finfo(float).eps * max(table.shape) * sizes[0]).sum())
    for rank in range(min(1, spanned), spanned):
        flat = middle + (left[:, :rank] * sizes[:rank]) @ right[:rank]
        moved = float(np.abs(flat - table).max())
        if moved <= tolerance:
            dropped = tuple((sizes[rank:spanned] / sizes[0]).tolist())
            return Flattened(flat, rank, dropped, moved)
    return Flattened(table, spanned, (), 0.0)


def flatness(points: Array) -> Flatness | None:
    """Which directions of points (N, d) are within the rounding of their numbers, if any are."""
    varying = (points != points[0]).any(axis=0)
    table = points[:, varying]
    if table.shape[1] < 2:
        return None
    found = [_half_unit(column) for column in table.T]
    halves = np.array([half for half, _ in found])
    middle = table.mean(axis=0)
    n, d = table.shape
    # Every column in units of its own rounding: a second does not round a degree away.
    sizes = np.linalg.svd((table - middle) / halves, compute_uv=False)
    rank = max(1, int((sizes > SETTINGS.within * (np.sqrt(n) + np.sqrt(d)) / np.sqrt(3.0)).sum()))
    left, sizes, right = np.linalg.svd(table - middle, full_matrices=False)
    rank = max(rank, int((sizes > SETTINGS.thin * sizes[0]).sum()))
    spanned = min(n - 1, d, int((sizes > np.finfo(float).eps * max(n, d) * sizes[0]).sum()))
    if rank >= spanned:
        return None
    flat = middle + (left[:, :rank] * sizes[:rank]) @ right[:rank]
    moved = float(np.abs(flat - table).max())
    relative = float(sizes[rank] / sizes[0])
    return Flatness(rank, relative, max(found)[1], _rounded_up(moved))


def _half_unit(column: Array) -> tuple[float, str]:
    """Half the unit of the numbers of a column, and its name."""
    last = float(np.spacing(np.abs(column).max()))
    found = [(last / 2, "double precision")]
    for decimals in range(SETTINGS.most_decimals):
        unit = 10.0**-decimals
        if unit > SETTINGS.coarse * last and (np.round(column, decimals) == column).all():
            found.append((unit / 2, f"{decimals} decimals" if decimals else "whole numbers"))
            break
    bit = 1.0 / max(number.as_integer_ratio()[1] for number in column.tolist())
    if 1.0 > bit > SETTINGS.coarse * last:
        found.append((bit / 2, f"multiples of {bit:g}"))
    for kind in (np.float32, np.float16):
        with np.errstate(over="ignore"):
            narrow = column.astype(kind)
        if (narrow == column).all():
            found.append((float(np.spacing(np.abs(narrow).max())) / 2, kind.__name__))
    return max(found)


def _rounded_up(number: float) -> float:
    """With two digits, not less than the number."""
    if number == 0.0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(number)) - 1)
    return float(f"{np.ceil(number / unit) * unit * (1 + SETTINGS.upward):.2g}")
