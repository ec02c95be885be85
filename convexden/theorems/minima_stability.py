"""Stable minima of gradient descent on the line: the weight of Mulayoff, Michaeli and Soudry."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.errors import InvalidProblem
from convexden.problem import Interpolation
from convexden.theorems import univariate
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare

Array = NDArray[np.float64]

KINDS = ("around zero", "far from zero")

# Kinks that a cheaper function may have in a gap: the more, the more functions are tried.
TRIED = 40


def hypotheses(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None
) -> Interpolation:
    """The problem, if it is one of samples on the line with one output.

    Raises
    ------
    InvalidProblem
        If it is not.
    """
    problem = Interpolation(points, points if targets is None else targets, radius)
    if problem.input_dimension != 1 or problem.output_dimension != 1 or problem.radii.any():
        raise InvalidProblem(
            "minima-stability needs samples of one input and one output, with radius 0"
        )
    return problem


def closed_form(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None
) -> ClosedForm:
    r"""The function that connects the dots, also if kinks are charged by minima stability.

    Problem: minimize :math:`\int g |h''|` subject to :math:`h(y_n) = t_n`, with
    :math:`y_n, t_n` in R.  With X drawn from the samples, :math:`g = \min(g_-, g_+)` and

    .. math:: g_+(x) = P(X > x)^2 \, E[X - x \mid X > x] \sqrt{1 + E[X \mid X > x]^2} ,

    and :math:`g_-` is its mirror image.  It bounds the curvature of the loss: the network
    :math:`\sum_k a_k [w_k x + b_k]_+ + c` has a mean gradient over the samples whose square is
    :math:`1 + 2 \int g |h''|` or more, since :math:`\alpha^2 + \beta^2 \ge 2 \alpha \beta` for the
    derivatives after :math:`a_k` and after :math:`(w_k, b_k)`, and no more than the largest
    eigenvalue of the Hessian of half the mean squared error, where that is 0.

    Theorem: let :math:`\omega_n` be the smallest of g at sample n and its limits on both sides,
    and :math:`J_n` the jump of the slope there of the function that connects the dots.  It is a
    minimizer, in the limit of kinks next to the samples, and the minimum is
    :math:`\sum_n \omega_n |J_n|`.

    Proof: between samples P and E[X | X > x] are constant, so that :math:`g_+`, :math:`g_-` are
    linear and g is concave.  The dual function that is :math:`\omega_n` times the sign of
    :math:`J_n` at the samples, 0 at the outermost ones, and linear in between stays below g.  Its
    objective is the cost.  The same holds for each weight that is concave between samples, of
    which the constant one is the default: `convexden.theorems.univariate` has its certificate.

    Parameters
    ----------
    points : (N,) or (N, 1) array
        In any order.
    radius : float
        0.
    targets : (N,) or (N, 1) array, optional
        The points themselves if not given.

    Returns
    -------
    ClosedForm
        With the default cost and its certificate; `weighted_cost` is the minimum with the weight.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Mulayoff, Michaeli, Soudry, NeurIPS 2021, "The implicit bias of minima stability".  The weight
    is derived above, and not copied from there.

    Examples
    --------
    >>> from convexden.theorems import minima_stability
    >>> points, targets = [0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0]
    >>> round(minima_stability.weighted_cost(minima_stability.hypotheses(points, 0.0, targets)), 6)
    0.260142
    >>> minima_stability.verify(points, 0.0, targets).verdict
    'confirmed'
    """
    return univariate.connect_the_dots(hypotheses(points, radius, targets))


def weight(samples: Array, x: float) -> tuple[float, float, float]:
    """The weight of a kink at x for samples (N,): its limit from the left, itself, from the right.

    All three are the same unless x is a sample.
    """
    above, below, at = samples[samples > x], samples[samples < x], samples[samples == x]
    up, down = (_facing(part, x, samples.size) for part in (above, below))
    up_here, down_here = (_facing(np.append(part, at), x, samples.size) for part in (above, below))
    return min(down, up_here), min(down, up), min(down_here, up)


def _facing(active: Array, x: float, count: int) -> float:
    """The weight of a hinge at x that is active on some of so many samples."""
    if not active.size:
        return 0.0
    mean = float(active.mean())
    return (active.size / count) ** 2 * abs(mean - x) * float(np.hypot(1.0, mean))


def weighted_cost(problem: Interpolation) -> float:
    """The minimum of the weighted cost, by the theorem."""
    x, jumps = _dots(problem)
    return float(sum(min(weight(x, y)) * abs(j) for y, j in zip(x[1:-1], jumps, strict=True)))


def _dots(problem: Interpolation) -> tuple[Array, Array]:
    """The samples in order (N,), and the jumps of the slope at all but the outermost (N - 2,)."""
    x, first = np.unique(problem.centers[:, 0], return_index=True)
    return x, np.diff(np.diff(problem.targets[first, 0]) / np.diff(x))


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove that connecting the dots is optimal by default, and look for a cheaper function.

    A linear program chooses among kinks at the samples and forty in every gap.
    """
    claim = closed_form(points, radius, targets)
    result = compare("minima-stability", claim, solve=solve, tolerance=tolerance)
    cost, found = weighted_cost(claim.problem), _program(claim.problem)
    cheaper = (cost - found) / cost if cost else -found
    verdict: Verdict = "confirmed" if abs(cheaper) <= tolerance else "refuted"
    return result.and_property(verdict, {"weighted cost": cost, "cheaper by": cheaper})


def _program(problem: Interpolation) -> float:
    """The least weighted cost of functions through the dots with kinks on a grid."""
    from scipy.optimize import linprog

    x, first = np.unique(problem.centers[:, 0], return_index=True)
    grid = [np.linspace(a, b, TRIED + 2)[1:-1] for a, b in itertools.pairwise(x)]
    kinks = np.concatenate([x[1:-1], *grid])
    prices = np.array([min(weight(x, float(kink))) for kink in kinks])
    hinges = np.maximum(x[:, None] - kinks, 0.0)
    affine = np.column_stack([np.ones_like(x), x])
    return float(
        linprog(
            np.concatenate([prices, prices, np.zeros(2)]),
            A_eq=np.hstack([hinges, -hinges, affine]),
            b_eq=problem.targets[first, 0],
            bounds=[(0, None)] * (2 * kinks.size) + [(None, None)] * 2,
        ).fun
    )


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Four to eight samples with random targets."""
    count = int(rng.integers(4, 9))
    points = np.cumsum(rng.uniform(0.2, 2.0, count))
    points += rng.uniform(3.0, 6.0) if kind == "far from zero" else -points.mean()
    return Instance(points=points[:, None], radius=0.0, targets=rng.standard_normal((count, 1)))


THEOREM = Theorem(
    name="minima-stability",
    title="Stable minima on the line",
    statement="samples, one output: the dots are least for weights concave between samples",
    reference="Mulayoff, Michaeli, Soudry 2021, NeurIPS",
    kind="theorem",
    scope="samples on a line with one output, with free biases and a skip connection",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=48,
)
