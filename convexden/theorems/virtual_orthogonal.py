"""The conjecture that only orthogonal data have virtual points."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convexden.data import triangle
from convexden.theorems import obtuse_simplex
from convexden.theorems._attractors import around, attracting
from convexden.theorems._claims import ClosedForm, Instance, generic_position
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare

KINDS = ("small radius", "large radius")


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The denoiser of an obtuse simplex, without virtual points.

    Conjecture: attracting fixed points that are no clean points exist only if the edges at the
    common vertex are orthogonal, :math:`(x_n - x_0)^T (x_m - x_0) = 0`.

    They do not: `convexden.theorems.virtual_obtuse` says from which radius on an obtuse simplex has
    some.  The verdict does not use it, but a search for all fixed points.

    Parameters
    ----------
    points : (N, d) array
        Vertices of a simplex with an obtuse vertex.
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
    Suggested by Zeno et al. 2025, arXiv 2506.19031, whose virtual points are those of orthogonal
    data; the denoiser is that of arXiv 2311.06748.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import virtual_orthogonal
    >>> points = triangle((100, 40, 40))
    >>> for radius in (0.1, 0.3):
    ...     result = virtual_orthogonal.verify(points, radius)
    ...     print(result.verdict, result.measured["virtual"])
    confirmed 0
    refuted 1
    """
    return obtuse_simplex.closed_form(points, radius)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate, and look for attractors that are no clean points.

    On an instance without any the conjecture is confirmed.
    """
    claim = closed_form(points, radius)
    result = compare("virtual-orthogonal", claim, solve=solve, tolerance=tolerance)
    problem = claim.problem
    found = attracting(around(problem, claim.network), problem.input_dimension)
    virtual = len(found) - len(problem)
    verdict: Verdict = "refuted" if virtual > 0 else "confirmed"
    return result.and_property(verdict, {"virtual": virtual})


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Isosceles triangles of 92 to 100 degrees, with radii on one side of what is needed."""
    angle = rng.uniform(92, 100)
    points = generic_position(rng, triangle((angle, (180 - angle) / 2, (180 - angle) / 2)))[0]
    leg = float(np.sort(np.linalg.norm(points - points[[1, 2, 0]], axis=1))[0])
    needed = leg * -np.cos(np.deg2rad(angle))
    share = rng.uniform(0.2, 0.9) if kind == "small radius" else rng.uniform(1.1, 2.0)
    return Instance(points=points[rng.permutation(3)], radius=float(share * needed))


THEOREM = Theorem(
    name="virtual-orthogonal",
    title="Virtual points of orthogonal data only",
    statement="an attractor that is no clean point exists only if the edges are orthogonal",
    reference="Zeno et al. 2025, arXiv 2506.19031, virtual points; denoiser of arXiv 2311.06748",
    kind="conjecture",
    scope=(
        "claimed for simplices with an obtuse vertex; holds for small radii, fails from a "
        "radius on that virtual-obtuse states"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=250,
)
