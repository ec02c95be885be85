"""The conjecture that one-step sampling is exact."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convexden.errors import NotCertified
from convexden.network import ShallowNetwork
from convexden.theorems import obtuse_simplex
from convexden.theorems._attractors import EXACT, one_step_deviation
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare

# The smallest share of the first noise level, and steps to it; fewer where every step is a solve.
LAST = 0.05
STEPS, SOLVED_STEPS = 100, 24


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The denoiser of an obtuse simplex, whose probability flow would be one step.

    Conjecture: with radii :math:`\kappa \sigma` the probability flow is
    :math:`y_\sigma = h_T(y_T) + (\sigma / \sigma_T)(y_T - h_T(y_T))`, as it is for orthogonal rays,
    see `convexden.theorems.product_structure`.

    It is not: on obtuse triangles many steps of DDIM end elsewhere than one.  If the flow were a
    straight line, Euler's method in :math:`\sigma` would be exact whatever its steps.

    Parameters
    ----------
    points : (N, d) array
        Vertices of a simplex with an obtuse or right vertex.
    radius : float or (N,) array

    Returns
    -------
    ClosedForm
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the points are no such simplex.

    References
    ----------
    Suggested by Zeno et al. 2025, arXiv 2506.19031, for orthogonal data, with the denoiser of arXiv
    2311.06748.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import one_step
    >>> right, obtuse = triangle((90, 50, 40)), triangle((110, 40, 30))
    >>> one_step.verify(right, 0.2).verdict
    'confirmed'
    >>> result = one_step.verify(obtuse, 0.2)
    >>> result.verdict, result.measured["deviation"] > 0.1
    ('refuted', True)
    """
    return obtuse_simplex.closed_form(points, radius)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate, and compare many steps with one.

    The conjecture is confirmed if they agree to 1e-12 diameters.
    """
    claim = closed_form(points, radius)
    result = compare("one-step", claim, solve=solve, tolerance=tolerance)
    radii = claim.problem.radii
    deviation = one_step_deviation(
        claim.problem,
        lambda share: closed_form(points, share * radii).network,
        np.geomspace(1.0, LAST, STEPS + 1),
    )
    verdict: Verdict = "confirmed" if deviation <= EXACT else "refuted"
    return result.and_property(verdict, {"deviation": deviation})


def failure(points: ArrayLike, radius: float) -> float:
    """How far one step is from many, at any points, with certified denoisers.

    Parameters
    ----------
    points : (N, d) array
    radius : float

    Returns
    -------
    float
        The largest deviation from 256 starts at all levels, in diameters.

    Raises
    ------
    InvalidProblem
        If the points and the radius state no problem.
    NotCertified
        If a denoiser is not certified.
    """
    from convexden.problem import denoising
    from convexden.solving.interpolation import solve

    def network(share: float) -> ShallowNetwork:
        """The certified denoiser of a share of the radius."""
        solution = solve(denoising(points, radius=share * radius))
        if not solution.certified:
            raise NotCertified("a denoiser is not certified: give fewer points")
        return solution.network

    levels = np.geomspace(1.0, LAST, SOLVED_STEPS + 1)
    return one_step_deviation(denoising(points, radius=radius), network, levels)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Those of `convexden.theorems.obtuse_simplex`."""
    return obtuse_simplex.instance(rng, kind)


THEOREM = Theorem(
    name="one-step",
    title="One-step sampling is exact",
    statement="y_sigma = h_T(y_T) + (sigma / sigma_T)(y_T - h_T(y_T)) on every obtuse simplex",
    reference="Zeno et al. 2025, arXiv 2506.19031, one step; denoiser of arXiv 2311.06748",
    kind="conjecture",
    scope=(
        "claimed for simplices with an obtuse or right vertex; holds for right angles, fails on "
        "obtuse triangles"
    ),
    closed_form=closed_form,
    kinds=obtuse_simplex.KINDS,
    instance=instance,
    verify=verify,
    order=260,
    failure=failure,
)
