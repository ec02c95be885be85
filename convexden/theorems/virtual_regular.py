"""The virtual points of regular simplices, and the radii at which they appear."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.problem import Interpolation
from convexden.theorems import equilateral
from convexden.theorems._attractors import around, attracting, same_points
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare

Array = NDArray[np.float64]

# More dimensions have hundreds of fixed points.
SHAPES = ("triangle", "3-simplex", "4-simplex")
KINDS = (*SHAPES, *(f"{shape} (near)" for shape in SHAPES))


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The denoiser of the regular simplex, and which sums of its vertices attract.

    Theorem: with the centroid :math:`x_c`, circumradius R and dimension r, the fixed points of
    `convexden.theorems.equilateral` that attract are the vertices,

    .. math:: x_c + \sum_{n \in I} (x_n - x_c), \quad 2 \le |I| = k \le r, \quad\text{iff}\quad
       \rho > (k - 1) \frac R r ,

    and the centroid iff :math:`\rho > R / r`.  Below R / r only the r + 1 vertices attract, and
    there are :math:`2^{r+1} - 1` fixed points.  For a triangle, R / r is the radius up to which the
    closed form was stated first: small radius means no virtual points.

    Proof: let :math:`x_c = 0` and :math:`n_n = x_n / R`, so that :math:`n_n^T n_m = -1 / r`.
    The ramp n rises from 0 at :math:`-R / r + \rho` to :math:`x_n` at :math:`R - \rho`.  At
    :math:`y = \sum_I x_n` one has :math:`n_n^T y = R (1 - (k - 1) / r)` in I, at the end of the
    ramp iff :math:`\rho > (k - 1) R / r`, and :math:`-k R / r` outside, always at its start.  The
    Jacobian is 0 there.  For k = r + 1 the sum is the centroid, where all :math:`n_n^T y = 0` are
    at the starts iff :math:`\rho > R / r`.  On the ramps of a set S, with the height
    :math:`H = R (1 + 1 / r)`, the Jacobian has the eigenvalue :math:`H / (H - 2 \rho) > 1` with
    multiplicity |S| - 1.  If S is one ramp, its eigenvalue is :math:`R / (H - 2 \rho)`, below 1
    only for :math:`\rho < R / (2 r)`; and then nothing is at rest there: with k others at their
    ends, :math:`\rho < k R / r`, the line of the ramp is above the input at both of its ends or
    below at both.

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
        If the hypotheses of `convexden.theorems.equilateral` do not hold.

    References
    ----------
    Zeno et al. 2025, arXiv 2506.19031, on virtual points, with the denoiser of arXiv 2311.06748;
    derived here.

    Examples
    --------
    >>> from convexden.data import regular_simplex
    >>> from convexden.theorems import virtual_regular
    >>> for radius in (0.333, 0.334):  # the circumradius is 1, R / r is 1 / 3
    ...     result = virtual_regular.verify(regular_simplex(3), radius)
    ...     print(result.verdict, result.measured["attracting"], result.measured["fixed points"])
    confirmed 4 15
    confirmed 11 33
    """
    return equilateral.closed_form(points, radius)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the closed form by its certificate, find its fixed points, and compare the attractors.

    Below R / r their number has to be that of the theorem, too.
    """
    claim = closed_form(points, radius)
    result = compare("virtual-regular", claim, solve=solve, tolerance=tolerance)
    problem = claim.problem
    found = around(problem, claim.network)
    attractors = attracting(found, problem.input_dimension)
    agree = same_points(attractors, np.array(list(_attractors(problem))), problem.target_spread)
    rank = len(problem) - 1
    if problem.radii[0] * rank < problem.target_spread:  # the circumradius
        agree &= len(found) == 2 ** (rank + 1) - 1
    verdict: Verdict = "confirmed" if agree else "refuted"
    return result.and_property(verdict, {"fixed points": len(found), "attracting": len(attractors)})


def _attractors(problem: Interpolation) -> Iterator[Array]:
    """The vertices and the virtual points by the theorem."""
    centroid = problem.centers.mean(axis=0)
    edges, rank = problem.centers - centroid, len(problem) - 1
    step = problem.target_spread / rank
    for count in range(1, rank + 2):
        needed = step if count == rank + 1 else (count - 1) * step
        if problem.radii[0] > needed:
            for chosen in combinations(range(rank + 1), count):
                yield centroid + edges[list(chosen)].sum(axis=0)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Those of `convexden.theorems.equilateral`, or radii just above and below R / r."""
    shape, _, near = kind.partition(" ")
    if not near:
        return equilateral.instance(rng, shape)
    rank = equilateral.SHAPES[shape]
    share = 2 / (rank + 1)  # R / r, in halves of the height
    return equilateral.place(
        rng, rank, share * (1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-5, -3))
    )


THEOREM = Theorem(
    name="virtual-regular",
    title="Virtual points of regular simplices",
    statement="x_c + sum_I (x_n - x_c) attracts iff rho > (k - 1) R / r; the centroid above R / r",
    reference="Zeno et al. 2025, arXiv 2506.19031, virtual points; denoiser of arXiv 2311.06748",
    kind="theorem",
    scope="regular simplices, one radius up to the threshold of equilateral",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=220,
)
