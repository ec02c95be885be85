"""All minimizers on the line with one output: Hanin's description."""

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
from convexden.tolerances import COST_RTOL

Array = NDArray[np.float64]

KINDS = ("random", "convex runs")

# How far beyond an end of the range a value is tried, as a share of the spread of the targets.
BEYOND = 1e-2


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
        raise InvalidProblem("hanin needs samples of one input and one output, with radius 0")
    return problem


def closed_form(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None
) -> ClosedForm:
    r"""One of the minimizers, the function that connects the dots; `value_range` describes all.

    Problem: minimize the representation cost subject to :math:`h(y_n) = t_n`, with
    :math:`y_n, t_n` in R and the skip connection free.

    Theorem: let f connect the dots and :math:`J_n` be the jump of its slope at sample n, 0 at the
    outermost ones.  The minimizers are the functions through the dots that

    * are f where a gap has :math:`J_n J_{n+1} \le 0` at its ends, and outside of the data,
    * are convex where :math:`J_n, J_{n+1} > 0`, between f and the larger one of the two lines that
      f follows in the neighboring gaps; concave, the other way round, where both are negative.

    At one point all these values are attained.

    Proof: the multipliers of f (`convexden.theorems.univariate`) make the dual function the sign
    of :math:`J_n` at every sample with a jump and linear in between, so that it is shorter than 1
    inside of gaps with different signs at their ends: by complementary slackness no minimizer
    bends there, and where it is 1 all bends have one sign.  Conversely, a function of that kind
    has on every maximal run of gaps with one sign the change of slope of f, and no other bend.
    Its slope stays between those of the neighboring gaps, which bounds it by their lines; a bend of
    each of these lines and a line through the value attains it.

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
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Hanin 2021, arXiv 2109.12960.

    Examples
    --------
    >>> from convexden.theorems import hanin
    >>> points, targets = [0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0]
    >>> hanin.value_range(hanin.hypotheses(points, 0.0, targets), 1.5)
    (-0.5, 0.0)
    >>> hanin.verify(points, 0.0, targets).verdict
    'confirmed'
    """
    return univariate.connect_the_dots(hypotheses(points, radius, targets))


def value_range(problem: Interpolation, point: float) -> tuple[float, float]:
    """The least and the largest value of all minimizers at a point."""
    x, first = np.unique(problem.centers[:, 0], return_index=True)
    t = problem.targets[first, 0]
    slopes = np.diff(t) / np.diff(x)
    gap = int(np.clip(np.searchsorted(x, point) - 1, 0, len(slopes) - 1))
    dots = float(t[gap] + slopes[gap] * (point - x[gap]))
    jumps = np.concatenate([[0.0], np.diff(slopes), [0.0]])
    if jumps[gap] * jumps[gap + 1] <= 0 or not x[gap] < point < x[gap + 1]:
        return dots, dots
    before = float(t[gap] + slopes[gap - 1] * (point - x[gap]))
    after = float(t[gap + 1] + slopes[gap + 1] * (point - x[gap + 1]))
    other = max(before, after) if jumps[gap] > 0 else min(before, after)
    return min(dots, other), max(dots, other)


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove that connecting the dots is optimal, and the range of values in every gap.

    A value at a point is that of a minimizer if and only if one more sample there does not raise
    the optimum, which is certified: it must not at an end of the range, and must a little
    beyond: at the lower and the upper end in turn, from gap to gap.
    """
    claim = closed_form(points, radius, targets)
    result = compare("hanin", claim, solve=solve, tolerance=tolerance)
    problem, widest, inside, beyond = claim.problem, 0.0, 0.0, np.inf
    x = np.unique(problem.centers[:, 0])
    for gap, (start, stop) in enumerate(itertools.pairwise(x)):
        point = start + (0.3 + 0.4 * (gap % 2)) * (stop - start)
        low, high = value_range(problem, float(point))
        widest = max(widest, (high - low) / problem.target_spread)
        step = BEYOND * problem.target_spread
        value, further = ((low, low - step), (high, high + step))[gap % 2]
        inside = max(inside, _excess(problem, point, value, claim.cost)[1])
        beyond = min(beyond, _excess(problem, point, further, claim.cost)[0])
    holds = inside <= tolerance and beyond > COST_RTOL
    verdict: Verdict = "confirmed" if holds else "refuted"
    return result.and_property(
        verdict, {"widest range": widest, "excess inside": inside, "excess beyond": beyond}
    )


def _excess(problem: Interpolation, point: float, value: float, cost: float) -> tuple[float, float]:
    """Certified bounds of what one more sample costs, relative to the cost."""
    from convexden.solving.interpolation import solve

    solution = solve(
        Interpolation(
            np.append(problem.centers, [[point]], axis=0),
            np.append(problem.targets, [[value]], axis=0),
        )
    )
    return (solution.lower_bound - cost) / cost, (solution.cost - cost) / cost


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Four to nine samples, with random targets or in runs of one curvature."""
    count = int(rng.integers(4, 10))
    scale = 10 ** rng.uniform(-1, 1)
    gaps = rng.uniform(0.2, 2.0, count)
    points = np.cumsum(gaps) + rng.standard_normal()
    targets = rng.standard_normal(count)
    if kind == "convex runs":
        jumps = rng.uniform(0.2, 2.0, count) * np.where(
            np.arange(count) < rng.integers(2, 7), 1, -1
        )
        targets = np.maximum(points[:, None] - points, 0.0) @ jumps
    return Instance(points=scale * points[:, None], radius=0.0, targets=scale * targets[:, None])


THEOREM = Theorem(
    name="hanin",
    title="All minimizers on the line",
    statement="samples, one output: convex (concave) between dots and neighboring lines, else dots",
    reference="Hanin 2021, arXiv 2109.12960",
    kind="theorem",
    scope="samples on a line with one output, with free biases and a skip connection",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=44,
)
