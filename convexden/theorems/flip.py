"""The flip theorem: where there is a ball, the skip connection is free of charge."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.tolerances import FEASIBILITY_RTOL

Array = NDArray[np.float64]

KINDS = ("denoising", "ball and samples", "other targets", "line")


def hypotheses(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None
) -> Interpolation:
    """The problem, if one of its sites is a ball.

    Raises
    ------
    InvalidProblem
        If all are samples.
    """
    problem = Interpolation(points, points if targets is None else targets, radius)
    if not problem.radii.any():
        raise InvalidProblem("flip needs a ball: give a radius > 0 to one of the sites")
    return problem


def closed_form(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None
) -> ClosedForm:
    r"""The minimizer without a skip connection, which costs as much as with one.

    Problem: minimize the representation cost subject to :math:`h(y) = t_n` for
    :math:`|y - y_n| \le r_n`, over networks whose skip connection is zero.

    Theorem: if one of the :math:`r_n` is positive, the minimum is that over all networks, and the
    minimizers are the same functions.

    Proof: let h be a network with :math:`h = t_n` on the ball of site n, with :math:`r_n > 0`, and
    no hinge inside of it.  At the center let the hinge of neuron k be active.  Since
    :math:`[z]_+ = [-z]_+ + z`, the neuron may be turned,

    .. math:: a_k [w_k^T y + b_k]_+ = a_k [-w_k^T y - b_k]_+ + a_k w_k^T y + a_k b_k ,

    for the same :math:`|a_k| |w_k|`; the rest is affine.  After all active ones are turned none is
    active on the ball, so that its Jacobian there is the skip connection.  The function is constant
    on the ball, hence this is zero.  Networks without skip connection are some of all networks,
    so that their minimum is no smaller.

    The proof uses of the cost that :math:`(w, b)` and :math:`(-w, -b)` cost the same and that the
    offset is free.  For samples alone the theorem is false: see `convexden.theorems.savarese`.

    Parameters
    ----------
    points : (N, d) array
        Centers.
    radius : float or (N,) array
        Radii, one of them positive.
    targets : (N, p) array, optional
        The points themselves if not given.

    Returns
    -------
    ClosedForm
        The computed minimizer, turned, with the certificate of all networks.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Derived for this package; the sites are those of Zeno et al. 2023, arXiv 2311.06748.

    Examples
    --------
    >>> from convexden.data import triangle
    >>> from convexden.theorems import flip
    >>> claim = flip.closed_form(triangle((50, 60, 70)), 0.3)
    >>> claim.network.skip.tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    >>> result = flip.verify(triangle((50, 60, 70)), 0.3)
    >>> result.verdict, result.relative_gap < 1e-9
    ('confirmed', True)
    """
    problem = hypotheses(points, radius, targets)
    from convexden.solving.interpolation import solve

    solution = solve(problem, tolerance=TOLERANCE / 10)
    network = solution.network.without_skip(problem.centers[int(problem.radii.argmax())])
    return ClosedForm(problem, network, solution.cost, solution.certificate)


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove the turned network by the certificate of all networks.

    Then the skip connection is measured, and that of the network with every other hinge turned;
    turned back at the ball, it is the same function.
    """
    claim = closed_form(points, radius, targets)
    result = compare("flip", claim, solve=solve, tolerance=tolerance)
    problem, network = claim.problem, claim.network
    other = _half_turned(claim)
    back = other.without_skip(problem.centers[int(problem.radii.argmax())])
    probes = problem.centers.mean(axis=0) + 2 * (problem.centers - problem.centers.mean(axis=0))
    moved = float(np.abs(back(probes) - network(probes)).max()) / problem.target_spread
    same = moved <= FEASIBILITY_RTOL and not network.skip.any() and not back.skip.any()
    verdict: Verdict = "confirmed" if same else "refuted"
    return result.and_property(
        verdict,
        {
            "skip connection before": float(np.linalg.norm(other.skip)),
            "skip connection after": float(np.linalg.norm(back.skip)),
        },
    )


def _half_turned(claim: ClosedForm) -> ShallowNetwork:
    """The same function and cost with every other hinge turned, and a skip connection."""
    network = claim.network
    turned = np.arange(network.neurons) % 2 == 0
    signs = np.where(turned, -1.0, 1.0)
    gained = network.output_weights[turned]
    return ShallowNetwork(
        network.output_weights,
        signs[:, None] * network.input_weights,
        signs * network.biases,
        network.skip + gained.T @ network.input_weights[turned],
        network.offset + gained.T @ network.biases[turned],
    )


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Three to five sites on a line, in the plane or in space, at 5 to 80 % of contact."""
    count = int(rng.integers(3, 6))
    scale = 10 ** rng.uniform(-1, 1)
    dimension = 1 if kind == "line" else int(rng.integers(2, 4))
    points = scale * rng.standard_normal((count, dimension))
    gaps = np.linalg.norm(points[:, None] - points, axis=2)
    closest = float(gaps[np.triu_indices(count, 1)].min())
    radii = np.full(count, rng.uniform(0.05, 0.8) * closest / 2)
    if kind == "ball and samples":
        radii[1:] = 0.0
    if kind in ("denoising", "line"):
        return Instance(points=points, radius=radii)
    targets = scale * rng.standard_normal((count, int(rng.integers(1, 4))))
    return Instance(points=points, radius=radii, targets=targets)


THEOREM = Theorem(
    name="flip",
    title="Flips: a ball makes the skip connection free",
    statement="some radius > 0: the minimum without skip connection is that with one",
    reference="derived for this package, of the problem of Zeno et al. 2023, arXiv 2311.06748",
    kind="theorem",
    scope="sites of which one is a ball, targets of any dimension; false for samples alone",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=55,
)
