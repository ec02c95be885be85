"""The equilateral triangle and the regular simplex."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist

from convexden import arguments
from convexden.data import regular_simplex
from convexden.errors import InvalidProblem
from convexden.problem import Interpolation, denoising
from convexden.theorems._claims import (
    ClosedForm,
    Instance,
    closed_form_certificate,
    generic_position,
    one_radius,
    rounding,
)
from convexden.theorems._ramps import Ramp, sum_of_ramps
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, compare

Array = NDArray[np.float64]

SHAPES = {"triangle": 2, "3-simplex": 3, "4-simplex": 4, "5-simplex": 5, "6-simplex": 6}
KINDS = (*SHAPES, *(f"{shape} (near)" for shape in SHAPES))


def threshold(dimension: int) -> float:
    r"""Largest radius, as a fraction of half the height, at which the closed form is optimal.

    In r dimensions it is the larger root f of :math:`A f^2 - B f + r^2 - 1 = 0` with
    :math:`c = 2 (r+1)^2 / ((r+1)^2 - 1)`, :math:`A = c^2 + (r^2-1)(c-1)^2` and
    :math:`B = 2 c + 2 (r^2-1)(c-1)`; (8 + 2 sqrt 3) / 13 = 0.8819 for the triangle.

    Parameters
    ----------
    dimension : int
        r, at least 2.

    Examples
    --------
    >>> from convexden.theorems import equilateral
    >>> [round(equilateral.threshold(r), 6) for r in (2, 3, 4)]
    [0.881854, 0.931618, 0.95553]
    """
    dimension = arguments.whole("dimension", dimension, least=2)
    squared = (dimension + 1) ** 2
    c = 2 * squared / (squared - 1)
    others = dimension**2 - 1
    quadratic = c**2 + others * (c - 1) ** 2
    linear = 2 * c + 2 * others * (c - 1)
    return float((linear + np.sqrt(linear**2 - 4 * quadratic * others)) / (2 * quadratic))


def hypotheses(points: ArrayLike, radius: ArrayLike) -> Interpolation:
    """The problem, if it is a regular simplex with balls of one radius up to the threshold.

    Raises
    ------
    InvalidProblem
        If it is not.
    """
    problem = on_regular_simplex(points, radius)
    rho, largest = problem.radii[0], threshold(len(problem) - 1) * height(problem) / 2
    if rho > largest:
        raise InvalidProblem(
            f"the closed form is optimal only up to radius {largest:.9g} on this simplex: "
            f"lower the radius {rho:.9g}, or try equilateral-beyond"
        )
    return problem


def on_regular_simplex(points: ArrayLike, radius: ArrayLike) -> Interpolation:
    """The problem, if it is a regular simplex with balls of one radius.

    Raises
    ------
    InvalidProblem
        If it is not.
    """
    problem = denoising(points, radius=radius)
    one_radius(problem)
    if len(problem) < 3:
        raise InvalidProblem("equilateral needs at least three points: try collinear for two")
    edges = pdist(problem.centers)
    if float(np.ptp(edges)) > 2 * rounding(problem.centers):
        raise InvalidProblem(
            "equilateral needs the vertices of a regular simplex, these edges differ by "
            f"{np.ptp(edges) / edges.max():.1e} of their length"
        )
    return problem


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The sum of ramps from each face to the opposite vertex, centered at the centroid.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, \rho)`, with the :math:`x_n` the r + 1 vertices of a regular simplex with
    circumradius R and height :math:`H = R (1 + 1/r)`.

    Theorem: with the centroid :math:`x_c` and :math:`u_n = (x_n - x_c) / R`, a minimizer is

    .. math:: h(y) = x_c + \sum_n u_n \phi_n(u_n^T (y - x_c)), \qquad
       R^* = \frac{2 (r + 1) R}{H - 2 \rho},

    :math:`\phi_n` the ramp from 0 at :math:`-R/r + \rho` to R at :math:`R - \rho`.  The paper
    assumes a small radius; this holds if and only if :math:`\rho` is at most `threshold` (r)
    times H / 2.

    Proof: the average of optimal multipliers over the symmetries of the simplex is optimal, so
    :math:`l_n = k u_n` and :math:`G_n = A u_n u_n^T + B (I - u_n u_n^T)`.  The two hinges of a
    ramp fix :math:`k = 2 / (H - 2 \rho)` and :math:`A = -1 - k \rho`, the equalities
    :math:`B = (1 + k \rho - k R) / (r - 1)`.  As nothing is left to choose, h is optimal if and
    only if the pricing maximum of these multipliers is 1, which it is up to the threshold.  Above
    it, hinges that are tangent to two balls on opposite sides exceed 1.

    Parameters
    ----------
    points : (r + 1, d) array
        Vertices.
    radius : float

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
    Zeno et al. 2023, arXiv 2311.06748, on the equilateral triangle.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import equilateral
    >>> points = triangle((60, 60, 60))
    >>> round(equilateral.closed_form(points, 0.1).cost, 12)
    4.615384615385
    >>> result = equilateral.verify(points, 0.1)
    >>> result.verdict, round(result.cost, 9), result.relative_gap < 1e-10
    ('confirmed', 4.615384615, True)
    """
    return ramps_from_faces(hypotheses(points, radius))


def ramps_from_faces(problem: Interpolation) -> ClosedForm:
    """The closed form on a regular simplex whose height exceeds the diameter of the balls."""
    rank, rho = len(problem) - 1, float(problem.radii[0])
    centroid, room = problem.centers.mean(axis=0), height(problem) - 2 * problem.radii[0]
    circumradius = height(problem) * rank / (rank + 1)
    units = (problem.centers - centroid) / circumradius
    ramps = [
        Ramp(u, u @ centroid + rho - circumradius / rank, u @ centroid + circumradius - rho, step)
        for u, step in zip(units, problem.targets - centroid, strict=True)
    ]
    price = 2 / room
    own = -1 - price * rho
    other = (1 + price * rho - price * circumradius) / (rank - 1)
    outer = np.einsum("np,nd->npd", units, units)
    plane = outer.sum(axis=0) * rank / (rank + 1)  # the projection on the span of the simplex
    values = price * units
    # The equalities hold for coordinates around the centroid, and then for all of them.
    certificate = closed_form_certificate(problem, values, own * outer + other * (plane - outer))
    cost = float(2 * (rank + 1) * circumradius / room)
    return ClosedForm(problem, sum_of_ramps(centroid, ramps), cost, certificate)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate; solve only if that fails, or if `solve`."""
    return compare("equilateral", closed_form(points, radius), solve=solve, tolerance=tolerance)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Regular simplices with radii from 1 % to 99 % of the threshold, or closer to it."""
    shape, _, near = kind.partition(" ")
    fraction = 1 - 10 ** rng.uniform(-8, -3) if near else rng.uniform(0.01, 0.99)
    return place(rng, SHAPES[shape], fraction * threshold(SHAPES[shape]))


def place(rng: np.random.Generator, rank: int, fraction: float) -> Instance:
    """A regular simplex in generic position whose radius is this fraction of half the height."""
    points, scale = generic_position(rng, regular_simplex(rank))
    return Instance(points=points, radius=fraction * scale * (1 + 1 / rank) / 2)


def height(problem: Interpolation) -> float:
    """Height of the regular simplex."""
    count = len(problem)
    return float(pdist(problem.centers).mean()) * float(np.sqrt(count / (2 * (count - 1))))


THEOREM = Theorem(
    name="equilateral",
    title="Equilateral triangle and regular simplex",
    statement=(
        "h(y) = x_c + sum_n u_n phi_n(u_n.(y - x_c)); R = 2 (r + 1) |x_n - x_c| / (H - 2 rho)"
    ),
    reference="Zeno et al. 2023, arXiv 2311.06748, equilateral triangle",
    kind="theorem",
    scope=(
        "regular simplices, one radius up to a threshold: 0.6614 of the circumradius for the "
        "triangle"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=80,
)
