"""The conjecture that the denoiser of any simplex is face-aligned."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.data import triangle
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.theorems._claims import (
    ClosedForm,
    Instance,
    closed_form_certificate,
    generic_position,
    one_radius,
)
from convexden.theorems._median import weighted_geometric_median
from convexden.theorems._ramps import Ramp, sum_of_ramps
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, compare

Array = NDArray[np.float64]

KINDS = ("scalene acute", "isosceles acute", "obtuse")


def hypotheses(points: ArrayLike, radius: ArrayLike) -> tuple[Interpolation, Array]:
    """The problem and the point (N, d) of the others' hull that is nearest to each vertex.

    Raises
    ------
    InvalidProblem
        If the points are not the vertices of a simplex or some vertex is no further than 2 rho
        from the hull of the others, where the candidate is not defined.
    """
    problem = denoising(points, radius=radius)
    rho, count = one_radius(problem), len(problem)
    rank = problem.rank
    if rank != count - 1:
        raise InvalidProblem(
            f"face-aligned needs the vertices of a simplex, these {count} points span "
            f"{rank} dimensions"
        )
    nearest = np.array(
        [_nearest(x, np.delete(problem.centers, n, 0)) for n, x in enumerate(problem.centers)]
    )
    widths = np.linalg.norm(problem.centers - nearest, axis=1)
    if widths.min() <= 2 * rho:
        raise InvalidProblem(
            f"face-aligned is not defined: point {int(widths.argmin())} is {widths.min():.6g} from "
            f"the hull of the others, lower the radius below {widths.min() / 2:.6g}"
        )
    return problem, nearest


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The sum of ramps from the hull of the others to each vertex, centered at a median.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, \rho)`, with the :math:`x_n` the vertices of a simplex.

    Conjecture: with :math:`d_n` the distance of :math:`x_n` from the hull of the other vertices
    and :math:`\psi_n` the ramp from 0 to 1 along the shortest segment between them, from
    :math:`\rho` after its beginning to :math:`\rho` before its end, a minimizer is

    .. math:: h(y) = c + \sum_n (x_n - c)\, \psi_n(y), \qquad
       R^* = \min_c \sum_n \frac{2 |x_n - c|}{d_n - 2 \rho},

    c the geometric median of the vertices with weights :math:`1 / (d_n - 2 \rho)`.

    This contains the theorems on the obtuse simplex (c is a vertex) and on the equilateral
    triangle (c is the centroid).  The solver decides: it agrees on obtuse triangles, on isosceles
    ones of moderate radius and on some scalene acute ones for which c is a vertex; on other scalene
    acute triangles it finds cheaper networks, whose hinges are tilted off the faces: those of
    `convexden.theorems.acute_triangle`.

    Parameters
    ----------
    points : (N, d) array
        Vertices.
    radius : float

    Returns
    -------
    ClosedForm
        Without a certificate.

    Raises
    ------
    InvalidProblem
        If the candidate is not defined.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, leaves the general simplex open; the candidate
    generalizes its two results on simplices.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import face_aligned
    >>> isosceles, scalene = triangle((40, 70, 70)), triangle((50, 60, 70))
    >>> round(face_aligned.closed_form(isosceles, 0.2).cost, 12)
    5.625216305913
    >>> result = face_aligned.verify(isosceles, 0.2)
    >>> result.verdict, round(result.cost, 9), result.relative_gap < 1e-10
    ('confirmed', 5.625216306, True)
    >>> result = face_aligned.verify(scalene, 0.4)
    >>> result.verdict, f"cheaper by {result.relative_excess:.1e}", result.relative_gap < 1e-10
    ('refuted', 'cheaper by 2.4e-06', True)
    """
    problem, nearest = hypotheses(points, radius)
    widths = np.linalg.norm(problem.centers - nearest, axis=1)
    weights = 1 / (widths - 2 * problem.radii[0])
    ramps = _centered(problem, nearest, weighted_geometric_median(problem.centers, weights))
    return ClosedForm(*ramps, None)


def at_vertex(points: ArrayLike, radius: ArrayLike, vertex: int) -> ClosedForm:
    r"""The candidate on a triangle with its center at a vertex, and multipliers that can prove it.

    The ramp to vertex v then has height 0.  Let :math:`k_n = 2 / (d_n - 2 \rho)`, and for the two
    other vertices :math:`u_n = (x_n - x_v) / |x_n - x_v|` and :math:`w_n` the direction of their
    ramps.  The hinges of both ramps saturate any multipliers that prove the candidate, and in
    coordinates around :math:`x_v` that leaves two numbers to choose:

    .. math:: l_n = k_n u_n, \qquad
       G_n = -\tfrac12 k_n d_n\, u_n w_n^T + \gamma_n\, u_n^\perp (w_n^\perp)^T ,

    and the equalities give :math:`l_v` and :math:`G_v`.  The hinges of the missing ramp see
    :math:`e \mp l_v (d_v / 2 - \rho)` with :math:`e = l_v d_v / 2 + G_v w_v`.  Hence nothing proves
    the candidate if :math:`|l_v| (d_v - 2 \rho) > 2`, which says that the weighted geometric median
    of the vertices is not :math:`x_v`; and with equality only the :math:`\gamma_n` for which
    :math:`e = 0` can.  These are chosen here.

    Whether they do is left to exact pricing.  On right, obtuse and isosceles triangles they did
    wherever the median is :math:`x_v`, up to radii close to the largest; on
    scalene acute ones from a slightly larger radius on, between which and the first one other
    :math:`\gamma_n` may.

    Parameters
    ----------
    points : (3, d) array
        Vertices.
    radius : float
    vertex : int
        v.

    Returns
    -------
    ClosedForm
        With a certificate, which proves nothing if the median is elsewhere.

    Raises
    ------
    InvalidProblem
        If the candidate is not defined, or the points are not the vertices of a triangle.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import compare, face_aligned
    >>> claim = face_aligned.at_vertex(triangle((40, 60, 80)), 0.45, 2)
    >>> result = compare("face-aligned", claim)
    >>> result.verdict, result.decided_by
    ('confirmed', 'closed-form dual')
    """
    problem, nearest = hypotheses(points, radius)
    if len(problem) != 3 or vertex not in range(3):
        raise InvalidProblem(
            f"{len(problem)} points and vertex {vertex}: give the three vertices of a triangle and "
            "one of 0, 1 and 2"
        )
    steps = problem.centers - nearest
    widths = np.linalg.norm(steps, axis=1)
    normals = steps / widths[:, None]
    arms = problem.centers - problem.centers[vertex]
    others = [n for n in range(3) if n != vertex]
    plane = np.linalg.svd(arms)[2][:2]
    turn = plane.T @ [[0.0, -1.0], [1.0, 0.0]] @ plane  # by a right angle, in the plane
    values = np.zeros_like(arms)
    jacobians = np.zeros((*arms.shape, arms.shape[1]))
    free = np.zeros_like(jacobians)
    for n in others:
        unit, price = arms[n] / np.linalg.norm(arms[n]), 2 / (widths[n] - 2 * problem.radii[n])
        values[n] = price * unit
        jacobians[n] = -price * widths[n] / 2 * np.outer(unit, normals[n])
        free[n] = np.outer(turn @ unit, turn @ normals[n])
    values[vertex] = -values.sum(axis=0)
    rest = -np.einsum("ni,nj", values, arms) - jacobians.sum(axis=0)
    shift = values[vertex] * widths[vertex] / 2 + rest @ normals[vertex]
    sees = free[others] @ normals[vertex]
    gammas = np.linalg.lstsq(sees.T, shift, rcond=None)[0]
    jacobians[others] += gammas[:, None, None] * free[others]
    jacobians[vertex] = rest - np.tensordot(gammas, free[others], 1)
    # The equalities hold for coordinates around the vertex, and then for all of them.
    certificate = closed_form_certificate(problem, values, jacobians)
    return ClosedForm(*_centered(problem, nearest, problem.centers[vertex]), certificate)


def _centered(
    problem: Interpolation, nearest: Array, center: Array
) -> tuple[Interpolation, ShallowNetwork, float]:
    """The problem, the sum of ramps from this center to the vertices, and its cost."""
    rho, steps = float(problem.radii[0]), problem.centers - nearest
    widths = np.linalg.norm(steps, axis=1)
    ramps = [
        Ramp(u, u @ foot + rho, u @ foot + width - rho, height)
        for u, foot, width, height in zip(
            steps / widths[:, None], nearest, widths, problem.targets - center, strict=True
        )
    ]
    return problem, sum_of_ramps(center, ramps), sum(ramp.cost for ramp in ramps)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = True, tolerance: float = TOLERANCE
) -> Result:
    """Compare the candidate with the certified optimum; it has no dual, `solve` changes nothing."""
    claim = closed_form(points, radius)
    return compare("face-aligned", claim, solve=solve, tolerance=tolerance)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Triangles in generic position."""
    match kind:
        case "scalene acute":
            angles = _scalene_acute(rng)
            fraction = rng.uniform(0.1, 0.8)
        case "isosceles acute":
            apex = rng.uniform(25, 85)
            angles = [apex, (180 - apex) / 2, (180 - apex) / 2]
            fraction = rng.uniform(0.05, 0.5)
        case _:
            widest = rng.uniform(95, 150)
            other = rng.uniform(0.2, 0.8) * (180 - widest)
            angles = [widest, other, 180 - widest - other]
            fraction = rng.uniform(0.01, 0.9)
    corners = triangle(angles)
    room = min(
        float(np.linalg.norm(x - _nearest(x, np.delete(corners, n, 0)))) / 2
        for n, x in enumerate(corners)
    )
    points, scale = generic_position(rng, corners)
    return Instance(points=points[rng.permutation(3)], radius=fraction * room * scale)


def _scalene_acute(rng: np.random.Generator) -> list[float]:
    """Angles from 30 to 85 degrees that differ by 5 or more."""
    while True:
        angles = np.sort(30 + 90 * rng.dirichlet(np.ones(3)))
        if angles[2] < 85 and np.diff(angles).min() > 5:
            return list(angles)


def _nearest(point: Array, vertices: Array) -> Array:
    """The point of the hull of a few affinely independent vertices that is nearest to a point.

    It is the projection on the hull of some of them; all are tried.
    """
    best, distance = vertices[0], np.inf
    for size in range(1, len(vertices) + 1):
        for chosen in combinations(range(len(vertices)), size):
            corner, edges = vertices[chosen[0]], vertices[list(chosen[1:])] - vertices[chosen[0]]
            shares = np.linalg.lstsq(edges.T, point - corner, rcond=None)[0]
            if (shares < 0).any() or shares.sum() > 1:
                continue
            foot = corner + shares @ edges
            if (reach := float(np.linalg.norm(point - foot))) < distance:
                best, distance = foot, reach
    return best


THEOREM = Theorem(
    name="face-aligned",
    title="Face-aligned denoiser of any simplex",
    statement="h(y) = c + sum_n (x_n - c) psi_n(y); R = min_c sum_n 2 |x_n - c| / (d_n - 2 rho)",
    reference="open in Zeno et al. 2023, arXiv 2311.06748, general simplex",
    kind="conjecture",
    scope=(
        "claimed for every simplex and one radius below half the smallest height; holds for "
        "obtuse and many isosceles triangles, fails for scalene acute ones and above a "
        "threshold"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=100,
)
