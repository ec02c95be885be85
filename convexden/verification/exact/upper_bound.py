r"""A proven upper bound of the optimum from a network that meets its targets up to rounding.

The numbers of problem and network are floats, hence rationals, and the bound speaks about exactly
these: there is a network that maps every point of every site exactly to its target, and whose
representation cost is at most the bound.

**Theorem.**  Let every neuron k have an activation pattern :math:`D_k` (which sites are active),
let :math:`A_k = a_k (w_k, b_k)^T`, a p x (d + 1) matrix, and on site n let the affine map
:math:`F_n = \sum_k D_{kn} A_k + (V, c)` miss the target by :math:`E_n = (0, t_n) - F_n`.  For each
pattern let :math:`m = (\mu, \beta)` be a hinge whose slack (`hinge_slack`) is at least
:math:`\sigma > 0` at every site, and let no slack of the neuron be below :math:`-\kappa_k`.  If
matrices :math:`\Delta_D` (for some patterns with such hinges) and :math:`\Delta_0` satisfy

.. math:: \sum_D D_n \Delta_D + \Delta_0 = E_n \quad \text{on every site n}

(for a sample: if both sides agree there), then the optimum is at most

.. math::

    \sum_k |a_k| \Bigl( |w_k| + 2 \frac{\kappa_k}{\sigma_k} |\mu_k| \Bigr)
    + \sum_D \sum_i |\Delta_{D, i}| \Bigl( 2 \frac{Y_i}{\sigma_D} |\mu_D| + |e_i| \Bigr)

with the columns :math:`\Delta_{D, i}`, the reach :math:`Y_i = \max_n (|y_{ni}| + r_n)` of the sites
along coordinate i and :math:`|e_i| = 1`; for the bias :math:`Y = 1` and :math:`|e_i| = 0`.

*Proof.*  The slack is concave and homogeneous, so :math:`\omega_k + (\kappa_k / \sigma_k) m_k` cuts
no ball and has the pattern :math:`D_k`; with it and the hinge :math:`m_k` of the opposite weight,
neuron k is :math:`A_k` exactly on the sites that it sees and zero on the others.  In the same way
the unit vector :math:`e_i` of (w, b) is :math:`\lambda (m + e_i / \lambda) - \lambda m`, both hinges
of the pattern D, if :math:`\lambda = Y_i / \sigma_D`: the change of the slack by :math:`e_i` is at
most :math:`Y_i`.  The sum of all is a network that is :math:`(0, t_n)` on site n.

Sites with one target on the same side of all hinges are one row of these equations.  Nothing is
decided about samples on hinges: either side is right as long as the slack is as it says.

The :math:`E_n` are computed with twice the digits of a float (`twofold`), the equations are solved
with an enclosure (`enclosure`), and all roundings are bounded.  What the :math:`E_n` have in common
with an affine map costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification.exact.enclosure import select, solution_sizes
from convexden.verification.exact.extra_patterns import gap_hinges
from convexden.verification.exact.hinge_slack import (
    Hinges,
    Sites,
    interior_hinges,
    lengths,
    slacks,
    widest_hinge,
)
from convexden.verification.exact.twofold import (
    EPS,
    UNDERFLOW,
    dot_plus,
    pattern_sums,
    two_product,
    two_sum,
)

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Numbers in an array of hinges times sites, and rows of the equations, beyond which nothing is
# shown: some 1 GB, and some ten seconds.
_LARGEST = 20_000_000
_MOST_ROWS = 3000
# A sample this close to a hinge (relative to the reach) may be taken to be on either side.
_ON = 1e-9
# Samples with one target whose piece is this flat (relative to its neurons) are kept flat.
_FLAT = 1e-8
# The cost of the free columns relative to the cheapest of the others, for the choice of columns.
_FREE = 1e-2


@dataclass(frozen=True, eq=False)
class UpperBound:
    """What a network proves about the optimum of a problem.

    Attributes
    ----------
    cost : float
        The optimum is at most this; infinite if nothing could be shown.
    increase : float
        By how much that exceeds the representation cost of the network as it is stored.
    reason : str
        One line that says why nothing could be shown; empty otherwise.
    """

    cost: float
    increase: float
    reason: str = ""


class _NotShown(Exception):
    """Why there is no bound, in one line."""


@dataclass(frozen=True, eq=False)
class _Patterns:
    """Activation patterns, and what a correction with each costs.

    Attributes
    ----------
    active : (M, N) array of bool
    prices : (M,) array
        Bounds of |mu| / sigma of an interior hinge.
    """

    active: NDArray[np.bool_]
    prices: Array


@dataclass(frozen=True, eq=False)
class _Residuals:
    """The E of groups of sites in the original coordinates: high + low within missed."""

    high: Array  # (G, d + 1, p), the bias last
    low: Array
    missed: Array


def upper_bound(problem: Interpolation, network: ShallowNetwork) -> UpperBound:
    """Bound the optimum of a problem by correcting a network; the theorem is in the module.

    Parameters
    ----------
    problem : Interpolation
    network : ShallowNetwork
        On its inputs and outputs.

    Returns
    -------
    UpperBound
    """
    with np.errstate(all="ignore"):
        try:
            base, extra = _bound(problem, network)
        except _NotShown as why:
            return UpperBound(math.inf, math.inf, str(why))
        total = (base + extra) * (1 + 4 * EPS)
    if not math.isfinite(total):
        return UpperBound(math.inf, math.inf, "numbers are too large for a bound of the cost")
    return UpperBound(total, total - base)


def _bound(problem: Interpolation, network: ShallowNetwork) -> tuple[float, float]:
    """Bounds of the cost of a network and of what a correction adds."""
    norms_a, norms_w = lengths(network.output_weights), lengths(network.input_weights)
    if len(problem) * (network.neurons + 1) * (problem.input_dimension + 1) > _LARGEST:
        raise _NotShown(f"{len(problem)} sites and {network.neurons} neurons are too many")
    sites = Sites.of(problem.centers, problem.radii)
    real = np.flatnonzero((norms_a > 0) & (norms_w > 0))
    hinges = _hinges(sites, network, real, problem.targets)
    groups, first = _groups(hinges.active, problem.targets)
    residuals = _residuals(problem.targets[first], network, real, hinges.active[:, first])
    names, patterns = _unique(hinges.active)
    prices = _prices(sites, hinges, names, patterns)

    slack, error = slacks(sites, hinges)
    cuts = np.maximum((error - slack).max(axis=1, initial=0.0), 0.0)
    cut = (cuts > 0) & ~np.isfinite(prices[names])
    if cut.any():
        k = int(np.argmax(cut))
        n = int(np.argmax(error[k] - slack[k]))
        raise _NotShown(f"neuron {real[k]} cuts the ball of site {n} and could not be moved")
    moved = np.where(cuts > 0, 2 * cuts * prices[names], 0.0)
    rounding = 1 + (network.input_dimension + network.output_dimension + len(real) + 8) * EPS
    base = float(norms_a[real] @ norms_w[real]) * rounding
    extra = float(norms_a[real] @ moved) * rounding

    usable = np.isfinite(prices)
    known = _Patterns(patterns[usable], prices[usable])
    normals = hinges.normals / lengths(hinges.normals)[:, None]
    rows = _rows(problem, sites, groups, first, residuals, float(norms_a @ norms_w))
    return base, extra + _correction(sites, rows, known, normals)


def _hinges(sites: Sites, network: ShallowNetwork, real: Indices, targets: Array) -> Hinges:
    """Hinges of the neurons, counted from the origin of the sites, and their patterns."""
    w, b = network.input_weights[real], network.biases[real]
    if sites.origin.any():
        b, uncertain = dot_plus(w, sites.origin, b)
    else:
        uncertain = np.zeros(len(b))
    z = w @ sites.points.T + b[:, None]
    active = z > 0
    on = (np.abs(z) <= np.outer(_ON * lengths(w), sites.reach)) & (sites.radii == 0)
    if on.any():
        # A sample on the hinge goes with most of the sites that have the same target.
        kin = np.unique(targets, axis=0, return_inverse=True)[1].reshape(-1)
        votes = np.zeros((int(kin.max()) + 1, len(w)))
        np.add.at(votes, kin, np.where(on, 0.0, np.sign(z)).T)
        side = votes.T[:, kin]
        active = np.where(on & (side != 0), side > 0, active)
    return Hinges(w, b, uncertain, active)


def _groups(active: NDArray[np.bool_], targets: Array) -> tuple[Indices, Indices]:
    """Sites with one target on the same sides of all hinges: group (N,) and first sites (G,)."""
    bits = np.packbits(active, axis=0).T
    keys = np.concatenate([bits, (targets + 0.0).view(np.uint8)], axis=1)
    numbers: dict[bytes, int] = {}
    firsts: list[int] = []
    groups = np.empty(len(targets), dtype=np.intp)
    for n, row in enumerate(np.ascontiguousarray(keys)):
        number = numbers.setdefault(row.tobytes(), len(firsts))
        if number == len(firsts):
            firsts.append(n)
        groups[n] = number
    return groups, np.array(firsts, dtype=np.intp)


def _unique(active: NDArray[np.bool_]) -> tuple[Indices, NDArray[np.bool_]]:
    """Number (K,) of the pattern of each hinge, and the distinct patterns (M, N)."""
    numbers: dict[bytes, int] = {}
    rows = np.packbits(active, axis=1)
    names = np.array([numbers.setdefault(r.tobytes(), len(numbers)) for r in rows], dtype=np.intp)
    first = np.unique(names, return_index=True)[1]
    return names, active[first]


def _prices(sites: Sites, hinges: Hinges, names: Indices, patterns: NDArray[np.bool_]) -> Array:
    """Bounds (M,) of |mu| / sigma for a hinge well inside each pattern; infinite without one."""
    prices = np.full(len(patterns), np.inf)
    if not len(patterns):
        return prices
    w, b = interior_hinges(sites, hinges)
    found = _price(sites, w, b, hinges.active)
    np.minimum.at(prices, names, found)
    for m in np.flatnonzero(~np.isfinite(prices)):
        k = int(np.argmax(names == m))
        wide = widest_hinge(sites, hinges.normals[k], patterns[m])
        if wide is not None:
            prices[m] = _price(sites, wide[0][None], np.array([wide[1]]), patterns[m][None])[0]
    return prices


def _price(sites: Sites, w: Array, b: Array, active: NDArray[np.bool_]) -> Array:
    """|mu| / sigma of hinges (w, b), with sigma the least slack; infinite if that is not positive."""
    slack, error = slacks(sites, Hinges(w, b, np.zeros(len(b)), active))
    least = (slack - error).min(axis=1)
    sizes = lengths(w) * (1 + (w.shape[1] + 8) * EPS)
    return np.where(least > 0, sizes / np.where(least > 0, least, 1.0), np.inf)


def _residuals(
    targets: Array, network: ShallowNetwork, real: Indices, active: NDArray[np.bool_]
) -> _Residuals:
    """What the affine pieces of groups miss, (0, t) - F; neurons without input weight included."""
    a, w, b = network.output_weights, network.input_weights, network.biases
    constant = np.flatnonzero(~w.any(axis=1) & (b > 0))
    members = np.concatenate([real, constant])
    hinges = np.concatenate([w, b[:, None]], axis=1)[members]
    high, low = two_product(hinges[:, :, None], a[members][:, None, :])
    free = np.concatenate([network.skip.T, network.offset[None]])[None]
    terms = np.concatenate([high, low, free])
    ones = np.ones((len(targets), 1))
    seen = np.concatenate([active.T, np.repeat(ones, len(constant), axis=1)], axis=1)
    parts, missed = pattern_sums(
        np.concatenate([seen, seen, ones], axis=1), terms.reshape(len(terms), -1)
    )
    shape = (len(targets), *free.shape[1:])
    first, second, third = (part.reshape(shape) for part in parts)
    goal = np.zeros(shape)
    goal[:, -1] = targets
    total, error = two_sum(goal, -first)
    rest = error - second - third
    bound = missed.reshape(shape[1:]) + len(members) * UNDERFLOW * high.any(axis=0)
    bound = bound + 2 * EPS * (np.abs(error) + np.abs(second) + np.abs(third))
    return _Residuals(*two_sum(total, rest), bound)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Equations for the corrections, in units of values: lengths are in units of the reach.

    Attributes
    ----------
    members : (R,) int array
        A site of each row.
    partition : (N,) int array
        Sites with one number stay on one side of all hinges.
    features : (R, d + 1) array or None
        What a row sees of an affine map; None if every group is a block of all its columns.
    right : (R, J, p) array
        J = d + 1 without features, otherwise 1.
    missed : (R, J) array
    """

    members: Indices
    partition: Indices
    features: Array | None
    right: Array
    missed: Array


def _rows(
    problem: Interpolation,
    sites: Sites,
    groups: Indices,
    first: Indices,
    residuals: _Residuals,
    cost: float,
) -> _Rows:
    """The equations: all columns for a block, the value for each other sample."""
    scale = float(sites.reach.max())
    dimension = sites.points.shape[1]
    blocks = np.zeros(len(first), dtype=bool)
    blocks[groups[problem.radii > 0]] = True
    samples = np.bincount(groups) > dimension + 1
    if samples.any():
        slopes = np.sqrt((residuals.high[:, :-1] ** 2).sum(axis=(1, 2)))
        blocks |= samples & (slopes <= _FLAT * cost)

    right = residuals.high.copy()
    missed = np.abs(residuals.low) + residuals.missed
    if sites.origin.any():
        far = np.einsum("gip,i->gp", right[:, :-1], sites.origin)
        sizes = np.einsum("gip,i->gp", np.abs(right[:, :-1]), np.abs(sites.origin))
        missed[:, -1] += np.einsum("gip,i->gp", missed[:, :-1], np.abs(sites.origin))
        missed[:, -1] += (dimension + 2) * EPS * (sizes + np.abs(right[:, -1]))
        right[:, -1] += far
    right[:, :-1] *= scale
    missed[:, :-1] *= scale
    missed += EPS * np.abs(right)
    if blocks.all():
        right, missed = _without_mean(right, lengths(missed) * (1 + 8 * EPS))
        return _Rows(first, groups, None, right, missed)

    alone = np.flatnonzero(~blocks[groups])
    partition = groups.copy()
    partition[alone] = len(first) + np.arange(len(alone))
    partition = np.unique(partition, return_inverse=True)[1].reshape(-1)
    alone = alone[np.unique(problem.centers[alone], axis=0, return_index=True)[1]]
    errors, bounds = _values(problem.centers[alone], groups[alone], residuals)
    whole = np.flatnonzero(blocks)
    identity = np.tile(np.eye(dimension + 1), (len(whole), 1))
    own = np.column_stack([sites.points[alone] / scale, np.ones(len(alone))])
    features = np.concatenate([identity, own])
    values = np.concatenate([right[whole].reshape(-1, right.shape[2]), errors])
    bound = lengths(np.concatenate([missed[whole].reshape(-1, right.shape[2]), bounds]))
    members = np.concatenate([np.repeat(first[whole], dimension + 1), alone])
    # What an affine map repairs is free.
    affine = np.linalg.lstsq(features, values, rcond=None)[0]
    sizes = np.abs(features) @ lengths(affine) + lengths(values)
    values = values - features @ affine
    bound = (bound + (2 * dimension + 12) * EPS * sizes) * (1 + 8 * EPS)
    return _Rows(members, partition, features, values[:, None, :], bound[:, None])


def _without_mean(right: Array, missed: Array) -> tuple[Array, Array]:
    """Residuals without what all groups have in common, which the skip connection repairs."""
    mean = right.mean(axis=0)
    rest = right - mean
    return rest, missed + EPS * lengths(rest)


def _values(centers: Array, groups: Indices, residuals: _Residuals) -> tuple[Array, Array]:
    """What the network misses at samples (S, p), and bounds of the errors."""
    high, low = residuals.high[groups], residuals.low[groups]
    slopes = np.swapaxes(high[:, :-1], 1, 2)
    value, bound = dot_plus(slopes, centers[:, None, :], high[:, -1])
    small = np.einsum("nip,ni->np", low[:, :-1], centers) + low[:, -1]
    sizes = np.einsum("nip,ni->np", np.abs(low[:, :-1]), np.abs(centers)) + np.abs(low[:, -1])
    missed = residuals.missed[groups]
    bound = bound + (centers.shape[1] + 2) * EPS * sizes + missed[:, -1]
    bound = bound + np.einsum("nip,ni->np", missed[:, :-1], np.abs(centers))
    total = value + small
    return total, bound * (1 + 8 * EPS) + EPS * np.abs(total)


def _correction(sites: Sites, rows: _Rows, known: _Patterns, normals: Array) -> float:
    """Bound of what a correction costs that meets all targets exactly."""
    if not rows.right.any() and not rows.missed.any():
        return 0.0
    if len(rows.members) > _MOST_ROWS:
        raise _NotShown(f"{len(rows.members)} equations are too many to enclose a solution")
    found = _solve(sites, rows, known)
    for share in (4, 64):
        if found is not None:
            return found
        extra = gap_hinges(sites, rows.partition, normals, share * len(rows.members))
        names, patterns = _unique(extra.active)
        prices = np.full(len(patterns), np.inf)
        np.minimum.at(prices, names, _price(sites, extra.normals, extra.biases, extra.active))
        usable = np.isfinite(prices)
        wide = _Patterns(
            np.concatenate([known.active, patterns[usable]]),
            np.concatenate([known.prices, prices[usable]]),
        )
        found = _solve(sites, rows, wide)
    if found is None:
        raise _NotShown("no patterns were found that determine all targets")
    return found


def _solve(sites: Sites, rows: _Rows, known: _Patterns) -> float | None:
    """Bound of the cost of a correction with these patterns; None if they do not suffice."""
    dimension = sites.points.shape[1]
    scale = float(sites.reach.max())
    grow = 1 + 16 * EPS
    prices = 2 * known.prices  # of a change of the bias
    seen = np.concatenate(
        [np.ones((len(rows.members), 1)), known.active[:, rows.members].T], axis=1
    )
    along = (np.abs(sites.points) + sites.radii[:, None]).max(axis=0) / scale
    if rows.features is None:
        weights = np.concatenate([[_FREE * prices.min(initial=1.0)], prices])
        selection = select(seen / weights, 2 * EPS)
        if selection is None:
            return None
        sizes = solution_sizes(selection, rows.right, rows.missed)
        chosen = selection.columns[selection.columns > 0]
        sizes = sizes[selection.columns > 0]
        costs = np.ones((len(chosen), dimension + 1))
        costs[:, :-1] = along + 1 / (scale * weights[chosen, None])
    else:
        units = np.empty((len(prices) + 1, dimension + 1))
        units[1:, :-1] = along * prices[:, None] + 1 / scale
        units[1:, -1] = prices
        units[0] = _FREE * units[1:].min(initial=1.0)
        matrix = (seen[:, :, None] / units) * rows.features[:, None, :]
        selection = select(matrix.reshape(len(seen), -1), 8 * EPS)
        if selection is None:
            return None
        sizes = solution_sizes(selection, rows.right, rows.missed)[:, 0]
        sizes = sizes[selection.columns > dimension]
        costs = np.ones(len(sizes))
    return float((sizes * costs).sum()) * grow * (1 + (sizes.size + 4) * EPS)
