"""The virtual points of simplices with an obtuse vertex, and the radii at which they appear."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.theorems import obtuse_simplex, rays
from convexden.theorems._attractors import around, attracting, same_points
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.tolerances import FEASIBILITY_RTOL

Array = NDArray[np.float64]


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The denoiser of an obtuse simplex, and which sums of its edges attract.

    Theorem: let :math:`x_n = x_0 + c_n u_n` with :math:`u_n^T u_m \le 0`.  For a set I of vertices
    other than 0, the point :math:`x_0 + \sum_{n \in I} (x_n - x_0)` is an attracting fixed point of
    `convexden.theorems.obtuse_simplex` iff

    .. math:: \sum_{m \in I,\, m \ne n} |u_n^T u_m|\, c_m < r_n \quad\text{for every } n \in I ,

    and no other point attracts.  For one radius the virtual point of I appears at

    .. math:: \rho_I = \max_{n \in I} \sum_{m \in I,\, m \ne n} |u_n^T u_m|\, c_m ,

    which is 0 for orthogonal edges.

    Proof: a fixed point is :math:`x_0 + \sum_n u_n \phi_n(z_n)` with :math:`z = G \phi(z)`,
    :math:`G = (u_n^T u_m)`.  If no coordinate is on a ramp, it is a sum over some I, with
    :math:`z_n = c_n - \sum_{m \in I, m \ne n} |u_n^T u_m| c_m` in I and :math:`z_n \le 0` outside.
    Outside the ramp n is at its start; in I it has to be at its end, :math:`z_n > c_n - r_n`.
    The Jacobian is 0 there.  On the ramps of a set S the eigenvalues of the Jacobian are those of
    :math:`D^{1/2} G_S D^{1/2}` with :math:`D_n = c_n / (c_n - r_0 - r_n) > 1`, which are real and
    have the mean of the :math:`D_n`: one of them exceeds 1.

    Parameters
    ----------
    points : (N, d) array
        Vertices in any order.
    radius : float or (N,) array

    Returns
    -------
    ClosedForm
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the hypotheses of `convexden.theorems.obtuse_simplex` do not hold.

    References
    ----------
    Zeno et al. 2025, arXiv 2506.19031, on virtual points, with the denoiser of arXiv 2311.06748;
    derived here.

    Examples
    --------
    >>> from convexden.theorems import virtual_obtuse
    >>> points = [[0.0, 0.0], [1.0, 0.0], [-0.1, 1.0]]
    >>> round(virtual_obtuse.appears(points, [1, 2]), 12)  # the larger of 0.1 and 0.0995
    0.1
    >>> for radius in (0.09, 0.11):
    ...     result = virtual_obtuse.verify(points, radius)
    ...     print(result.verdict, result.measured["virtual"])
    confirmed 0
    confirmed 1
    """
    return obtuse_simplex.closed_form(points, radius)


def appears(points: ArrayLike, vertices: ArrayLike) -> float:
    """The radius at which the virtual point of some vertices appears.

    Parameters
    ----------
    points : (N, d) array
        Vertices of an obtuse simplex.
    vertices : sequence of ints
        At least two, without the one at the obtuse corner.
    """
    problem = rays.hypotheses(points, 1e-9 * float(np.ptp(np.asarray(points, dtype=float))))
    edges = problem.problem.centers[np.asarray(vertices)] - problem.problem.centers[problem.origin]
    units = edges / np.linalg.norm(edges, axis=1)[:, None]
    products = np.abs(units @ edges.T)
    np.fill_diagonal(products, 0.0)
    return float(products.sum(axis=1).max())


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate, and compare all its fixed points.

    Those that the search finds have to be those of the 3^L linear systems, and the attracting ones
    those of the theorem.
    """
    found = obtuse_simplex.hypotheses(points, radius)
    claim = rays.sum_over_rays(found)
    result = compare("virtual-obtuse", claim, solve=solve, tolerance=tolerance)
    problem = claim.problem
    fixed = around(problem, claim.network)
    attractors = attracting(fixed, problem.input_dimension)
    expected = np.array(list(_attractors(found)))
    systems = np.array(list(_solutions(found)))
    size = problem.target_spread
    agree = same_points(attractors, expected, size)
    agree &= same_points(np.array([each.point for each in fixed]), systems, size)
    verdict: Verdict = "confirmed" if agree else "refuted"
    virtual = len(attractors) - len(problem)
    return result.and_property(verdict, {"fixed points": len(fixed), "virtual": virtual})


def _edges(found: rays.Rays) -> tuple[Array, Array, Array]:
    """Lengths (L,) of the edges, radii (L,) at their ends, products (L, L) of directions."""
    sites = np.concatenate(found.sites)
    edges = found.problem.centers[sites] - found.problem.centers[found.origin]
    lengths = np.linalg.norm(edges, axis=1)
    return lengths, found.problem.radii[sites], found.directions @ found.directions.T


def _attractors(found: rays.Rays) -> Iterator[Array]:
    """The clean points, and the virtual ones by the theorem."""
    lengths, radii, products = _edges(found)
    for count in range(len(lengths) + 1):
        for chosen in combinations(range(len(lengths)), count):
            own = np.array(chosen, dtype=np.intp)
            along = products[np.ix_(own, own)] @ lengths[own]
            if (along > lengths[own] - radii[own]).all():
                yield found.problem.centers[found.origin] + lengths[own] @ found.directions[own]


def _solutions(found: rays.Rays) -> Iterator[Array]:
    """All fixed points, by a linear system for every choice of a piece of every ramp."""
    lengths, radii, products = _edges(found)
    inner = found.problem.radii[found.origin]
    slope = lengths / (lengths - inner - radii)
    slack = FEASIBILITY_RTOL * lengths.min()
    starts = np.array(
        [np.full_like(lengths, -np.inf), np.full_like(lengths, inner), lengths - radii]
    )
    ends = np.array([starts[1], starts[2], np.full_like(lengths, np.inf)])
    each = np.arange(len(lengths))
    for pieces in product(range(3), repeat=len(lengths)):
        own = np.array(pieces)
        slopes = np.where(own == 1, slope, 0.0)
        constants = np.where(own == 1, -slope * inner, np.where(own == 2, lengths, 0.0))
        # z = G (slopes z + constants)
        z = np.linalg.solve(np.eye(len(lengths)) - products * slopes, products @ constants)
        if (z >= starts[own, each] - slack).all() and (z <= ends[own, each] + slack).all():
            heights = slopes * z + constants
            yield found.problem.centers[found.origin] + heights @ found.directions


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Those of `convexden.theorems.obtuse_simplex`."""
    return obtuse_simplex.instance(rng, kind)


THEOREM = Theorem(
    name="virtual-obtuse",
    title="Virtual points of obtuse simplices",
    statement="x_0 + sum_I (x_n - x_0) attracts iff sum_m |u_n.u_m| c_m < r_n for every n in I",
    reference="Zeno et al. 2025, arXiv 2506.19031, virtual points; denoiser of arXiv 2311.06748",
    kind="theorem",
    scope=(
        "simplices whose edges at one vertex make angles of 90 degrees or more, balls of "
        "positive radii that do not meet"
    ),
    closed_form=closed_form,
    kinds=obtuse_simplex.KINDS,
    instance=instance,
    verify=verify,
    order=210,
)
