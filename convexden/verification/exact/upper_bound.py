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
the unit vector :math:`e_i` of (w, b) is :math:`\lambda (m + e_i / \lambda) - \lambda m`, two hinges
of the pattern D if :math:`\lambda = Y_i / \sigma_D`, because :math:`e_i` changes slacks by at most
:math:`Y_i`.  The sum of all is a network that is :math:`(0, t_n)` on site n.

Sites with one target on the same side of all hinges are one row of these equations.  Nothing is
decided about samples on hinges: either side is right as long as the slack is as it says.

The :math:`E_n` are computed with twice the digits of a float (`convexden.arithmetic`), the
equations are solved with an enclosure (`enclosure`), and all roundings are bounded.  What the
:math:`E_n` have in common with an affine map costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.arithmetic.two_part import TwoPart, affine_values, dot_plus
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import TOUCH_RTOL
from convexden.verification.exact.correction import correction_cost
from convexden.verification.exact.equations import equations
from convexden.verification.exact.hinge_slack import (
    Hinges,
    Sites,
    interior_patterns,
    lengths,
    sharp_slacks,
    slacks,
)
from convexden.verification.exact.labels import labels
from convexden.verification.exact.piece_residuals import piece_residuals
from convexden.verification.exact.projection import projected
from convexden.verification.exact.rigid_hinges import cuts_nothing, nearest_integers

Array = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class UpperBoundSettings:
    """What is affordable for an upper bound."""

    largest: int = 20_000_000
    """Numbers in an array of hinges, sites and dimensions beyond which nothing is shown: some
    1 GB."""

    replacements: int = 20
    """Hinges that may be replaced; each costs as much as the bound itself."""

    sharp: int = 2_000_000
    """Products of numbers of twice the digits: some 100 ms."""


SETTINGS = UpperBoundSettings()


@dataclass(frozen=True, eq=False)
class UpperBound:
    """What a network proves about the optimum of a problem.

    Attributes
    ----------
    cost : float
        The optimum is at most this; infinite if nothing could be shown.
    increase : float
        By how much that exceeds the representation cost of the network as it is stored, rounded.
    reason : str
        One line that says why nothing could be shown; empty otherwise.
    """

    cost: float
    increase: float
    reason: str = ""


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
    centers, radii, norm = problem.centers, problem.radii, 1.0
    with np.errstate(all="ignore"):
        cost = float(lengths(network.output_weights) @ lengths(network.input_weights))
        flat = projected(centers, radii, network)
        if flat is not None:
            centers, radii, network, norm = flat
        count, neurons, outputs = len(centers), network.neurons + 1, problem.output_dimension
        inputs = centers.shape[1]
        pairs = max(count * neurons, count * outputs, neurons * outputs)
        if pairs * (inputs + 1) > SETTINGS.largest:
            return _unknown(
                f"{count} sites and {network.neurons} neurons in {inputs} dimensions are too many "
                "to bound the optimum from above"
            )
        try:
            total, reason = _bound(centers, problem.targets, radii, network)
        except np.linalg.LinAlgError:
            total, reason = math.inf, ""
        total *= norm * (1 + 2 * EPS)
    if not math.isfinite(total):
        return _unknown(reason or "numbers are too large for a bound of the cost")
    return UpperBound(total, total - cost)


def _unknown(reason: str) -> UpperBound:
    """No upper bound, and why."""
    return UpperBound(math.inf, math.inf, reason)


def _bound(
    centers: Array,
    targets: Array,
    radii: Array,
    network: ShallowNetwork,
    replacements: int = SETTINGS.replacements,
) -> tuple[float, str]:
    """The bound of the module's theorem, and why it is infinite if it is.

    At most so many hinges that cannot move are replaced by those of integers that are meant.
    """
    a_sizes, w_sizes = lengths(network.output_weights), lengths(network.input_weights)
    real = np.flatnonzero((a_sizes > 0) & (w_sizes > 0))
    a_sizes, w_sizes = a_sizes[real], w_sizes[real]
    rounding = 1 + (network.input_dimension + network.output_dimension + len(real) + 8) * EPS
    cost = float(a_sizes @ w_sizes) * rounding

    sites = Sites.of(centers, radii)
    hinges, slack, cuts = _separating(sites, centers, targets, network, real)
    names, patterns = interior_patterns(sites, hinges)
    prices = patterns.prices[names]
    for k in np.flatnonzero((cuts > 0) & ~np.isfinite(prices)):
        n = real[k]
        hinge = network.input_weights[n], float(network.biases[n]), hinges.active[k]
        if cuts_nothing(centers, radii, *hinge, float(network.exact_biases.low[n])):
            cuts[k] = 0.0
            continue
        meant = nearest_integers(centers, radii, *hinge)
        if meant is None or replacements == 0:
            return math.inf, _obstacle(radii, n, slack[k])
        changed = _with_hinge(network, n, *meant)
        return _bound(centers, targets, radii, changed, replacements - 1)
    moves = np.where(cuts > 0, 2 * cuts * prices, 0.0)

    groups, first = labels(hinges.active.T, targets)
    residuals = piece_residuals(targets[first], network, real, hinges.active[:, first])
    rows = equations(centers, sites, groups, first, residuals, cost)
    costs = (w_sizes + moves) * rounding
    fix, reason = correction_cost(sites, rows, targets, patterns.known(), hinges, costs, cost)
    return (cost + float(a_sizes @ moves) * rounding + fix) * (1 + 2 * EPS), reason


def _separating(
    sites: Sites, centers: Array, targets: Array, network: ShallowNetwork, neurons: Indices
) -> tuple[Hinges, Array, Array]:
    """The hinges of neurons with their patterns, their slacks (K, N), and by how much at the most
    each of them may cut a site (K,)."""
    w, biases = network.input_weights[neurons], network.exact_biases.rows(neurons)
    if len(neurons) * centers.size <= SETTINGS.sharp:
        z = affine_values(centers, w, biases)
        hinges = _hinges(sites, w, biases, targets, z)
        slack, error = sharp_slacks(centers, sites.radii, w, z, hinges.active)
    else:
        hinges = _hinges(sites, w, biases, targets, None)
        slack, error = slacks(sites, hinges)
    cuts = (error - slack).max(axis=1, initial=0.0)
    return hinges, slack, np.where(cuts >= 0.0, cuts, np.inf)  # NaN where numbers are too large


def _with_hinge(network: ShallowNetwork, neuron: int, w: Array, b: float) -> ShallowNetwork:
    """The network with another hinge for one neuron, at about the same cost."""
    a, biases, all_w = network.exact_output_weights, network.exact_biases, network.input_weights
    here = np.arange(network.neurons) == neuron
    scaled = a.high * (np.linalg.norm(all_w[neuron]) / np.linalg.norm(w))
    a = a.where(~here[:, None], TwoPart.of(scaled))
    biases = biases.where(~here, TwoPart.of(np.full(len(here), b)))
    return ShallowNetwork(
        a.high,
        np.where(here[:, None], w, all_w),
        biases.high,
        network.skip,
        network.offset,
        a.low,
        biases.low,
    )


def _obstacle(radii: Array, neuron: int, slack: Array) -> str:
    """Which site a hinge cuts that has no other one of its pattern near."""
    n = int(np.argmin(slack))
    if radii[n] > 0:
        return f"the hinge of neuron {neuron} cuts the ball of site {n} and cannot be moved off"
    return (
        f"the hinge of neuron {neuron} is too close to the sample of site {n} to say on which side"
    )


def _hinges(sites: Sites, w: Array, biases: TwoPart, targets: Array, z: TwoPart | None) -> Hinges:
    """Hinges of the neurons, counted from the origin of the sites, and their patterns.

    The z (K, N) are at the sites; None if they would take too long with all their digits.
    """
    b, uncertain = biases.high, np.abs(biases.low)
    if sites.origin.any():
        b, missed = dot_plus(w, sites.origin, b)
        uncertain = uncertain + missed
    rounded = w @ sites.points.T + b[:, None] if z is None else z.high
    active = rounded > 0
    on = (np.abs(rounded) <= np.outer(TOUCH_RTOL * lengths(w), sites.reach)) & (sites.radii == 0)
    if on.any():
        # A sample on the hinge goes with most of the sites that have the same target.
        kin, first = labels(targets)
        votes = np.zeros((len(first), len(w)))
        np.add.at(votes, kin, np.where(on, 0.0, np.sign(rounded)).T)
        side = votes.T[:, kin]
        active = np.where(on & (side != 0), side > 0, active)
    return Hinges(w, b, uncertain, active)
