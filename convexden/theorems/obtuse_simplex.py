"""Simplices with a vertex whose edges make pairwise obtuse or right angles."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from convexden.errors import InvalidProblem
from convexden.theorems._claims import ClosedForm, Instance, generic_position
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, compare
from convexden.theorems.rays import Rays, obtuse_directions, on_rays, sum_over_rays

KINDS = ("obtuse triangle", "right triangle", "corner in space")


def hypotheses(points: ArrayLike, radius: ArrayLike) -> Rays:
    """The edges at the obtuse vertex, one point a ray.

    Raises
    ------
    InvalidProblem
        If the points are not the vertices of a simplex with such a vertex.
    """
    rays = on_rays(points, radius)
    if rays is None:
        raise InvalidProblem(
            "obtuse-simplex needs a vertex whose edges make pairwise obtuse or right angles"
        )
    count = len(rays.problem)
    rank = rays.problem.rank
    if rank != count - 1:
        raise InvalidProblem(
            f"obtuse-simplex needs the vertices of a simplex, these {count} points span only "
            f"{rank} dimensions: try rays"
        )
    return rays


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The sum of ramps along the edges at the obtuse vertex.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, r_n)`, with the :math:`x_n` the vertices of a simplex and
    :math:`(x_n - x_0)^T (x_m - x_0) \le 0` for all n and m other than 0.

    Theorem: with :math:`u_n = (x_n - x_0) / c_n`, :math:`c_n = |x_n - x_0|`, a minimizer is

    .. math:: h(y) = x_0 + \sum_n u_n \phi_n(u_n^T (y - x_0)), \qquad
       R^* = \sum_n \frac{2 c_n}{c_n - r_0 - r_n},

    :math:`\phi_n` the ramp from 0 on :math:`s \le r_0` to :math:`c_n` on
    :math:`s \ge c_n - r_n`.  Its hinges are perpendicular to the edges.

    Parameters
    ----------
    points : (N, d) array
        Vertices in any order.
    radius : float or (N,) array

    Returns
    -------
    ClosedForm
        With a certificate, see `convexden.theorems.rays`.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, on simplices with an obtuse vertex.

    Examples
    --------
    >>> from convexden.theorems import obtuse_simplex
    >>> points = [[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]]
    >>> round(obtuse_simplex.closed_form(points, 0.48).cost, 12)
    5.572755417957
    >>> result = obtuse_simplex.verify(points, 0.48)
    >>> result.verdict, round(result.cost, 9), result.relative_gap < 1e-10
    ('confirmed', 5.572755418, True)
    """
    return sum_over_rays(hypotheses(points, radius))


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate; solve only if that fails, or if `solve`."""
    return compare("obtuse-simplex", closed_form(points, radius), solve=solve, tolerance=tolerance)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Triangles with a right angle or one of up to 175 degrees, and simplices in 3 to 5
    dimensions; half of unequal radii.
    """
    if kind == "corner in space":
        edges = obtuse_directions(rng, int(rng.integers(3, 6)))
    else:
        angle = np.pi / 2 if kind == "right triangle" else np.deg2rad(rng.uniform(90, 175))
        edges = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    count = len(edges)
    legs = rng.uniform(0.5, 2.0, count)
    points, scale = generic_position(rng, np.vstack([np.zeros(count), legs[:, None] * edges]))
    radii = np.full(count + 1, scale * rng.uniform(0.01, 0.9) * legs.min() / 2)
    if rng.random() < 0.5:
        radii[1:] *= rng.uniform(0.1, 1.0, count)
    order = rng.permutation(count + 1)
    return Instance(points=points[order], radius=radii[order])


THEOREM = Theorem(
    name="obtuse-simplex",
    title="Simplex with an obtuse or right vertex",
    statement="h(y) = x_0 + sum_n u_n phi_n(u_n.(y - x_0)); R = sum_n 2 c_n / (c_n - r_0 - r_n)",
    reference="Zeno et al. 2023, arXiv 2311.06748, simplex with an obtuse vertex",
    kind="theorem",
    scope=(
        "simplices whose edges at one vertex make angles of 90 degrees or more, balls of "
        "positive radii that do not meet"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=70,
)
