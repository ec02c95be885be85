"""The acute triangle: three ramps whose ends at the vertices are tilted off the sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.data import triangle
from convexden.errors import InvalidProblem
from convexden.geometry.triangle import Triangle
from convexden.problem import Interpolation, denoising
from convexden.theorems._acute import AcuteTriangle
from convexden.theorems._claims import (
    ClosedForm,
    Instance,
    generic_position,
    one_radius,
)
from convexden.theorems._theorem import Theorem
from convexden.theorems._tilted import TiltedRamps
from convexden.theorems._tilted_range import largest_radius, tilted_ramps
from convexden.theorems._verdicts import TOLERANCE, Result, compare

Array = NDArray[np.float64]

KINDS = ("scalene", "isosceles", "almost regular", "scalene (near)")
# Cosine of the largest angle, below which a triangle counts as right: rounding of its sides.
_RIGHT = 1e-9
# Excess of the pricing maximum over 1 that rounding explains: the multipliers are known to 1e-13.
_PINCHED = 1e-11


def hypotheses(points: ArrayLike, radius: ArrayLike) -> AcuteTriangle:
    """The problem, if its points are the vertices of an acute triangle with room for the ramps.

    Whether the radius is in the range of the theorem shows where its equations are solved.

    Raises
    ------
    InvalidProblem
        If it is not.
    """
    problem = denoising(points, radius=radius)
    rho = one_radius(problem)
    if len(problem) != 3 or problem.rank != 2:
        raise InvalidProblem(
            f"acute-triangle needs the vertices of a triangle, these {len(problem)} points span "
            f"{problem.rank} {'dimension' if problem.rank == 1 else 'dimensions'}"
        )
    scale = float(2.0 ** np.round(np.log2(problem.input_spread)))
    shape = Triangle.of(problem.hull.coordinates / scale)
    widest = int(shape.cosines.argmin())
    if shape.cosines[widest] <= _RIGHT:
        degrees = float(np.degrees(np.arccos(shape.cosines[widest])))
        raise InvalidProblem(
            f"acute-triangle needs an acute triangle, the angle at point {widest} is {degrees:.6g} "
            "degrees: try rays or obtuse-simplex"
        )
    most = scale * shape.heights.min() / 2
    if rho >= most:
        raise InvalidProblem(
            f"acute-triangle has no room for its ramps: lower the radius below {most:.9g}"
        )
    return AcuteTriangle(problem, shape, rho / scale, scale)


def solution(points: ArrayLike, radius: ArrayLike) -> tuple[AcuteTriangle, TiltedRamps]:
    """The solution of the equations of the theorem, with its angles and its multipliers.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold or the radius is beyond the range; it says which end.
    """
    found = hypotheses(points, radius)
    ramps = tilted_ramps(found.triangle, found.radius)
    if ramps is not None and ramps.pricing_maximum <= 1 + _PINCHED:
        return found, ramps
    largest, end = largest_radius(found.triangle)
    vertex = int(found.triangle.heights.argmin())
    reason = {
        "pinched": "a hinge that touches two balls on opposite sides is worth more",
        "altitude-aligned": f"the ramp to point {vertex} has no height left: try face-aligned",
    }[end]
    raise InvalidProblem(
        f"acute-triangle holds up to radius {largest * found.scale:.12g} on this triangle, beyond "
        f"it {reason}"
    )


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""Three ramps with bases parallel to the sides and ends that are tilted.

    Problem: minimize the representation cost subject to :math:`h(y) = x_k` on
    :math:`B(x_k, \rho)`, with the :math:`x_k` the vertices of an acute triangle.

    Side k is opposite to :math:`x_k`.  Let :math:`n_k` be its inward unit normal, :math:`e_k` that
    turned by a right angle, :math:`d_k` the height, :math:`f_k` the foot of the altitude and
    :math:`p_k = f_k + \rho n_k`.  The *base hinge* of ramp k touches both other balls and is rigid;
    the *apex hinge* touches ball k alone and turns by an angle :math:`t_k`:

    .. math::

        w_k = \cos t_k\, n_k + \sin t_k\, e_k , \qquad
        h(y) = L(y) + \sum_k A_k [n_k \cdot (y - p_k)]_+ + B_k [w_k \cdot (y - x_k) + \rho]_+ ,

    with :math:`L(y) = c - M y`.  With :math:`D_k = (d_k - \rho) \cos t_k - \rho` it is constant on
    the balls if

    .. math::

        D_k M e_k = -\sin t_k\, (x_k - L(p_k)), \quad
        B_k = -\frac{x_k - L(p_k)}{D_k}, \quad A_k = M n_k - \cos t_k\, B_k .

    The hinges saturate multipliers :math:`l_k` and
    :math:`G_k = g_k n_k^T + q_k e_k^T` if :math:`g_k = A_k / |A_k| - (d_k - \rho)\, l_k` and

    .. math::

        \rho\, l_k + \cos t_k\, g_k + \sin t_k\, q_k = \frac{B_k}{|B_k|}, \qquad
        B_k \cdot (\cos t_k\, q_k - \sin t_k\, g_k) = 0,

    the latter because the apex hinge may turn.  With the equalities :math:`\sum_k l_k = 0` and
    :math:`\sum_k l_k x_k^T + G_k = 0` these are 21 equations for the 21 numbers
    :math:`(t, c, M, l, q)`.

    Theorem: where they have a solution whose multipliers have a pricing maximum of 1, h is a
    minimizer and :math:`R^* = \sum_k |A_k| + |B_k| = \sum_k l_k \cdot x_k`.  For every acute
    triangle that is so at every small radius; it ends where the weighted median
    of the vertices has reached a vertex and the ramp to it has no height left, or where a hinge
    that touches two balls on opposite sides saturates the multipliers, too.

    Proof: both sides of the cost are weak duality.  The small radius: `docs/acute.md`.

    The face-aligned candidate is the solution with t = 0 and M = 0.  A scalene triangle has it at
    one radius only, `special_radius`.

    Parameters
    ----------
    points : (3, d) array
        Vertices.
    radius : float

    Returns
    -------
    ClosedForm
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold, or the radius is beyond the range.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, leaves the acute triangle open.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import acute_triangle
    >>> result = acute_triangle.verify(triangle((50, 60, 70)), 0.4)
    >>> result.verdict, result.decided_by, round(result.cost, 12)
    ('confirmed', 'closed-form dual', 8.771259347025)
    """
    found, ramps = solution(points, radius)
    return found.lifted(ramps)


def threshold(points: ArrayLike) -> tuple[float, str]:
    """The largest radius at which the theorem holds on a triangle, and what ends it.

    Parameters
    ----------
    points : (3, d) array
        Vertices of an acute triangle.

    Returns
    -------
    radius : float
        In the units of the points.
    end : {"altitude-aligned", "pinched"}

    Raises
    ------
    InvalidProblem
        If the points are not the vertices of an acute triangle.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import acute_triangle
    >>> for angles in ((40, 60, 80), (60, 60, 60)):
    ...     radius, end = acute_triangle.threshold(triangle(angles))
    ...     print(f"{radius:.12f}", end)
    0.270225089992 altitude-aligned
    0.661390477796 pinched
    """
    found = _shape(points)
    radius, end = largest_radius(found.triangle)
    return radius * found.scale, end


def special_radius(points: ArrayLike) -> float:
    r"""The radius at which the minimizer on a scalene triangle is face-aligned.

    With the inradius r and the sides a, b, c it is :math:`\rho = q r`, q the root in [3/8, 0.38197)
    of

    .. math:: (1 - 2 q)^2 = 4 \kappa q^3, \qquad \kappa = \frac{(a+b)(b+c)(c+a)}{(a+b+c)^3} .

    There the slope of the cost in the tilt, at t = 0, vanishes (`tilt_slope`).  Isosceles triangles
    are face-aligned at every radius of the theorem's range; for them it is the same number.

    Parameters
    ----------
    points : (3, d) array
        Vertices of an acute triangle.

    Raises
    ------
    InvalidProblem
        If they are not.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import acute_triangle
    >>> points = triangle((40, 60, 80))
    >>> round(acute_triangle.special_radius(points), 12)
    0.165081467019
    """
    found = _shape(points)
    sides = found.triangle.sides
    kappa = float(np.prod(sides.sum() - sides) / sides.sum() ** 3)
    roots = np.roots([-4 * kappa, 4.0, -4.0, 1.0])
    q = float(roots[np.abs(roots.real - _BETWEEN).argmin()].real)
    for _ in range(3):  # Newton's steps to rounding
        q -= ((1 - 2 * q) ** 2 - 4 * kappa * q**3) / (-4 * (1 - 2 * q) - 12 * kappa * q**2)
    return q * found.triangle.inradius * found.scale


# Roots of the cubic for kappa = 8/27 (regular) and 1/4 (flat) are .375 and .38197.
_BETWEEN = 0.378


def tilt_slope(points: ArrayLike, radius: float) -> float:
    r"""The slope S of the cost as the apex hinges tilt, at the face-aligned network.

    To first order a tilt is one number :math:`\tau`: :math:`t_k = \tau / (s_k |x_k - c|)` with the
    sides :math:`s_k` and the median c.  Then :math:`\mathrm{cost} = R_0 + S \tau + O(\tau^2)` with

    .. math::

        S = \sum_k \frac{s_{k+2}^2 - s_{k+1}^2}{8 (\Delta - \rho s_k)^2}
          = \frac{W \rho\, [(1 - 2 q)^2 - 4 \kappa q^3]}
                 {4 \Delta^3 \prod_k (1 - \rho s_k / \Delta)^2}, \qquad
        W = -(a - b)(b - c)(c - a),

    the area :math:`\Delta`, :math:`q = \rho / r` and :math:`\kappa` as in `special_radius`.

    Parameters
    ----------
    points : (3, d) array
        Vertices of an acute triangle.
    radius : float

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.
    """
    found = hypotheses(points, radius)
    shape, rho = found.triangle, found.radius
    squares, rooms = shape.sides**2, shape.area - rho * shape.sides
    slopes = (np.roll(squares, -2) - np.roll(squares, -1)) / (8 * rooms**2)
    return float(slopes.sum()) / found.scale**2


def excess_constant(points: ArrayLike) -> float:
    r"""The limit of the face-aligned candidate's excess over :math:`\rho^2` as the radius vanishes.

    .. math::

        \frac{W^2}{16 \Delta^4 Q} , \qquad Q = \sum_k \frac{1}{i_k} - \frac12 , \quad
        i_k = \frac{\cos\alpha_k}{\sin\alpha_{k+1} \sin\alpha_{k+2}}

    with the angles :math:`\alpha_k` and W as in `tilt_slope`.  Both costs tend to 4.

    Parameters
    ----------
    points : (3, d) array
        Vertices of an acute triangle.

    Raises
    ------
    InvalidProblem
        If they are not.
    """
    found = _shape(points)
    shape = found.triangle
    sines = 2 * shape.area * shape.sides / np.prod(shape.sides)
    shares = shape.cosines * sines / np.prod(sines)
    curvature = float((1 / shares).sum()) - 0.5
    width = float(np.prod(shape.sides - np.roll(shape.sides, 1)))
    return width**2 / (16 * shape.area**4 * curvature) / found.scale**2


def _shape(points: ArrayLike) -> AcuteTriangle:
    """The triangle, for a question about it at no particular radius."""
    problem = denoising(points, radius=_some_radius(points))
    return hypotheses(problem.centers, problem.radii)


def _some_radius(points: ArrayLike) -> float:
    """A radius that leaves room on any triangle whose points can be told apart."""
    return 1e-6 * Interpolation(points, points).input_spread


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate; solve only if that fails, or if `solve`."""
    return compare("acute-triangle", closed_form(points, radius), solve=solve, tolerance=tolerance)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Acute triangles in generic position, with radii up to 99 % of the range or nearer its end."""
    match kind:
        case "isosceles":
            apex = rng.uniform(15, 85)
            angles = [apex, (180 - apex) / 2, (180 - apex) / 2]
        case "almost regular":
            angles = list(60 + 10 ** rng.uniform(-4, 0) * np.array([1, -1, 0]))
        case _:
            angles = _scalene(rng)
    corners = triangle(angles)
    near = kind.endswith("(near)")
    share = 1 - 10 ** rng.uniform(-6, -2) if near else rng.uniform(0.01, 0.99)
    points, scale = generic_position(rng, corners)
    radius = share * scale * threshold(corners)[0]
    return Instance(points=points[rng.permutation(3)], radius=radius)


def _scalene(rng: np.random.Generator) -> list[float]:
    """Angles from 15 to 88 degrees that differ by half a degree or more."""
    while True:
        angles = np.sort(180 * rng.dirichlet(np.ones(3)))
        if angles[0] > 15 and angles[2] < 88 and np.diff(angles).min() > 0.5:
            return list(angles)


THEOREM = Theorem(
    name="acute-triangle",
    title="Acute triangle, with tilted ramps",
    statement=(
        "h(y) = c - M y + sum_k A_k [n_k.(y - p_k)]_+ + B_k [w_k.(y - x_k) + rho]_+; "
        "R = sum_k |A_k| + |B_k|"
    ),
    reference="open in Zeno et al. 2023, arXiv 2311.06748, triangles",
    kind="theorem",
    scope=(
        "acute triangles, one radius in a range that begins at 0 and ends where its equations "
        "say so"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=85,
)
