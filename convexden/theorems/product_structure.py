"""Denoisers that act on coordinates separately: fixed points on a grid, exact one-step sampling."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.errors import InvalidProblem
from convexden.theorems import rays
from convexden.theorems._attractors import (
    EXACT,
    around,
    attracting,
    one_step_deviation,
    same_points,
)
from convexden.theorems._claims import ClosedForm, Instance, generic_position
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.tolerances import DEPENDENT_RTOL

Array = NDArray[np.float64]

KINDS = ("line", "right angle", "cross", "rays in space")
# Shares of the first noise level at which samplers stop: uneven, as schedules are.
LEVELS = np.array([1.0, 0.83, 0.6, 0.31, 0.12, 0.03])


def hypotheses(points: ArrayLike, radius: ArrayLike) -> rays.Rays:
    """The points sorted on rays, if these are orthogonal or opposite.

    Raises
    ------
    InvalidProblem
        If they are not.
    """
    found = rays.hypotheses(points, radius)
    cosines = found.directions @ found.directions.T
    if (
        np.minimum(np.abs(cosines), np.abs(cosines + 1.0))[~np.eye(len(cosines), dtype=bool)].max(
            initial=0.0
        )
        > DEPENDENT_RTOL
    ):
        raise InvalidProblem("product-structure needs rays that are orthogonal or opposite")
    return found


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The denoiser of orthogonal rays, whose coordinates decouple.

    Theorem: let :math:`h(y) = x_0 + \sum_l v_l \phi_l(s_l)`, :math:`s_l = n_l^T (y - x_0)`, with
    :math:`n_l^T v_l = 1` and :math:`n_l^T v_m = 0` otherwise, as for clean points on a line or on
    orthogonal rays, each :math:`\phi_l` the univariate denoiser of :math:`m_l + 1` clean
    coordinates.

    * The fixed points are a grid of :math:`\prod_l (2 m_l + 1)` points, of which the
      :math:`\prod_l (m_l + 1)` attract that have only clean coordinates.  The others have
      coordinates :math:`s^* = c + \Delta r / (r + r')` in gaps of width :math:`\Delta` between
      balls of radii r and r'.
    * The basins of the score flow are boxes with these sides.
    * With radii :math:`\kappa \sigma` the probability flow from noise level :math:`\sigma_T` is
      :math:`y_\sigma = h_T(y_T) + (\sigma / \sigma_T)(y_T - h_T(y_T))`: one step of DDIM is exact.

    Proof: :math:`\dot s_l = \phi_l(s_l) - s_l` for every l, since
    :math:`n_l^T h(y) = n_l^T x_0 + \phi_l(s_l)`.  A univariate denoiser has the fixed points c,
    where it is constant, and one :math:`s^*` in every gap, where with :math:`R = r + r'` it is
    :math:`s^* + \frac{\Delta}{\Delta - R}(s - s^*)` and repels.  For radii :math:`\kappa \sigma`, R
    is proportional to :math:`\sigma` and :math:`s^*` does not move.  With
    :math:`\tau = -\log \sigma`, so that :math:`dR / d\tau = -R`,

    .. math:: \frac{d}{d\tau} \log |s - s^*| = \frac{R}{\Delta - R}
       = \frac{d}{d\tau} \log (\Delta - R) , \qquad
       \frac{d}{d\tau} \log |s - c| = -1 = \frac{d}{d\tau} \log r :

    :math:`(s - s^*) / (\Delta - R)` in gaps and :math:`(s - c) / r` on balls are constant, and so
    is which of both a coordinate is in.  In a gap
    :math:`\phi(s) - s^* = \Delta (s - s^*) / (\Delta - R)` is constant too, so that
    :math:`s_\sigma` is :math:`\phi_T(s_T) + (\sigma / \sigma_T)(s_T - \phi_T(s_T))`: linear in
    :math:`\sigma` with the right value at :math:`\sigma_T` and, as :math:`\sigma \to 0`, the limit
    :math:`\phi_T(s_T)`.  Across all :math:`n_l` y decays like :math:`\sigma`.

    Parameters
    ----------
    points : (N, d) array
        Clean points on a line, or on orthogonal rays from one of them, opposite ones included.
    radius : float or (N,) array

    Returns
    -------
    ClosedForm
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Zeno et al. 2025, arXiv 2506.19031, on orthogonal data of arXiv 2311.06748; derived here with
    any number of points on every ray.

    Examples
    --------
    >>> from convexden.theorems import product_structure
    >>> points = [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]]
    >>> result = product_structure.verify(points, 0.25)
    >>> result.verdict, result.measured["fixed points"], result.measured["attracting"]
    ('confirmed', 15, 6)
    """
    return rays.sum_over_rays(hypotheses(points, radius))


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate, find all its fixed points, and follow samplers.

    The fixed points have to be those of the grid, and what many steps of DDIM do that of one, to
    1e-12 diameters.
    """
    found = hypotheses(points, radius)
    claim = rays.sum_over_rays(found)
    result = compare("product-structure", claim, solve=solve, tolerance=tolerance)
    problem = claim.problem
    fixed = around(problem, claim.network)
    attractors = attracting(fixed, problem.input_dimension)
    everything, clean = grid(found)
    agree = same_points(np.array([each.point for each in fixed]), everything, problem.target_spread)
    agree &= same_points(attractors, clean, problem.target_spread)
    deviation = one_step_deviation(
        problem, lambda share: closed_form(points, share * problem.radii).network, LEVELS
    )
    verdict: Verdict = "confirmed" if agree and deviation <= EXACT else "refuted"
    return result.and_property(
        verdict,
        {"fixed points": len(fixed), "attracting": len(attractors), "deviation": deviation},
    )


def grid(found: rays.Rays) -> tuple[Array, Array]:
    """All fixed points (n, d) of `closed_form`, and those (m, d) that attract."""
    centers, radii, origin = found.problem.centers, found.problem.radii, found.origin
    axes: list[Array] = []
    stops: list[Array] = []
    marks: list[Array] = []
    for direction, sites in zip(found.directions, found.sites, strict=True):
        along = (centers[sites] - centers[origin]) @ direction
        before, inner = np.append(0.0, along[:-1]), np.append(radii[origin], radii[sites[:-1]])
        middle = before + (along - before) * inner / (inner + radii[sites])
        for k, axis in enumerate(axes):
            if axis @ direction < -0.5:  # the other half of a line
                stops[k] = np.concatenate([stops[k], -along])
                marks[k] = np.concatenate([marks[k], -middle])
                break
        else:
            axes.append(direction)
            stops.append(np.append(0.0, along))
            marks.append(middle)
    every = [np.concatenate(pair) for pair in zip(stops, marks, strict=True)]
    whole, clean = (np.array(list(product(*lists))) @ np.array(axes) for lists in (every, stops))
    return centers[origin] + whole, centers[origin] + clean


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """One or two points a ray; half of the instances have unequal radii."""
    directions = {
        "line": np.array([[1.0], [-1.0]]),
        "right angle": np.eye(2),
        "cross": np.vstack([np.eye(2), -np.eye(2)[:1]]),
        "rays in space": np.eye(3),
    }[kind]
    gaps = [rng.uniform(0.5, 2.0, rng.integers(1, 3)) for _ in directions]
    outer = [np.cumsum(gap)[:, None] * ray for gap, ray in zip(gaps, directions, strict=True)]
    flat = np.concatenate([np.zeros((1, directions.shape[1])), *outer])
    points, scale = generic_position(rng, flat)
    radius = scale * rng.uniform(0.05, 0.9) * min(float(gap.min()) for gap in gaps) / 2
    radii = np.full(len(points), radius)
    if rng.random() < 0.5:
        radii[1:] *= rng.uniform(0.1, 1.0, len(points) - 1)
    order = rng.permutation(len(points))
    return Instance(points=points[order], radius=radii[order])


THEOREM = Theorem(
    name="product-structure",
    title="Orthogonal rays: exact one-step sampling",
    statement="y_sigma = h_T(y_T) + (sigma / sigma_T)(y_T - h_T(y_T)); attractors are grid points",
    reference="Zeno et al. 2025, arXiv 2506.19031, orthogonal data of arXiv 2311.06748",
    kind="theorem",
    scope="clean points on rays that are orthogonal or opposite, balls of positive radii",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=200,
)
