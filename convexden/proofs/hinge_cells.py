r"""Cells of hinges: sites on or off, tangency to one site, cuts; exact, with a copy in floats.

The exact forms are rows over :math:`(\tau, \omega, b)` as in `convexden.proofs.checker`.  The
floats are of hinges in units of the data: with :math:`K = C C^T` and :math:`w = C^{-1} \omega`, a
hinge of unit length has :math:`|w| = \tau = 1`; heights are counted from the mean of the sites in
units of their largest distance from it.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden.proofs.checker import Data
from convexden.proofs.leaf_oracle import Proposal

Array = NDArray[np.float64]
Row = list[Fraction]
Sites = tuple[tuple[int, bool], ...]  # those decided, and whether they are on

# The rounding of multipliers changes the matrix by at most this share of its least eigenvalue.
_ROUNDING_SHARE = 1 / 16
# Room for the rounding of floats in |gamma| <= alpha, relative.
_ROOM = 1e-13
# Bits after the point of the numbers of a cut; where exactly it is does not matter.
_CUT_BITS = 16
# Forms whose directions have a cosine above 1 less this are along the same direction: the last one
# is the tightest, since cells are cut inside.
_PARALLEL = 1e-8


class Cell(NamedTuple):
    """Hinges on which some forms are nonnegative.

    Attributes
    ----------
    sites : tuple of (site, on)
        Those decided, in order.
    tangent : int or None
        The site that the hinges touch: b is eliminated.
    forms : list of rows (k + 2,)
        Exact; that of the tangent site is not among them.
    floats : (m, q) array
        The same in floats, divided by `sizes`; without b if there is a tangent site.
    sizes : (m,) array
        Powers of two next to the lengths of the forms.
    used : (s,) int array
        The forms that no later one along the same direction implies.
    """

    sites: Sites
    tangent: int | None
    forms: list[Row]
    floats: Array
    sizes: Array
    used: NDArray[np.intp]

    @property
    def on(self) -> list[int]:
        """The sites that are on."""
        return [site for site, on in self.sites if on]


class HingeCells:
    r"""Makes the cells of an instance, and what the oracle needs of them.

    Parameters
    ----------
    data : Data
    theta : Fraction
        The bound of :math:`|F|^2 / \tau^2`.
    """

    def __init__(self, data: Data, theta: Fraction) -> None:
        """Cells of these sites, with |F| up to the root of theta."""
        self.data, self.theta, self.k = data, theta, data.k
        self.root = np.linalg.cholesky(_floats(data.gram))
        points = _floats(data.points)[data.present] @ self.root
        middle = points.mean(axis=0)
        reach = float(np.linalg.norm(points - middle, axis=1).max())
        # (tau, omega, b) of (tau, w, height over the mean).
        self.units = np.zeros((self.k + 2, self.k + 2))
        self.units[0, 0] = 1.0
        self.units[1:-1, 1:-1] = self.root
        self.units[-1, 1:-1] = -middle
        self.units[-1, -1] = 2.0 ** math.frexp(reach)[1]
        self.terms = np.array([_floats(rows) for rows in data.terms]) @ self.units

    def cell(self, sites: Sites) -> Cell:
        """The hinges with these sites on or off."""
        return self._cell(sites, None, [self.data.form(site, on) for site, on in sites])

    def touching(self, cell: Cell, index: int) -> Cell:
        """Those of them that touch the site with this form."""
        forms = cell.forms[:index] + cell.forms[index + 1 :]
        return self._cell(cell.sites, cell.sites[index][0], forms)

    def halves(self, cell: Cell, direction: Array, level: float) -> tuple[Row, Cell, Cell]:
        """A rational form next to ``direction.w - level tau``, and where it is >= 0 and <= 0."""
        along = np.linalg.solve(self.root.T, direction)
        bits = _CUT_BITS + max(0, math.frexp(float(np.linalg.norm(self.root, 2)))[1])
        numbers = [-level, *along.tolist(), 0.0]
        row = [Fraction(round(math.ldexp(x, bits)), 1 << bits) for x in numbers]
        sides = (row, [-x for x in row])
        plus, minus = (self._cell(cell.sites, cell.tangent, [*cell.forms, side]) for side in sides)
        return row, plus, minus

    def objective(self, cell: Cell, empty: bool) -> Array:
        r"""The matrix of :math:`\theta \tau^2 - |F|^2`; zero to show that a cell is empty."""
        order = self.k + 2 if cell.tangent is None else self.k + 1
        if empty:
            return np.zeros((order, order))
        image = self.image(cell)
        matrix: Array = -image.T @ image
        matrix[0, 0] += float(self.theta)
        return matrix

    def image(self, cell: Cell) -> Array:
        """The matrix (p, q) of F."""
        total = self.terms[cell.on].sum(axis=0)
        image: Array = total @ self._embedding(cell.sites, cell.tangent)
        return image

    def leaf(self, cell: Cell, found: Proposal) -> dict[str, Any]:
        """The multipliers rounded to few digits, as a proof file has them."""
        count = len(cell.forms)
        step = _power_below(found.margin * _ROUNDING_SHARE / (count + self.k + 1) ** 2)
        rounded = np.round(found.products / step) * step
        lam = [
            [i, j, float(rounded[i, j] / (cell.sizes[i] * cell.sizes[j]))]
            for i in range(count)
            for j in range(i + 1, count)
            if rounded[i, j] > 0
        ]
        fine = _power_below(step / float(np.linalg.norm(self.root, 2)))
        soc: list[list[Any]] = []
        for i, (alpha, *gamma) in enumerate(found.cones.tolist()):
            along = np.round(np.linalg.solve(self.root.T, gamma) / fine) * fine
            least = float(np.linalg.norm(self.root.T @ along)) * (1 + _ROOM)
            alpha = math.ceil(max(alpha - step, least) / step) * step
            if alpha > 0:
                size = cell.sizes[i]
                soc.append([i, float(alpha / size), (along / size).tolist()])
        return {"mu": float(np.round(found.mu / step) * step), "lam": lam, "soc": soc}

    def _cell(self, sites: Sites, tangent: int | None, forms: list[Row]) -> Cell:
        """A cell with the floats of its forms."""
        order = self.k + 2 if tangent is None else self.k + 1
        rows = _floats(forms).reshape(-1, self.k + 2) @ self.units @ self._embedding(sites, tangent)
        lengths = np.linalg.norm(rows, axis=1)
        sizes = 2.0 ** np.frexp(np.where(lengths > 0, lengths, 1.0))[1]
        floats = (rows / sizes[:, None]).reshape(-1, order)
        slopes = floats[:, 1:]
        slopes = slopes / np.maximum(np.linalg.norm(slopes, axis=1), _ROOM)[:, None]
        implied = np.triu(slopes @ slopes.T > 1 - _PARALLEL, 1).any(axis=1)
        implied[: len(sites) if tangent is None else 0] = False
        return Cell(sites, tangent, forms, floats, sizes, np.flatnonzero(~implied))

    def _embedding(self, sites: Sites, tangent: int | None) -> Array:
        """(tau, w, height) of (tau, w) at the site that is touched; the identity without one."""
        order = self.k + 2
        if tangent is None:
            return np.eye(order)
        row = _floats([self.data.form(tangent, dict(sites)[tangent])])[0] @ self.units
        return np.vstack([np.eye(order - 1), -row[:-1] / row[-1]])


def _floats(rows: Any) -> Array:
    """Rationals in nested lists as floats."""
    return np.array(rows, dtype=np.object_).astype(np.float64)


def _power_below(x: float) -> float:
    """The largest power of two that is at most x > 0, or the least normal number."""
    return math.ldexp(1.0, max(math.frexp(x)[1] - 1, -1000))
