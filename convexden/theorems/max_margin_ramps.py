"""The conjecture that the cheapest sum of max-margin ramps is a minimizer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.data import smallest_distance, triangle
from convexden.errors import InfeasibleProblem, InvalidProblem, NotCertified
from convexden.geometry.directions import max_margin_direction
from convexden.problem import Interpolation, denoising
from convexden.theorems._claims import ClosedForm, Instance, generic_position, one_radius
from convexden.theorems._ramps import Ramp, sum_of_ramps
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, compare
from convexden.theorems.rays import obtuse_directions

Array = NDArray[np.float64]

KINDS = ("obtuse triangle", "acute triangle", "tetrahedron", "rays")


def hypotheses(points: ArrayLike, radius: ArrayLike) -> Interpolation:
    """The problem, if its balls have one radius.

    Raises
    ------
    InvalidProblem
        If they do not, or it is 0.
    """
    problem = denoising(points, radius=radius)
    one_radius(problem)
    return problem


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The cheapest sum of ramps across the widest gaps between the points.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, \rho)`.

    For each split of the points by a hyperplane, into those with :math:`D_n = 1` and those with
    :math:`D_n = 0`, let :math:`m_D` be the distance between their convex hulls and
    :math:`\psi_D` the ramp from 0 to 1 along the shortest segment between the hulls, from
    :math:`\rho` after its beginning to :math:`\rho` before its end.

    Conjecture: a minimizer is

    .. math:: h(y) = c + \sum_D j_D\, \psi_D(y), \qquad
       R^* = \min_{c, j} \sum_D \frac{2 |j_D|}{m_D - 2 \rho}
       \quad \text{subject to} \quad x_n = c + \sum_D D_n j_D .

    The hinges are the max-margin hyperplanes of their activation patterns, moved to the balls.
    This contains the theorems on points on rays, obtuse simplices and regular simplices; in
    triangles it is the conjecture ``face-aligned``.  The solver decides: it agrees on obtuse
    triangles and rays, and finds cheaper networks, whose hinges are tilted, on many scalene acute
    triangles and many tetrahedra.

    The heights are those of a convex program (``solve(problem, method="ramps")``), solved to
    rounding.

    Parameters
    ----------
    points : (N, d) array
    radius : float

    Returns
    -------
    ClosedForm
        Without a certificate.

    Raises
    ------
    InvalidProblem
        If the balls have not one radius, or ramps do not interpolate because the balls leave them
        too little room.
    TooLarge
        If there are too many splits: simplices may have 14 points.

    References
    ----------
    Generalizes the closed forms of Zeno et al. 2023, arXiv 2311.06748, to any points.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import max_margin_ramps
    >>> obtuse, scalene = triangle((30, 30, 120)), triangle((50, 60, 70))
    >>> round(max_margin_ramps.closed_form(obtuse, 0.2).cost, 12)
    6.666666666667
    >>> result = max_margin_ramps.verify(obtuse, 0.2)
    >>> result.verdict, round(result.cost, 9), result.relative_gap < 1e-10
    ('confirmed', 6.666666667, True)
    >>> result = max_margin_ramps.verify(scalene, 0.4)
    >>> result.verdict, f"cheaper by {result.relative_excess:.1e}", result.relative_gap < 1e-10
    ('refuted', 'cheaper by 2.4e-06', True)
    """
    problem = hypotheses(points, radius)
    rho = float(problem.radii[0])
    ramps = [
        Ramp(u, float(z[~active].max()) + rho, float(z[active].min()) - rho, height)
        for u, z, active, height in _splits(problem)
    ]
    cost = sum(ramp.cost for ramp in ramps)
    return ClosedForm(problem, sum_of_ramps(problem.targets[0], ramps), cost, None)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = True, tolerance: float = TOLERANCE
) -> Result:
    """Compare the ramps with the certified optimum; they have no dual, `solve` changes nothing."""
    claim = closed_form(points, radius)
    return compare("max-margin-ramps", claim, solve=solve, tolerance=tolerance)


def _splits(problem: Interpolation) -> list[tuple[Array, Array, NDArray[np.bool_], Array]]:
    """The ramps of the program: direction u (d,), heights u.x_n (N,), the split (N,) that leaves
    out point 0, and the height of the ramp (p,)."""
    from convexden.solving.interpolation import solve

    try:
        network = solve(problem, method="ramps").network
    except (InfeasibleProblem, NotCertified) as error:
        raise InvalidProblem(
            "the balls leave no room for ramps that interpolate: lower the radius"
        ) from error
    found: dict[bytes, tuple[Array, Array, NDArray[np.bool_], Array]] = {}
    for w, b, a in zip(network.input_weights, network.biases, network.output_weights, strict=True):
        z = problem.centers @ w
        if z[0] + b > 0:
            w, z, b = -w, -z, -b
        active = z + b > 0
        start, end = float(z[~active].max()), float(z[active].min())
        # Of the two hinges of a ramp the first bends it upwards.
        if -b < (start + end) / 2:
            height = a * (end - start - 2 * problem.radii[0])
            found[active.tobytes()] = w, z, active, height
    return list(found.values())


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Triangles, tetrahedra and points on rays, in generic position."""
    match kind:
        case "rays":
            rays = obtuse_directions(rng, int(rng.integers(2, 4)))
            steps = [np.cumsum(rng.uniform(0.5, 2.0, rng.integers(1, 3))) for _ in rays]
            outer = [np.outer(along, ray) for along, ray in zip(steps, rays, strict=True)]
            corners = np.concatenate([np.zeros((1, len(rays))), *outer])
            room = smallest_distance(corners)
        case "tetrahedron":
            corners = rng.standard_normal((4, 3))
            room = _room(corners)
        case "acute triangle":
            corners = triangle(_angles(rng, 30, 85))
            room = _room(corners)
        case _:
            corners = triangle(_angles(rng, 95, 150))
            room = _room(corners)
    points, scale = generic_position(rng, corners)
    radius = scale * rng.uniform(0.05, 0.8) * room / 2
    return Instance(points=points[rng.permutation(len(points))], radius=radius)


def _angles(rng: np.random.Generator, least: float, most: float) -> list[float]:
    """Three angles of at least 10 degrees, the largest of them in this range."""
    while True:
        angles = np.sort(10 + 150 * rng.dirichlet(np.ones(3)))
        if least <= angles[2] <= most:
            return list(angles)


def _room(corners: Array) -> float:
    """The smallest distance of a vertex from the hull of the others."""
    none = np.zeros(len(corners))
    sides = 2 * np.eye(len(corners), dtype=np.int8) - 1
    normals = [max_margin_direction(corners, none, row) for row in sides]
    return min(
        float((u @ corners[n]) - np.delete(corners, n, 0).dot(u).max())
        for n, u in enumerate(normals)
    )


THEOREM = Theorem(
    name="max-margin-ramps",
    title="Cheapest sum of max-margin ramps",
    statement="h(y) = c + sum_D j_D psi_D(y); R = min sum_D 2 |j_D| / (m_D - 2 rho)",
    reference="generalizes Zeno et al. 2023, arXiv 2311.06748, to any points",
    kind="conjecture",
    scope=(
        "claimed for any points and one radius; holds on lines, on rays and for obtuse "
        "triangles, fails for scalene acute ones and for tetrahedra"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=110,
)
