"""Clean points on rays from a common clean point that meet at obtuse or right angles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from convexden import display
from convexden.errors import InvalidProblem
from convexden.problem import Interpolation, denoising
from convexden.theorems._claims import (
    ClosedForm,
    Instance,
    closed_form_certificate,
    generic_position,
    rounding,
)
from convexden.theorems._ramps import Ramp, sum_of_ramps
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, compare

Array = NDArray[np.float64]

PLANAR = ("two obtuse rays", "three obtuse rays", "right angle", "orthogonal cross")
KINDS = (*PLANAR, "rays in space")


@dataclass(frozen=True, eq=False)
class Rays:
    """Points sorted on rays.

    Attributes
    ----------
    problem : Interpolation
    origin : int
        The site from which the rays start.
    directions : (L, d) array
        Unit vectors.
    sites : list of L int arrays
        The sites on each ray, outwards.
    """

    problem: Interpolation
    origin: int
    directions: Array
    sites: list[NDArray[np.intp]]

    __repr__ = display.field_line


def hypotheses(points: ArrayLike, radius: ArrayLike) -> Rays:
    """Sort the points on rays, if they lie on rays at obtuse or right angles.

    Raises
    ------
    InvalidProblem
        If they do not, if two coincide, if a radius is 0, or if a ball reaches further along
        another ray than the origin's ball (which cannot happen if all radii are the same).
    """
    rays = on_rays(points, radius)
    if rays is None:
        raise InvalidProblem(
            "the points do not lie on rays from one of them at pairwise obtuse or right angles"
        )
    return rays


def on_rays(points: ArrayLike, radius: ArrayLike) -> Rays | None:
    """The points sorted on rays as by `hypotheses`; None if they do not lie on such rays."""
    problem = denoising(points, radius=radius)
    if not problem.radii.all():
        raise InvalidProblem("rays needs balls: give a radius > 0")
    centers = problem.centers
    close = np.argwhere(np.triu(cdist(centers, centers) <= rounding(centers), 1))
    if close.size:
        first, second = close[0]
        raise InvalidProblem(f"points {first} and {second} coincide: give every point once")
    for origin in range(len(problem)):
        rays = _rays_from(problem, origin)
        if rays is None:
            continue
        reach = problem.radii[:, None] + (centers - centers[origin]) @ rays.directions.T
        for k, own in enumerate(rays.sites):
            reach[own, k] = 0.0
        if reach.max() <= problem.radii[origin] + rounding(centers):
            return rays
        n = int(reach.max(axis=1).argmax())
        raise InvalidProblem(
            f"ball {n} reaches further along another ray than the ball of the origin, point "
            f"{origin}: lower radius {n}"
        )
    return None


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The sum of univariate denoisers along the rays.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, r_n)`, with clean points :math:`x_0` and :math:`x_{lj} = x_0 + c_{lj} u_l`,
    :math:`0 = c_{l0} < c_{l1} < \ldots`, on rays with :math:`u_l^T u_k \le 0`.

    Theorem: for every radius at which the balls do not meet, a minimizer is

    .. math:: h(y) = x_0 + \sum_l u_l \phi_l(u_l^T (y - x_0)), \qquad
       R^* = \sum_{l,j} \frac{2 \Delta_{lj}}{\Delta_{lj} - r_{l,j-1} - r_{lj}},

    :math:`\phi_l` the univariate minimizer on ray l and :math:`\Delta_{lj} = c_{lj} - c_{l,j-1}`.

    Proof: on gap j of ray l let :math:`m_{lj}` be the midpoint of the free part and
    :math:`k_{lj} = 2 / (\Delta_{lj} - r_{l,j-1} - r_{lj})`.  Choose multipliers such that the
    sites of ray l from j outwards sum to :math:`\sum_i l_{li} = k_{lj} u_l` and
    :math:`\sum_i (l_{li} x_{li}^T + G_{li}) = k_{lj} u_l m_{lj}^T`, and the origin's such that
    the equalities hold.  Let a hinge (w, b) with the origin on its inactive side pass ray l,
    for l in S, in gap j.  It misses the balls at its ends, so that
    :math:`k_{lj} |w^T m_{lj} + b| \le w^T u_l =: \alpha_l`, and the dual constraint is at
    most :math:`|\sum_{l \in S} \pm \alpha_l u_l|` for some signs.  The Gram matrix of these
    :math:`u_l` is :math:`I - N` with :math:`N \ge 0`; since all :math:`\alpha_l > 0` they
    are independent and :math:`(I - N)^{-1} \ge I + N` in every entry, so the square is at most
    :math:`\alpha^T (I + N) \alpha \le \alpha^T (I - N)^{-1} \alpha \le |w|^2 = 1`.

    Parameters
    ----------
    points : (N, d) array
        Clean points in any order, the common one among them.
    radius : float or (N,) array
        Unequal radii must not reach beyond the origin's ball along another ray.

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
    Zeno et al. 2023, arXiv 2311.06748, on data on rays with pairwise obtuse angles.

    Examples
    --------
    >>> from convexden.theorems import rays
    >>> points = [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]]
    >>> round(rays.closed_form(points, 0.25).cost, 12)
    9.333333333333
    >>> result = rays.verify(points, 0.25)
    >>> result.verdict, round(result.cost, 9), result.relative_gap < 1e-10
    ('confirmed', 9.333333333, True)
    """
    return sum_over_rays(hypotheses(points, radius))


def sum_over_rays(rays: Rays) -> ClosedForm:
    """The closed form of points that are sorted on rays."""
    problem, origin = rays.problem, rays.problem.centers[rays.origin]
    values = np.zeros_like(problem.targets)
    moments = np.zeros((*values.shape, problem.input_dimension))  # l_n (x_n - x_0)^T + G_n
    ramps = []
    for direction, outwards in zip(rays.directions, rays.sites, strict=True):
        start = float(direction @ origin)
        chain = np.append(rays.origin, outwards)
        for inner, outer in pairwise(chain):
            along = (problem.centers[[inner, outer]] - origin) @ direction
            begin, end = along[0] + problem.radii[inner], along[1] - problem.radii[outer]
            step = problem.targets[outer] - problem.targets[inner]
            ramps.append(Ramp(direction, start + begin, start + end, step))
            price = 2 / (end - begin) * direction
            moment = (begin + end) / 2 * np.outer(price, direction)
            values[outer] += price
            values[inner] -= price
            moments[outer] += moment
            moments[inner] -= moment
    jacobians = moments - values[:, :, None] * (problem.centers - origin)[:, None, :]
    network = sum_of_ramps(problem.targets[rays.origin], ramps)
    certificate = closed_form_certificate(problem, values, jacobians)
    return ClosedForm(problem, network, sum(ramp.cost for ramp in ramps), certificate)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate; solve only if that fails, or if `solve`."""
    return compare("rays", closed_form(points, radius), solve=solve, tolerance=tolerance)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """One to three points a ray; half of the instances have unequal radii."""
    rays = _planar_rays(rng, kind) if kind in PLANAR else obtuse_directions(rng, 3)
    gaps = [rng.uniform(0.5, 2.0, rng.integers(1, 4)) for _ in rays]
    outer = [np.cumsum(gap)[:, None] * ray for gap, ray in zip(gaps, rays, strict=True)]
    flat = np.concatenate([np.zeros((1, rays.shape[1])), *outer])
    points, scale = generic_position(rng, flat)
    radius = scale * rng.uniform(0.01, 0.9) * min(float(gap.min()) for gap in gaps) / 2
    radii = np.full(len(points), radius)
    if rng.random() < 0.5:
        radii[1:] *= rng.uniform(0.1, 1.0, len(points) - 1)
    order = rng.permutation(len(points))
    return Instance(points=points[order], radius=radii[order])


def obtuse_directions(rng: np.random.Generator, count: int) -> Array:
    """Linearly independent unit vectors, one a row, at pairwise obtuse angles."""
    mixing = np.triu(rng.uniform(0.0, 1.0, (count, count)), 1)
    mixing += mixing.T
    mixing *= rng.uniform(0.05, 0.95) / np.linalg.norm(mixing, 2)
    # Factors of their Gram matrix.
    return np.asarray(np.linalg.cholesky(np.eye(count) - mixing), dtype=float)


def _planar_rays(rng: np.random.Generator, kind: str) -> Array:
    """Random unit vectors of a kind in the plane."""
    match kind:
        case "two obtuse rays":
            angles = np.cumsum([rng.uniform(0, 360), rng.uniform(91, 179)])
        case "three obtuse rays":
            angles = np.cumsum(90 + 90 * rng.dirichlet(np.ones(3)))
        case "right angle":
            angles = np.array([0.0, 90.0])
        case _:
            angles = np.array([0.0, 90.0, 180.0, 270.0])
    return np.column_stack([np.cos(np.deg2rad(angles)), np.sin(np.deg2rad(angles))])


def _rays_from(problem: Interpolation, origin: int) -> Rays | None:
    """Sort the points on rays from one of them; None if two rays are at an acute angle."""
    steps = problem.centers - problem.centers[origin]
    lengths = np.linalg.norm(steps, axis=1)
    tolerance = rounding(problem.centers)
    directions: list[Array] = []
    sites: list[list[int]] = []
    # From the furthest inwards: it fixes the direction of its ray best.
    for n in np.argsort(-lengths)[:-1]:
        for direction, members in zip(directions, sites, strict=True):
            along = direction @ steps[n]
            if along > 0 and np.linalg.norm(steps[n] - along * direction) <= tolerance:
                members.append(int(n))
                break
            if along > tolerance:
                return None
        else:
            directions.append(steps[n] / lengths[n])
            sites.append([int(n)])
    return Rays(problem, origin, np.array(directions), [np.array(own[::-1]) for own in sites])


THEOREM = Theorem(
    name="rays",
    title="Points on rays at obtuse or right angles",
    statement="h(y) = x_0 + sum_l u_l phi_l(u_l.(y - x_0)); R = sum over gaps 2 D / (D - r - r')",
    reference="Zeno et al. 2023, arXiv 2311.06748, data on rays",
    kind="theorem",
    scope=(
        "clean points on rays from a common one, pairwise at 90 degrees or more, balls of "
        "positive radii that do not meet"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=60,
)
