"""The conjecture that the denoiser of the regular simplex needs no small radius."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convexden.errors import InvalidProblem
from convexden.problem import Interpolation
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, compare
from convexden.theorems.equilateral import (
    SHAPES,
    height,
    on_regular_simplex,
    place,
    ramps_from_faces,
    threshold,
)

KINDS = (*SHAPES, *(f"{shape} (near)" for shape in SHAPES))


def hypotheses(points: ArrayLike, radius: ArrayLike) -> Interpolation:
    """The problem, if it is a regular simplex whose height exceeds the diameter of the balls.

    Raises
    ------
    InvalidProblem
        If it is not: then there is no room for the ramps.
    """
    problem = on_regular_simplex(points, radius)
    largest = height(problem) / 2
    if problem.radii[0] >= largest:
        raise InvalidProblem(
            f"equilateral-beyond has no room for its ramps: lower the radius below {largest:.9g}"
        )
    return problem


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The sum of ramps of `convexden.theorems.equilateral`, at any radius.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, \rho)`, with the :math:`x_n` the r + 1 vertices of a regular simplex with
    circumradius R and height :math:`H = R (1 + 1/r)`.

    Conjecture: the minimizer of `convexden.theorems.equilateral` stays one at every radius at
    which it is defined, :math:`\rho < H / 2`, and

    .. math:: R^* = \frac{2 (r + 1) R}{H - 2 \rho} .

    It does not: above `convexden.theorems.equilateral.threshold` (r) times H / 2 the multipliers
    of the closed form, the only symmetric ones that could prove it, have a pricing maximum above
    1, and `convexden.theorems.regular_simplex` is cheaper.  The threshold has no part in the
    verdict.

    Parameters
    ----------
    points : (r + 1, d) array
        Vertices.
    radius : float

    Returns
    -------
    ClosedForm
        With the multipliers as certificate, which proves nothing above the threshold.

    Raises
    ------
    InvalidProblem
        If the candidate is not defined.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, on the equilateral triangle, without the small radius.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import equilateral_beyond
    >>> points = triangle((60, 60, 60))  # the threshold is at radius 0.66139
    >>> result = equilateral_beyond.verify(points, 0.66)
    >>> result.verdict, result.decided_by
    ('confirmed', 'closed-form dual')
    >>> result = equilateral_beyond.verify(points, 0.67)
    >>> result.verdict, f"cheaper by {result.relative_excess:.1e}", result.relative_gap < 1e-10
    ('refuted', 'cheaper by 6.7e-03', True)
    """
    return ramps_from_faces(hypotheses(points, radius))


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the candidate by its certificate; solve if that fails, or if `solve`."""
    candidate = closed_form(points, radius)
    return compare("equilateral-beyond", candidate, solve=solve, tolerance=tolerance)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Regular simplices with radii above the threshold, up to 95 % of the way or closer to it."""
    shape, _, near = kind.partition(" ")
    least = threshold(SHAPES[shape])
    if near:
        return place(rng, SHAPES[shape], least * (1 + 10 ** rng.uniform(-8, -3)))
    return place(rng, SHAPES[shape], least + rng.uniform(0.05, 0.95) * (1 - least))


THEOREM = Theorem(
    name="equilateral-beyond",
    title="Regular simplex above the threshold",
    statement="the minimizer of equilateral stays one at every radius below H / 2",
    reference="Zeno et al. 2023, arXiv 2311.06748, equilateral triangle, without the small radius",
    kind="conjecture",
    scope=(
        "claimed for regular simplices and every radius below half the height; holds up to the "
        "threshold of equilateral, fails above it"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=90,
)
