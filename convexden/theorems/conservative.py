"""Denoisers that are gradients: their score flow goes downhill."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convexden.errors import InvalidProblem
from convexden.theorems import equilateral, rays
from convexden.theorems._attractors import EXACT
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._energy import asymmetry, largest_rise
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.tolerances import ALIGNED_RAD

RAYS = ("two obtuse rays", "right angle", "rays in space")
SIMPLICES = ("triangle", "3-simplex", "4-simplex")
KINDS = (*RAYS, *SIMPLICES)


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The denoiser of rays or of a regular simplex, which is a gradient.

    Theorem: a network :math:`h(y) = \sum_k a_k [w_k^T y + b_k]_+ + V y + c` with every hinge once
    is the gradient of a function iff V is symmetric and every :math:`a_k` is parallel to
    :math:`w_k`.  Then

    .. math:: E(y) = \frac{|y|^2}{2} - \frac12 \sum_k \frac{a_k^T w_k}{|w_k|^2}
       [w_k^T y + b_k]_+^2 - \frac12 y^T V y - c^T y

    decreases along the score flow, :math:`\dot E = -|h(y) - y|^2`, so that there are no cycles.
    The minimum-norm denoisers of lines, of rays at obtuse or right angles and of regular simplices
    are gradients.

    Proof: a field is a gradient iff its Jacobian is symmetric everywhere.  Across hinge k it jumps
    by :math:`a_k w_k^T`, which is symmetric iff :math:`a_k` is parallel to :math:`w_k`; with
    these, what is left is V.  The gradient of E is :math:`y - h(y)`.  In the closed forms of
    `convexden.theorems.rays` and `convexden.theorems.equilateral` all ramps rise along their
    normals, and V = 0.

    Parameters
    ----------
    points : (N, d) array
        On rays at obtuse or right angles, or the vertices of a regular simplex.
    radius : float or (N,) array

    Returns
    -------
    ClosedForm
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the points are neither.

    References
    ----------
    Zeno et al. 2025, arXiv 2506.19031, on score flows, with denoisers of arXiv 2311.06748; derived
    here.

    Examples
    --------
    >>> from convexden.theorems import conservative
    >>> result = conservative.verify([[0.0, 0.0], [1.0, 0.0], [-0.5, 1.0]], 0.2)
    >>> result.verdict, result.measured["largest rise of the energy"] < 1e-12
    ('confirmed', True)
    """
    try:
        found = rays.on_rays(points, radius)
    except InvalidProblem:
        found = None
    return equilateral.closed_form(points, radius) if found is None else rays.sum_over_rays(found)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate, measure its symmetry, and follow its energy."""
    claim = closed_form(points, radius)
    result = compare("conservative", claim, solve=solve, tolerance=tolerance)
    skip, angle = asymmetry(claim.network)
    rise = largest_rise(claim.problem, claim.network)
    symmetric = skip <= EXACT and np.radians(angle) <= ALIGNED_RAD
    verdict: Verdict = "confirmed" if symmetric and rise <= EXACT else "refuted"
    measured = {"angle of weights": angle, "largest rise of the energy": rise}
    return result.and_property(verdict, measured)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Those of `convexden.theorems.rays` and `convexden.theorems.equilateral`."""
    return rays.instance(rng, kind) if kind in RAYS else equilateral.instance(rng, kind)


THEOREM = Theorem(
    name="conservative",
    title="Denoisers that are gradients",
    statement="h is a gradient iff V = V^T and a_k || w_k; then dE/dt = -|h(y) - y|^2",
    reference="Zeno et al. 2025, arXiv 2506.19031, denoisers of arXiv 2311.06748",
    kind="theorem",
    scope="clean points on a line, on rays at 90 degrees or more, or of a regular simplex",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=240,
)
