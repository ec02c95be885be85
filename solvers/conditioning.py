r"""Rows in the units in which hinges see them.

Near the edge of feasibility a gap of width m between balls has hinges at a distance of at most m
from each other: their features differ by as little, multipliers grow like 1/m, and so does the
condition of every system in which they meet.  The dual's feasible set, that of the multipliers Z
with :math:`|Z^T \psi_k| \le 1`, is then long in some directions and short in others.  In the
coordinates in which :math:`\sum_k \psi_k \psi_k^T` is the identity it contains the unit ball and
is not much larger: a linear change of the rows, which leaves all the rest of the methods as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.arithmetic.two_part import TwoPart
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Flags, Hinges, Indices
from convexden.solvers.pricing import Pricing
from convexden.solvers.pricing.faces import FacePricing


@dataclass(frozen=True)
class ConditioningSettings:
    """When and how the rows are put into better units."""

    hinges: int = 10
    """First hinges per row that show the sizes of the rows, where the patterns are not known: a
    few, as a direction may be seen by one in several."""

    narrow: float = 1e-2
    """Gap, in units of the spread, from which on all patterns are looked at.

    Wider gaps make no features that differ by more than `condition`.
    """

    condition: float = 1e3
    """Rows of a better condition number are left as they are: sparse, and in known units. The
    solvers' systems lose the square of it, and have 16 digits."""

    singular: float = 1e-13
    """Directions that no hinge sees by more than this share of the largest are seen by none:
    rounding of a decomposition of a few hundred rows."""

    of_vertices: float = 1e2
    """Condition number of the features of vertices up to which the rows are left as they are
    without a look at the ramps of all patterns: those of all hinges had at most ten times as much,
    and of 25 points in space the ramps took as long as all the rest."""

    most_faces: int = 400_000
    """Faces up to which the vertices are looked at: as many as the central path prices in every
    iteration; of more images their features take gigabytes."""

    most_rows: int = 300
    """Rows; of more the change of coordinates costs as much as a solution."""


SETTINGS = ConditioningSettings()


def conditioned(constraints: Constraints, pricing: Pricing) -> Constraints:
    """The rows in units of their features at the first hinges, if these differ much in size."""
    count = len(constraints.targets)
    if not count or count > SETTINGS.most_rows or _well_seen(constraints, pricing):
        return constraints
    hinges = _hinges(pricing, count)
    if not len(hinges):
        return constraints
    sizes, axes = np.linalg.svd(constraints.features(hinges), full_matrices=False)[1:]
    seen = sizes > SETTINGS.singular * sizes[0]
    if not seen.any() or sizes[0] <= SETTINGS.condition * sizes[seen].min():
        return constraints
    return ConditionedConstraints(constraints, sizes[seen], axes[seen])


def _well_seen(constraints: Constraints, pricing: Pricing) -> bool:
    """Whether vertices, which are quickly found, see all rows in about one size."""
    if not isinstance(pricing, FacePricing) or len(pricing.table) > SETTINGS.most_faces:
        return False
    features = constraints.features(pricing.vertices())
    squares = np.linalg.eigvalsh(features.T @ features)
    return bool(squares[0] * SETTINGS.of_vertices**2 > squares[-1])


def _hinges(pricing: Pricing, count: int) -> Hinges:
    """Those of every pattern, if the ramps tell that some gap is narrow; where the patterns are not
    known, the first hinges."""
    starts, ends = pricing.ramps
    if not len(starts):
        return pricing.initial(SETTINGS.hinges * count)
    narrow = np.abs(starts.biases - ends.biases).min() < SETTINGS.narrow
    return pricing.spanning() if narrow else starts[:0]


class ConditionedConstraints(Constraints):
    """Rows of others, changed so that those directions (L, M) that were seen by so much (L,) are
    seen by one."""

    def __init__(self, constraints: Constraints, sizes: Array, axes: Array) -> None:
        """Change the constraints; `axes` are the directions."""
        self.problem, self._inner = constraints.problem, constraints
        self.clock = constraints.clock
        kept = axes.T / sizes
        # What no hinge sees keeps its size.
        unseen = np.linalg.svd(axes)[2][len(axes) :].T
        self._change: Array = np.column_stack([kept, unseen])
        self.targets = self._change.T @ constraints.targets

    def misfit(self, missed: Array) -> float:
        """See `Constraints.misfit`."""
        return self._inner.misfit(np.asarray(np.linalg.solve(self._change.T, missed), dtype=float))

    def _rows(self, patterns: Flags, normals: Array, biases: Array, pivots: Indices) -> Array:
        """The rows in their new units."""
        return np.asarray(self._inner._rows(patterns, normals, biases, pivots) @ self._change)

    def _expanded(self, reduced: Array) -> tuple[Array, Array]:
        """The multipliers of the rows in their old units."""
        return self._inner._expanded(self._change @ reduced)

    def _expanded_twice(self, reduced: Array) -> tuple[TwoPart, TwoPart]:
        """The same as sums of two floats."""
        return self._inner.exact_multipliers(self._change @ reduced)
