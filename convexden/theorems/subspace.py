"""Data in an affine subspace: the denoiser acts through the projection on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.certificate import Certificate
from convexden.errors import InvalidProblem
from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.tolerances import COST_ROUNDING

Array = NDArray[np.float64]

KINDS = ("plane", "three dimensions", "line")

# Hinges across the subspace at which the dual constraint is evaluated.
TILTED = 4000


def hypotheses(points: ArrayLike, radius: ArrayLike) -> tuple[Interpolation, Reduction]:
    """The problem and its coordinates in the affine hull of the points.

    Raises
    ------
    InvalidProblem
        If the points span the whole space, or a radius is 0: off the subspace samples leave the
        affine part of the network free.
    """
    problem = denoising(points, radius=radius)
    if not problem.radii.all():
        raise InvalidProblem("subspace needs balls: give a radius > 0")
    rank = problem.rank
    if rank == problem.input_dimension:
        raise InvalidProblem(
            f"subspace needs points in a proper affine subspace, these span all {rank} dimensions: "
            "append a coordinate 0"
        )
    return problem, Reduction.of(problem)


def closed_form(points: ArrayLike, radius: ArrayLike) -> ClosedForm:
    r"""The minimizer of the problem in the subspace, applied to the projection on it.

    Problem: minimize the representation cost subject to :math:`h(y) = x_n` on
    :math:`B(x_n, r_n)`, with the :math:`x_n` in an affine subspace S of :math:`R^d`.

    Theorem: let P be the orthogonal projection on S.  The minimizers are
    :math:`h(y) = h_S(P y)`, with the minimizers :math:`h_S : S \to S` of the same problem in S, and
    the cost is the same.

    Proof: take optimal multipliers in S; then :math:`G_n` acts on directions of S only.  Let a
    hinge (w, b) with :math:`|w| = 1` miss the balls, and v be the part of w along S.  If v = 0 all
    sites are on one side, and the dual constraint is 0 by the equalities.  Otherwise
    :math:`|v^T x_n + b| = |w^T x_n + b| \ge r_n \ge r_n |v|`, so that :math:`(v, b) / |v|`
    misses the balls in S, and

    .. math:: \Bigl| \sum_n D_n (l_n (w^T x_n + b) + G_n w) \Bigr| = |v| \,
              \Bigl| \sum_n D_n \bigl(l_n (v^T x_n + b) + G_n v\bigr) / |v| \Bigr| \le |v| .

    So the multipliers are feasible in :math:`R^d` and prove the cost.  Equality needs
    :math:`|v| = 1`: every hinge of every minimizer is orthogonal to S, every output weight lies
    along S, and since the Jacobian vanishes on a ball, so does the skip connection.

    The network returned is computed in S.

    Parameters
    ----------
    points : (N, d) array
        Clean points that do not span the whole space.
    radius : float or (N,) array
        Radii > 0.

    Returns
    -------
    ClosedForm
        With the certificate of the problem in S.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, on data in a subspace.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import subspace
    >>> points = [[*x, 0.0] for x in triangle((50, 60, 70))]
    >>> result = subspace.verify(points, 0.3)
    >>> result.verdict, round(result.cost, 9), result.measured["across the subspace"] < 1e-12
    ('confirmed', 6.752782977, True)
    """
    problem, reduction = hypotheses(points, radius)
    from convexden.solving.interpolation import solve

    solution = solve(reduction.problem, tolerance=TOLERANCE / 10)
    network = reduction.lift_network(solution.network)
    certificate = reduction.lift_certificate(solution.certificate)
    cost = solution.network.representation_cost * reduction.cost_scale
    return ClosedForm(problem, network, cost, certificate)


def verify(
    points: ArrayLike, radius: ArrayLike, *, solve: bool = False, tolerance: float = TOLERANCE
) -> Result:
    """Prove the minimizer by the certificate of the problem in the subspace.

    Then two things are measured: the parts of the network across the subspace, and how far the dual
    constraint at random hinges of the whole space exceeds the |v| of the proof.
    """
    claim = closed_form(points, radius)
    result = compare("subspace", claim, solve=solve, tolerance=tolerance)
    solution = result.as_solution(tolerance)
    network, basis = solution.network, claim.problem.hull.basis
    across = np.eye(basis.shape[1]) - basis.T @ basis
    parts = [network.input_weights @ across, network.skip @ across, network.output_weights @ across]
    wholes = [network.input_weights, network.skip, network.output_weights]
    share = max(
        float(np.linalg.norm(part) / (np.linalg.norm(whole) or 1.0))
        for part, whole in zip(parts, wholes, strict=True)
    )
    ratio = _largest_ratio(claim.problem, solution.certificate, basis)
    holds = share <= COST_ROUNDING and ratio <= 1 + tolerance
    verdict: Verdict = "confirmed" if holds else "refuted"
    return result.and_property(
        verdict, {"across the subspace": share, "largest dual over |v|": ratio}
    )


def _largest_ratio(problem: Interpolation, certificate: Certificate, basis: Array) -> float:
    """Largest dual constraint, over |v|, among random hinges of the whole space that are tangent to
    a ball."""
    rng = np.random.default_rng(0)
    d = problem.input_dimension
    centers, radii = problem.centers, problem.radii
    # Along the subspace and across it in all proportions.
    along = rng.standard_normal((TILTED, len(basis))) @ basis
    other = rng.standard_normal((TILTED, d)) * 10 ** rng.uniform(-3, 1, (TILTED, 1))
    w = along + other - other @ basis.T @ basis
    w /= np.linalg.norm(w, axis=1)[:, None]
    best = 0.0
    for n, center in enumerate(centers):
        z = (centers - center) @ w.T + radii[n]
        feasible = (np.abs(z) >= radii[:, None]).all(axis=0)
        active = (z > 0).astype(float)
        g = np.einsum("nk,nk,np->kp", active, z, certificate.values)
        g += np.einsum("nk,npd,kd->kp", active, certificate.jacobians, w)
        ratios = np.linalg.norm(g, axis=1) / np.linalg.norm(w @ basis.T, axis=1)
        best = max(best, float(ratios[feasible].max(initial=0.0)))
    return best


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Three to five random points of a subspace of 2 to 5 dimensions, at 5 to 80 % of contact."""
    rank = {"line": 1, "plane": 2, "three dimensions": 3}[kind]
    dimension = int(rng.integers(rank + 1, 6))
    count = 4 if rank == 3 else int(rng.integers(3, 6))
    flat = rng.standard_normal((count, rank))
    frame = np.linalg.qr(rng.standard_normal((dimension, rank)))[0]
    scale = 10 ** rng.uniform(-1, 1)
    points = scale * (flat @ frame.T + rng.standard_normal(dimension))
    gaps = np.linalg.norm(points[:, None] - points, axis=2)
    closest = float(gaps[np.triu_indices(len(points), 1)].min())
    return Instance(points=points, radius=rng.uniform(0.05, 0.8) * closest / 2)


THEOREM = Theorem(
    name="subspace",
    title="Data in a subspace",
    statement="points in a subspace S with projection P: h(y) = h_S(P y), at the cost in S",
    reference="Zeno et al. 2023, arXiv 2311.06748, data in a subspace",
    kind="theorem",
    scope="clean points that do not span their space, balls of positive radii",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=50,
)
