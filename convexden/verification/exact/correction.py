r"""What it costs at most to correct a network so that it meets all targets exactly.

Unknown are matrices :math:`\Delta` (p x (d + 1)) for activation patterns and for the skip
connection and the offset, whose sum on every site is what the network misses there.  A column of
them is a weight on a unit vector of (w, b), which a pair of hinges around an interior hinge of the
pattern makes; the weight of a neuron or of an interior hinge may change as well, which is cheaper.
Whatever solves the equations (`equations`) is a correction.  A solution of a square part is
enclosed (`enclosure`), with the cheap columns first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, power_above
from convexden.verification.exact.enclosure import select, solution_sizes
from convexden.verification.exact.equations import Equations
from convexden.verification.exact.extra_patterns import gap_hinges
from convexden.verification.exact.hinge_slack import (
    Hinges,
    Patterns,
    Sites,
    lengths,
    prices,
)
from convexden.verification.exact.implied_rows import independent_groups
from convexden.verification.exact.labels import labels

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CorrectionSettings:
    """Parameters of the choice of columns for a correction."""

    free: float = 1e-2
    """The price of a free column relative to the cheapest other one."""

    shares: tuple[int, ...] = (4, 64)
    """Hinges in gaps that are tried, for each equation: first few, then more."""

    most_equations: int = 1500
    """Equations beyond which nothing is shown: some seconds."""

    cheap: float = 1e-10
    """A correction above this, relative to the cost, is worth more patterns."""


SETTINGS = CorrectionSettings()


def correction_cost(
    sites: Sites,
    rows: Equations,
    targets: Array,
    patterns: Patterns,
    hinges: Hinges,
    costs: Array,
    base: float,
) -> tuple[float, str]:
    """Bound of what a correction costs, and why it is infinite if it is.

    Parameters
    ----------
    sites, rows, patterns
    targets : (N, p) array
    hinges : Hinges
        Of the neurons.
    costs : (K,) array
        What a unit of output weight on each of them costs.
    base : float
        The cost of the network: a correction far below that is not improved.
    """
    if not rows.right.any() and not rows.missed.any():
        return 0.0, ""
    if len(rows.members) > SETTINGS.most_equations:
        return np.inf, f"{len(rows.members)} equations are too many to enclose a solution"
    maps = rows
    best = _solve(sites, rows, patterns, hinges, costs)
    if best > SETTINGS.cheap * base and rows.features is None:
        rows = rows.column_by_column()
        best = min(best, _solve(sites, rows, patterns, hinges, costs))
    normals = hinges.normals / lengths(hinges.normals)[:, None]
    for share in SETTINGS.shares:
        if best <= SETTINGS.cheap * base:
            break
        extra = gap_hinges(sites, rows.partition, normals, share * len(rows.members))
        more = patterns.joined(_priced(sites, extra))
        best = min(best, _solve(sites, rows, more, hinges, costs))
    if best == np.inf and maps.features is None:
        # Every pattern that is used must combine as those of the groups do.
        every = np.concatenate([hinges.active, patterns.active])[:, maps.members]
        kept = independent_groups(every, targets[maps.members])
        if kept is not None:
            best = _solve(sites, maps.only(kept), patterns, hinges, costs)
    if best < np.inf:
        return best, ""
    return best, "no hinges were found that determine the network on all sites"


def _priced(sites: Sites, hinges: Hinges) -> Patterns:
    """Hinges inside their patterns, the best one for each pattern."""
    found = prices(sites, hinges)
    order = np.argsort(found, kind="stable")
    best = order[labels(hinges.active[order])[1]]
    best = best[np.isfinite(found[best])]
    return Patterns(hinges.active[best], hinges.normals[best], hinges.biases[best], found[best])


def _solve(
    sites: Sites, rows: Equations, patterns: Patterns, hinges: Hinges, costs: Array
) -> float:
    """Bound of the cost of a correction with these hinges; infinite if they do not suffice.

    Columns are divided by a power of two that is at least their cost, which is exact.
    """
    dimension, scale = sites.points.shape[1], sites.scale
    height = 2 * patterns.prices  # what a unit of bias costs
    along = (np.abs(sites.points) + sites.radii[:, None]).max(axis=0) / scale
    seen = np.ones((len(rows.members), len(height) + 1))
    seen[:, 1:] = patterns.active[:, rows.members].T
    if rows.features is None:
        weights = power_above(np.append(SETTINGS.free * _least(height), height))
        selection = select(seen / weights, np.zeros_like(seen))
        if selection is None:
            return np.inf
        used = selection.columns > 0
        chosen = selection.columns[used]
        ratios = np.empty((len(chosen), dimension + 1))
        ratios[:, :-1] = height[chosen - 1, None] * along + 1 / scale
        ratios[:, -1] = height[chosen - 1]
        ratios /= weights[chosen, None]
    else:
        unit_costs = np.empty((len(height) + 1, dimension + 1))
        unit_costs[1:, :-1] = along * height[:, None] + 1 / scale
        unit_costs[1:, -1] = height
        unit_costs[0] = SETTINGS.free * _least(unit_costs[1:])
        columns, errors, hinge_costs = _hinge_columns(sites, rows, patterns, hinges, costs)
        all_costs = np.concatenate([unit_costs.reshape(-1), hinge_costs])
        weights = power_above(all_costs)
        units = _unit_columns(rows, seen)
        matrix = np.hstack([units, columns]) / weights
        errors = np.hstack([rows.doubt[:, None] * np.abs(units), errors]) / weights
        selection = select(matrix, errors)
        if selection is None:
            return np.inf
        used = selection.columns > dimension
        chosen = selection.columns[used]
        ratios = (all_costs[chosen] / weights[chosen])[:, None]
    sizes = solution_sizes(selection, rows.right, rows.missed)
    if sizes is None:
        return np.inf
    return float((sizes[used] * ratios).sum()) * (1 + (sizes.size + 24) * EPS)


def _least(costs: Array) -> float:
    """The least of some costs, in whatever units they are; 1 if there are none."""
    return float(costs.min()) if costs.size else 1.0


def _unit_columns(rows: Equations, seen: Array) -> Array:
    """Columns of the unit vectors of (w, b) for patterns (R, M): M (d + 1) columns.

    Each entry is one number, so that nothing is rounded.
    """
    features = rows.features
    assert features is not None
    own, both, other = (part[:, :, None] for part in rows.parts(seen))
    found = own * features[:, None]
    if both.any() or other.any():
        found = found + both * rows.steps[:, None] - other * features[rows.parents][:, None]
    columns: Array = found.reshape(len(seen), -1)
    return columns


def _hinge_columns(
    sites: Sites, rows: Equations, patterns: Patterns, hinges: Hinges, costs: Array
) -> tuple[Array, Array, Array]:
    """Columns of the neurons and the interior hinges, bounds of their errors, and their costs."""
    features = rows.features
    assert features is not None
    w = np.concatenate([hinges.normals, patterns.normals]) * sites.scale
    b = np.concatenate([hinges.biases, patterns.biases])
    uncertain = np.concatenate([hinges.uncertain, np.zeros(len(patterns.biases))])
    seen = np.concatenate([hinges.active, patterns.active])[:, rows.members].T.astype(float)
    own, both, other = rows.parts(seen)
    vectors = np.column_stack([w, b]).T
    columns = own * (features @ vectors)
    units = (w.shape[1] + 10) * EPS
    errors = (own + other) * (units * (lengths(w) + np.abs(b)) + uncertain)
    if both.any() or other.any():
        columns += both * (rows.steps @ vectors) - other * (features[rows.parents] @ vectors)
        errors += both * (units * np.outer(lengths(rows.steps), lengths(w)))
    costs = np.concatenate([costs, lengths(patterns.normals) * (1 + 8 * EPS)])
    return columns, errors, costs
