"""The conjecture that the score estimate of a minimum-norm denoiser is a gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convexden.theorems import acute_triangle
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._energy import asymmetry
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.tolerances import ALIGNED_RAD, TILTED_RAD

KINDS = ("scalene", "isosceles")


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The denoiser of an acute triangle, as if it were a gradient.

    Conjecture: :math:`s(y) = (h(y) - y) / \sigma^2` is a gradient, as the score of a density is.

    It is not on acute triangles that are not equilateral, not even on isosceles ones: the output
    weights :math:`a_k` of `convexden.theorems.acute_triangle` are not parallel to the input weights
    :math:`w_k`, which a gradient needs, see `convexden.theorems.conservative`.

    Parameters
    ----------
    points : (3, d) array
        Vertices of an acute triangle.
    radius : float

    Returns
    -------
    ClosedForm
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the hypotheses of `convexden.theorems.acute_triangle` do not hold.

    References
    ----------
    Zeno et al. 2025, arXiv 2506.19031, on score estimates, with the problem of arXiv 2311.06748.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import score_gradient
    >>> result = score_gradient.verify(triangle((48, 60, 72)), 0.2)
    >>> result.verdict, round(result.measured["angle of weights"], 3)
    ('refuted', 2.281)
    """
    return acute_triangle.closed_form(points, radius)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate, and measure how far it is from a gradient."""
    claim = closed_form(points, radius)
    result = compare("score-gradient", claim, solve=solve, tolerance=tolerance)
    skip, angle = asymmetry(claim.network)
    worst = max(skip, float(np.radians(angle)))
    verdict: Verdict = "refuted" if worst >= TILTED_RAD else "undecided"
    if worst <= ALIGNED_RAD:
        verdict = "confirmed"
    measured = {"angle of weights": angle, "asymmetry of the skip connection": skip}
    return result.and_property(verdict, measured)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Those of `convexden.theorems.acute_triangle` with radii inside of its range."""
    return acute_triangle.instance(rng, kind)


THEOREM = Theorem(
    name="score-gradient",
    title="The score estimate is a gradient",
    statement="(h(y) - y) / sigma^2 is a gradient on every acute triangle",
    reference="Zeno et al. 2025, arXiv 2506.19031, scores; problem of arXiv 2311.06748",
    kind="conjecture",
    scope="claimed for acute triangles; holds for the equilateral one, fails for the others",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=270,
)
