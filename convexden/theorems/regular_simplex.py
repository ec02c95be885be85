"""The regular simplex at every radius that leaves room for a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import display
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.theorems._claims import ClosedForm, Instance, closed_form_certificate
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

Array = NDArray[np.float64]

KINDS = (*SHAPES, *(f"{shape} (near)" for shape in SHAPES))


@dataclass(frozen=True, eq=False)
class CrossHinges:
    r"""The numbers of the minimizer above the threshold, on a simplex of circumradius 1.

    Attributes
    ----------
    angle : float
        :math:`\phi`, by which cross hinges are turned off their face.
    value : float
        :math:`\lambda`, the size of the multipliers :math:`l_k`.
    along, across : float
        :math:`G_k` is the former along :math:`n_k` and the latter across it.
    base, cross : float
        The weights :math:`\alpha` and :math:`\beta` of the base hinges and the cross hinges.
    skip : float
        The skip connection is this times the identity.
    pull, turn : float
        :math:`F_m = \mathtt{pull}\, n_k + \mathtt{turn}\, e_m` at the cross hinges, a unit vector.
    """

    angle: float
    value: float
    along: float
    across: float
    base: float
    cross: float
    skip: float
    pull: float
    turn: float

    __repr__ = display.field_line

    @classmethod
    def of(cls, rank: int, radius: float) -> CrossHinges:
        """Those of the simplex of this many dimensions, the radius in units of the circumradius."""
        r, rho, high = rank, radius, 1 + 1 / rank
        # The circumradius of a face, over r - 1.
        reach = np.sqrt(1 - 1 / r**2) / (r - 1)
        angle = np.arccos(2 * rho / np.hypot(high, reach)) - np.arctan2(reach, high)
        cos, sin = np.cos(angle), np.sin(angle)
        span, share, middle = (high - rho) * cos - rho, sin / (r - 1), rho - 1 / r
        square = span**2 + (share * middle) ** 2
        half = span * cos - share**2 * middle
        value = (half + np.sqrt(half**2 + square * share**2 * r * (r - 2))) / square
        along = 1 - value * (high - rho)
        across = -(value + along) / (r - 1)
        pull, turn = value * rho + along * cos, -across * sin
        # Flat on its ball, and its target there.
        leak = across * sin**2 * r / (r - 1)
        equations = [[1.0, r * pull * cos - leak], [high - rho, r * pull * rho - leak]]
        base, cross = np.linalg.solve(equations, [0.0, 1.0])
        numbers = (angle, value, along, across, base, cross, -cross * leak, pull, turn)
        return cls(*map(float, numbers))


def hypotheses(points: ArrayLike, radius: ArrayLike) -> Interpolation:
    """The problem, if it is a regular simplex that leaves room for a network.

    Raises
    ------
    InvalidProblem
        If it is not: from half the height on no hinge separates a vertex from the others.
    """
    problem = on_regular_simplex(points, radius)
    largest = height(problem) / 2
    if problem.radii[0] >= largest:
        raise InvalidProblem(
            f"regular-simplex needs room between a vertex and its face: lower the radius below "
            f"{largest:.9g}"
        )
    return problem


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""Ramps from the faces up to the threshold, and hinges between the balls beyond it.

    Problem: minimize the representation cost subject to :math:`h(y) = x_k` on
    :math:`B(x_k, \rho)`, with the :math:`x_k` the r + 1 vertices of a regular simplex with
    circumradius R = 1, centroid 0 and height :math:`H = 1 + 1/r`.

    Theorem: up to `convexden.theorems.equilateral.threshold` (r) times H / 2 the minimizer is that
    of `convexden.theorems.equilateral`.  Beyond it, with :math:`n_k = x_k`, every vertex has its
    base hinge, tangent to all other balls, and for each other vertex m a *cross hinge* with the
    normal :math:`w_m = \cos\phi\, n_k - \sin\phi\, e_m`, :math:`e_m` the direction from the
    centroid of the face opposite to k to :math:`x_m`, tangent to ball k from its active side and to
    all others but m from the other:

    .. math:: H \cos\phi - \frac{R_f}{r - 1} \sin\phi = 2 \rho

    with the circumradius :math:`R_f` of a face.  With
    :math:`D = (H - \rho) \cos\phi - \rho`, :math:`\sigma = \sin\phi / (r - 1)` and
    :math:`\kappa = \rho - 1 / r` let :math:`\lambda` be the larger root of

    .. math::

        (D^2 + \sigma^2 \kappa^2) \lambda^2 - 2 (D \cos\phi - \sigma^2 \kappa) \lambda
        - \sigma^2 r (r - 2) = 0 , \qquad R^* = (r + 1)\, \lambda .

    The multipliers are :math:`l_k = \lambda n_k` and
    :math:`G_k = g_1 n_k n_k^T + g (I - n_k n_k^T)` with :math:`g_1 = 1 - \lambda (H - \rho)` and
    :math:`g = -(\lambda + g_1) / (r - 1)`: the equalities hold, the base hinges are saturated, and
    the quadratic equation says that the cross hinges are.  The weights :math:`\alpha n_k` and
    :math:`\beta F_m`, with the unit vector :math:`F_m` of the dual constraint, and a skip
    connection v I solve

    .. math::

        v + \alpha + \beta r p \cos\phi = 0, \quad
        v + \beta g \sin^2\!\phi\, \frac{r}{r - 1} = 0, \quad
        v + \alpha (H - \rho) + \beta r p \rho = 1, \qquad p = \lambda \rho + g_1 \cos\phi,

    which says that h is flat on the balls and right at the vertices.

    Proof: by weak duality, wherever :math:`\alpha, \beta \ge 0` and the pricing maximum of the
    multipliers is 1.  Both are checked on each instance; they held for r = 2 .. 6 at all
    radii that were tried.

    Parameters
    ----------
    points : (r + 1, d) array
        Vertices.
    radius : float
        Below half the height; from there on there is no network.

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
    Zeno et al. 2023, arXiv 2311.06748, on the equilateral triangle of small radius.

    Examples
    --------
    >>> from convexden.data import regular_simplex as vertices
    >>> from convexden.theorems import regular_simplex
    >>> result = regular_simplex.verify(vertices(3), 0.65)
    >>> result.verdict, result.decided_by, round(result.cost, 9)
    ('confirmed', 'closed-form dual', 224.656795885)
    """
    problem = hypotheses(points, radius)
    rank = len(problem) - 1
    if problem.radii[0] <= threshold(rank) * height(problem) / 2:
        return ramps_from_faces(problem)
    return _crossed(problem, rank)


def _crossed(problem: Interpolation, rank: int) -> ClosedForm:
    """The closed form above the threshold."""
    centroid = problem.centers.mean(axis=0)
    scale = height(problem) * rank / (rank + 1)  # the circumradius
    normals, rho = (problem.centers - centroid) / scale, float(problem.radii[0]) / scale
    found = CrossHinges.of(rank, rho)
    weights, hinges, biases = [], [], []
    for k, own in enumerate(normals):
        others = np.delete(normals, k, 0)
        arms = others + own / rank  # from the centroid of the face
        arms /= np.linalg.norm(arms, axis=1)[:, None]
        cross = np.cos(found.angle) * own - np.sin(found.angle) * arms
        hinges += [own[None], cross]
        weights += [found.base * own[None], found.cross * (found.pull * own + found.turn * arms)]
        # The base hinge is tangent to the other balls, the cross hinges to the own one.
        biases += [[1 / rank - rho], rho - cross @ own]
    w = np.concatenate(hinges)
    outer = np.einsum("np,nd->npd", normals, normals)
    plane = outer.sum(axis=0) * rank / (rank + 1)  # the projection on the span of the simplex
    skip = found.skip * plane
    network = ShallowNetwork(
        np.concatenate(weights),
        w,
        scale * np.concatenate(biases) - w @ centroid,
        skip,
        centroid - skip @ centroid,
    )
    certificate = closed_form_certificate(
        problem,
        found.value * normals / scale,
        found.along * outer + found.across * (plane - outer),
    )
    return ClosedForm(problem, network, (rank + 1) * found.value, certificate)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate; solve only if that fails, or if `solve`."""
    return compare("regular-simplex", closed_form(points, radius), solve=solve, tolerance=tolerance)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Regular simplices with radii up to 95 % of half the height, or closer to it: in more than two
    dimensions not as close, because there the enclosure of the pricing maximum has fewer digits."""
    shape, _, near = kind.partition(" ")
    rank = SHAPES[shape]
    if near:
        return place(rng, rank, 1 - 10 ** rng.uniform(-4 if rank == 2 else -2, -1.3))
    return place(rng, rank, rng.uniform(0.5, 0.95))


THEOREM = Theorem(
    name="regular-simplex",
    title="Regular simplex at every radius",
    statement="ramps from the faces, then base and cross hinges; R = (r + 1) lambda |x_n - x_c|",
    reference="Zeno et al. 2023, arXiv 2311.06748, equilateral triangle, without the small radius",
    kind="theorem",
    scope=(
        "regular simplices, one radius below half the height, where no hinge separates a vertex "
        "any more"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=82,
)
