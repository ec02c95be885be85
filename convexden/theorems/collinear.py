"""Clean points on a line in any dimension: the univariate denoiser along the line."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convexden.errors import InvalidProblem
from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.theorems._claims import ClosedForm, Instance, generic_position
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, compare
from convexden.theorems.univariate import connect_the_dots

KINDS = ("one radius", "unequal radii")


def hypotheses(points: ArrayLike, radius: ArrayLike) -> Interpolation:
    """The problem, if its points lie on a line.

    Raises
    ------
    InvalidProblem
        If they do not.
    """
    problem = denoising(points, radius=radius)
    rank = problem.rank
    if rank != 1:
        raise InvalidProblem(f"collinear needs points on a line, these span {rank} dimensions")
    return problem


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The univariate denoiser along the line through the points.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, r_n)`, with all clean points on a line :math:`x_n = x_0 + s_n u`,
    :math:`|u| = 1`.

    Theorem: the minimizer is :math:`h(y) = x_0 + u\, \phi(u^T (y - x_0))` with the univariate
    minimizer :math:`\phi`, and with the gaps :math:`\Delta_n` between neighbors

    .. math:: R^* = \sum_n \frac{2 \Delta_n}{\Delta_n - r_n - r_{n+1}} .

    Parameters
    ----------
    points : (N, d) array
        Clean points, in any order.
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
    Zeno et al. 2023, arXiv 2311.06748, on data in a subspace.

    Examples
    --------
    >>> from convexden.theorems import collinear
    >>> points = [[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]
    >>> round(collinear.closed_form(points, 0.5).cost, 12)
    5.0
    >>> result = collinear.verify(points, 0.5)
    >>> result.verdict, round(result.cost, 9), result.relative_gap < 1e-10
    ('confirmed', 5.0, True)
    """
    problem = hypotheses(points, radius)
    reduction = Reduction.of(problem)
    line = connect_the_dots(reduction.problem)
    assert line.certificate is not None
    return ClosedForm(
        problem,
        reduction.lift_network(line.network),
        line.cost * reduction.cost_scale,
        reduction.lift_certificate(line.certificate),
    )


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate; solve only if that fails, or if `solve`."""
    return compare("collinear", closed_form(points, radius), solve=solve, tolerance=tolerance)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Two to eight points on a line in 2 to 5 dimensions."""
    count = int(rng.integers(2, 9))
    gaps = rng.uniform(0.2, 2.0, count - 1)
    positions = np.concatenate([[0.0], np.cumsum(gaps)])[rng.permutation(count)]
    points, scale = generic_position(rng, positions[:, None])
    radius = scale * rng.uniform(0.01, 0.9) * gaps.min() / 2
    if kind == "unequal radii":
        radius = radius * rng.uniform(0.1, 1.0, count)
    return Instance(points=points, radius=radius)


THEOREM = Theorem(
    name="collinear",
    title="Clean points on a line in any dimension",
    statement="h(y) = x_0 + u phi(u.(y - x_0)); R = sum over gaps 2 D / (D - r - r')",
    reference="Zeno et al. 2023, arXiv 2311.06748, data in a subspace",
    kind="theorem",
    scope="clean points on a line in any dimension, balls of any radii that do not meet",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=40,
)
