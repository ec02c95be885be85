"""How often one-step sampling on orthogonal rays generates training points, and vertices."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments
from convexden.errors import InvalidProblem
from convexden.theorems import product_structure, rays
from convexden.theorems._claims import ClosedForm, Instance, generic_position, one_radius
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.tolerances import FEASIBILITY_RTOL

Array = NDArray[np.float64]

KINDS = ("1 ray", "2 rays", "4 rays", "8 rays")
DRAWS = 100_000
# Standard errors by which a frequency may differ: by more in one of 2 million verdicts.
ERRORS = 5.0


def hypotheses(points: ArrayLike, radius: ArrayLike) -> rays.Rays:
    """The points sorted on orthogonal rays, one on each, with balls of one radius.

    Raises
    ------
    InvalidProblem
        If they are not.
    """
    found = product_structure.hypotheses(points, radius)
    one_radius(found.problem)
    products = found.directions @ found.directions.T
    if any(len(sites) > 1 for sites in found.sites) or products.min() < -0.5:
        raise InvalidProblem("memorization needs orthogonal rays with one point on each")
    return found


def closed_form(points: ArrayLike, radius: ArrayLike, kappa: float = 1.0) -> ClosedForm:
    r"""The denoiser of orthogonal rays, and the law of what it generates.

    Theorem: let there be one point at distance :math:`c_l` on each of L orthonormal rays from
    :math:`x_0`, and balls of radius :math:`\rho = \kappa \sigma_T`.  The probability flow from
    :math:`y_T = x_0 + N(0, \sigma_T^2 I)` ends at a vertex, :math:`x_0` plus a sum of some of the
    :math:`x_l - x_0`, or at a training point, with the probabilities

    .. math:: P(\text{vertex}) = \prod_l (q_0 + q_l), \qquad
       P(\text{training point}) = q_0^L \Bigl(1 + \sum_l \frac{q_l}{q_0}\Bigr),

    .. math:: q_0 = \Phi(\kappa), \qquad q_l = 1 - \Phi(c_l / \sigma_T - \kappa) .

    Both fall exponentially in L.

    Proof: by `convexden.theorems.product_structure` the flow ends at :math:`h_T(y_T)`, whose
    coordinates are :math:`\phi_l(s_l)` with independent :math:`s_l \sim N(0, \sigma_T^2)`.  One is
    0 iff :math:`s_l \le \rho` and :math:`c_l` iff :math:`s_l \ge c_l - \rho`.  A training point has
    at most one coordinate that is not 0.

    Parameters
    ----------
    points : (L + 1, d) array
        In any order.
    radius : float
    kappa : float
        Radius over noise level.  The closed form does not depend on it.

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
    Zeno et al. 2025, arXiv 2506.19031, on orthogonal data of arXiv 2311.06748; derived here.

    Examples
    --------
    >>> import numpy as np
    >>> from convexden.theorems import memorization
    >>> points = np.vstack([np.zeros(2), np.eye(2)])
    >>> vertex, training = memorization.probabilities(points, 0.25, kappa=0.5)
    >>> round(vertex, 6), round(training, 6)
    (0.574973, 0.57051)
    >>> memorization.verify(points, 0.25, kappa=0.5).verdict
    'confirmed'
    """
    arguments.number("kappa", kappa, above=0.0)
    return rays.sum_over_rays(hypotheses(points, radius))


def probabilities(points: ArrayLike, radius: ArrayLike, kappa: float) -> tuple[float, float]:
    """The probabilities of a vertex and of a training point, by the formula of `closed_form`."""
    from scipy.stats import norm

    found = hypotheses(points, radius)
    sigma = float(found.problem.radii[0]) / arguments.number("kappa", kappa, above=0.0)
    at_zero, at_end = norm.cdf(kappa), norm.sf(_lengths(found) / sigma - kappa)
    vertex = float(np.prod(at_zero + at_end))
    training = float(at_zero ** len(at_end) * (1 + (at_end / at_zero).sum()))
    return vertex, training


def frequencies(
    points: ArrayLike, radius: ArrayLike, kappa: float, draws: int, seed: int = 0
) -> tuple[float, float]:
    """How often the denoiser maps noise around the common point to a vertex, a training point.

    Only the network and the points are used, not the formula.
    """
    claim, found = closed_form(points, radius, kappa), hypotheses(points, radius)
    problem, origin = found.problem, found.problem.centers[found.origin]
    sigma = float(problem.radii[0]) / kappa
    noise = np.random.default_rng(seed).standard_normal((draws, problem.input_dimension))
    shares = (claim.network(origin + sigma * noise) - origin) @ found.directions.T / _lengths(found)
    at_zero = np.abs(shares) <= FEASIBILITY_RTOL
    at_end = np.abs(shares - 1.0) <= FEASIBILITY_RTOL
    vertex = (at_zero | at_end).all(axis=1)
    return float(vertex.mean()), float((vertex & (at_end.sum(axis=1) <= 1)).mean())


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    kappa: float,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove the closed form by its certificate, and compare the law with 100 000 draws.

    Frequencies have to agree with probabilities within five standard errors.
    """
    claim = closed_form(points, radius, kappa)
    result = compare("memorization", claim, solve=solve, tolerance=tolerance)
    expected = np.array(probabilities(points, radius, kappa))
    found = np.array(frequencies(points, radius, kappa, DRAWS))
    noise = np.sqrt(expected * (1 - expected) / DRAWS)
    # One draw more or less is no evidence where a probability is nearly 0 or 1.
    agree = (np.abs(found - expected) <= ERRORS * noise + 1 / DRAWS).all()
    verdict: Verdict = "confirmed" if agree else "refuted"
    measured = {
        "vertices": float(found[0]),
        "vertices by the formula": float(expected[0]),
        "training points": float(found[1]),
        "training points by the formula": float(expected[1]),
    }
    return result.and_property(verdict, measured)


def _lengths(found: rays.Rays) -> Array:
    """The distances (L,) of the points from the common one."""
    sites = np.concatenate(found.sites)
    edges = found.problem.centers[sites] - found.problem.centers[found.origin]
    return np.linalg.norm(edges, axis=1)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Rays of lengths .5 to 2, and a ratio of radius and noise level of .2 to 1.5."""
    count = int(kind.split()[0])
    lengths = rng.uniform(0.5, 2.0, count)
    points, scale = generic_position(rng, np.vstack([np.zeros(count), np.diag(lengths)]))
    radius = float(scale * rng.uniform(0.05, 0.9) * lengths.min() / 2)
    order = rng.permutation(count + 1)
    return Instance(points=points[order], radius=radius, kappa=float(rng.uniform(0.2, 1.5)))


THEOREM = Theorem(
    name="memorization",
    title="How often orthogonal rays are memorized",
    statement="P(vertex) = prod (q_0 + q_l), P(training point) = q_0^L (1 + sum q_l / q_0)",
    reference="Zeno et al. 2025, arXiv 2506.19031, orthogonal data of arXiv 2311.06748",
    kind="theorem",
    scope="one clean point on each of some orthogonal rays, balls of one radius",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=230,
)
