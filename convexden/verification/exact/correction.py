r"""What it costs at most to correct a network so that it meets all targets exactly.

Unknown are matrices :math:`\Delta` (p x (d + 1)) for activation patterns and for the skip
connection and the offset, whose sum on every site is what the network misses there.  A column of
them is a weight on a unit vector of (w, b), which a pair of hinges around an interior hinge of the
pattern makes; the weight of a neuron or of an interior hinge may change as well, which is cheaper.
Whatever solves the equations is a correction.  A solution of a square part is enclosed
(`enclosure`), with the cheap columns first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.verification.exact.enclosure import select, solution_sizes
from convexden.verification.exact.extra_patterns import gap_hinges
from convexden.verification.exact.hinge_slack import (
    Hinges,
    Patterns,
    Sites,
    distinct,
    lengths,
    prices,
)
from convexden.verification.exact.piece_residuals import PieceResiduals
from convexden.verification.exact.twofold import EPS

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Equations beyond which nothing is shown: some ten seconds.
MOST_ROWS = 3000
# Samples with one target whose piece is this flat (relative to the cost) are kept flat.
_FLAT = 1e-8
# The price of a free column relative to the cheapest other one, for the choice of columns.
_FREE = 1e-2
# A correction above this, relative to the cost, is worth more patterns.
_CHEAP = 1e-11
# Hinges in gaps that are tried, for each equation: first few, then more.
_SHARES = (4, 64)


@dataclass(frozen=True, eq=False)
class Equations:
    """What a correction must be on sites, in units of values: lengths in units of the reach.

    Attributes
    ----------
    members : (R,) int array
        A site of each row.
    partition : (N,) int array
        Sites with the same number must stay on the same side of all hinges.
    features : (R, d + 1) array or None
        What a row sees of an affine map.  None if all rows see whole maps: then there is one for
        each group of sites, and the d + 1 columns of the maps are right sides of one system.
    right : (R, J, p) array
        J = d + 1 without features, otherwise 1.
    missed : (R, J) array
        Bounds of the errors of `right`.
    """

    members: Indices
    partition: Indices
    features: Array | None
    right: Array
    missed: Array

    def column_by_column(self) -> Equations:
        """The same equations with a row for each column of the maps."""
        rows, count, outputs = self.right.shape
        return Equations(
            np.repeat(self.members, count),
            self.partition,
            np.tile(np.eye(count), (rows, 1)),
            self.right.reshape(-1, 1, outputs),
            self.missed.reshape(-1, 1),
        )


def equations(
    centers: Array,
    sites: Sites,
    groups: Indices,
    first: Indices,
    residuals: PieceResiduals,
    cost: float,
) -> Equations:
    """The equations for groups (N,) of sites with the first sites (G,).

    A group with a ball needs the whole map, and so does a group of samples if they are more than
    determine an affine map and it is flat; of other samples the values are enough.
    """
    scale, dimension = sites.scale, centers.shape[1]
    maps, missed = residuals.at_origin(sites.origin)
    units = np.append(np.full(dimension, scale), 1.0)[:, None]
    maps, missed = maps * units, missed * units
    missed = lengths(missed + EPS * np.abs(maps)) * (1 + 8 * EPS)
    whole = np.zeros(len(first), dtype=bool)
    whole[groups[sites.radii > 0]] = True
    if not whole.all():
        many = np.bincount(groups) > dimension + 1
        slopes = lengths(maps[:, :-1].reshape(len(first), -1))
        whole |= many & (slopes <= _FLAT * cost * scale)
    if whole.all():
        # What all groups have in common the skip connection and the offset repair.
        right = maps - maps.mean(axis=0)
        return Equations(first, groups, None, right, missed + EPS * lengths(right))

    single = np.flatnonzero(~whole[groups])
    partition = groups.copy()
    partition[single] = len(first) + np.arange(len(single))
    partition = np.unique(partition, return_inverse=True)[1].reshape(-1)
    single = single[np.unique(centers[single], axis=0, return_index=True)[1]]
    values, bounds = residuals.at_points(centers[single], groups[single])
    blocks = np.flatnonzero(whole)
    own = np.column_stack([sites.points[single] / scale, np.ones(len(single))])
    features = np.concatenate([np.tile(np.eye(dimension + 1), (len(blocks), 1)), own])
    right = np.concatenate([maps[blocks].reshape(-1, maps.shape[2]), values])
    bound = np.concatenate([missed[blocks].reshape(-1), lengths(bounds) * (1 + 8 * EPS)])
    # What an affine map repairs costs nothing.
    affine = np.linalg.lstsq(features, right, rcond=None)[0]
    if affine.any():
        rest = right - features @ affine
        sizes = np.abs(features) @ lengths(affine) + lengths(right)
        right, bound = rest, bound + (2 * dimension + 12) * EPS * sizes
    members = np.concatenate([np.repeat(first[blocks], dimension + 1), single])
    return Equations(members, partition, features, right[:, None], bound[:, None])


def correction_cost(
    sites: Sites,
    rows: Equations,
    patterns: Patterns,
    hinges: Hinges,
    costs: Array,
    base: float,
) -> tuple[float, str]:
    """Bound of what a correction costs, and why it is infinite if it is.

    Parameters
    ----------
    sites, rows, patterns
    hinges : Hinges
        Of the neurons.
    costs : (K,) array
        What a unit of output weight on each of them costs.
    base : float
        The cost of the network: a correction far below that is not improved.
    """
    if not rows.right.any() and not rows.missed.any():
        return 0.0, ""
    if len(rows.members) > MOST_ROWS:
        return np.inf, f"{len(rows.members)} equations are too many to enclose a solution"
    best = _solve(sites, rows, patterns, hinges, costs)
    if best > _CHEAP * base and rows.features is None:
        rows = rows.column_by_column()
        best = min(best, _solve(sites, rows, patterns, hinges, costs))
    normals = hinges.normals / lengths(hinges.normals)[:, None]
    for share in _SHARES:
        if best <= _CHEAP * base:
            break
        extra = gap_hinges(sites, rows.partition, normals, share * len(rows.members))
        more = patterns.joined(_priced(sites, extra))
        best = min(best, _solve(sites, rows, more, hinges, costs))
    if best < np.inf:
        return best, ""
    return best, "no hinges were found that determine the network on all sites"


def _priced(sites: Sites, hinges: Hinges) -> Patterns:
    """Hinges inside their patterns, the best one for each pattern."""
    found = prices(sites, hinges)
    order = np.argsort(found, kind="stable")
    names, _ = distinct(hinges.active[order])
    best = order[np.unique(names, return_index=True)[1]]
    best = best[np.isfinite(found[best])]
    return Patterns(hinges.active[best], hinges.normals[best], hinges.biases[best], found[best])


def _solve(
    sites: Sites, rows: Equations, patterns: Patterns, hinges: Hinges, costs: Array
) -> float:
    """Bound of the cost of a correction with these hinges; infinite if they do not suffice."""
    dimension, scale = sites.points.shape[1], sites.scale
    height = 2 * patterns.prices  # what a unit of bias costs
    along = (np.abs(sites.points) + sites.radii[:, None]).max(axis=0) / scale
    seen = np.ones((len(rows.members), len(height) + 1))
    seen[:, 1:] = patterns.active[:, rows.members].T
    if rows.features is None:
        weights = np.concatenate([[_FREE * height.min(initial=1.0)], height])
        matrix = seen / weights
        selection = select(matrix, EPS * matrix)
        if selection is None:
            return np.inf
        chosen = selection.columns > 0
        sizes = solution_sizes(selection, rows.right, rows.missed)[chosen]
        ratios = np.ones((len(sizes), dimension + 1))
        ratios[:, :-1] = along + 1 / (scale * weights[selection.columns[chosen], None])
    else:
        unit_costs = np.empty((len(height) + 1, dimension + 1))
        unit_costs[1:, :-1] = along * height[:, None] + 1 / scale
        unit_costs[1:, -1] = height
        unit_costs[0] = _FREE * unit_costs[1:].min(initial=1.0)
        matrix = ((seen[:, :, None] / unit_costs) * rows.features[:, None, :]).reshape(
            len(seen), -1
        )
        errors = 8 * EPS * np.abs(matrix)
        own = _hinge_columns(sites, rows, patterns, hinges, costs)
        selection = select(np.hstack([matrix, own[0]]), np.hstack([errors, own[1]]))
        if selection is None:
            return np.inf
        sizes = solution_sizes(selection, rows.right, rows.missed)[selection.columns > dimension, 0]
        ratios = np.ones(len(sizes))
    return float((sizes * ratios).sum()) * (1 + (sizes.size + 24) * EPS)


def _hinge_columns(
    sites: Sites, rows: Equations, patterns: Patterns, hinges: Hinges, costs: Array
) -> tuple[Array, Array]:
    """Columns of the neurons and the interior hinges over their costs, with bounds of errors."""
    assert rows.features is not None
    w = np.concatenate([hinges.normals, patterns.normals]) * sites.scale
    b = np.concatenate([hinges.biases, patterns.biases])
    costs = np.concatenate([costs, lengths(patterns.normals) * (1 + 8 * EPS)])
    seen = np.concatenate([hinges.active, patterns.active])[:, rows.members].T
    columns = np.where(seen, rows.features @ np.column_stack([w, b]).T, 0.0) / costs
    errors = (w.shape[1] + 10) * EPS * (lengths(w) + np.abs(b))
    errors[: len(costs) - len(patterns.prices)] += hinges.uncertain
    return columns, np.where(seen, errors / costs, 0.0) + 2 * EPS * np.abs(columns)
