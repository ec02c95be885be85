"""Sparsest interpolators under penalized biases, and where they cease to be the minimizers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.cost import Cost
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.theorems._claims import ClosedForm, Instance
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.tolerances import WEIGHTLESS_RTOL

Array = NDArray[np.float64]

KINDS = ("random", "runs of two", "runs of three")

LONGEST = 3  # bends of one sign in a row: those of five successive points


def hypotheses(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None, kappa: float = 1.0
) -> Interpolation:
    """The problem with biases penalized by kappa, if its dots have no long run.

    Raises
    ------
    InvalidProblem
        If it is none of samples on the line with one output, six successive points have dots that
        are strictly convex or concave, or the origin is too deep in an end gap.
    """
    problem = Interpolation(
        points, points if targets is None else targets, radius, Cost(bias=kappa)
    )
    if problem.input_dimension != 1 or problem.output_dimension != 1 or problem.radii.any():
        raise InvalidProblem("sparsest needs samples of one input and one output, with radius 0")
    if not kappa > 0:
        raise InvalidProblem("sparsest needs penalized biases: give kappa > 0")
    if max(runs(problem), default=0) > LONGEST:
        raise InvalidProblem(
            "six successive points have convex or concave dots: give others, or see six_points"
        )
    x = np.unique(problem.centers[:, 0])
    if min(x[0] * x[1], x[-1] * x[-2]) * kappa**2 < -1.0:
        raise InvalidProblem(
            "the origin lies between the first or last two points, where it draws kinks: shift the "
            "points, or lower kappa"
        )
    return problem


def runs(problem: Interpolation) -> list[int]:
    """How many bends of one sign follow each other, run by run."""
    x, first = np.unique(problem.centers[:, 0], return_index=True)
    signs = np.sign(np.diff(np.diff(problem.targets[first, 0]) / np.diff(x)))
    found: list[int] = []
    last = 0.0
    for sign in signs.tolist():
        if sign and sign == last:
            found[-1] += 1
        elif sign:
            found.append(1)
        last = sign
    return found


def closed_form(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None, kappa: float = 1.0
) -> ClosedForm:
    r"""The minimizer if biases are penalized, which has as few neurons as any interpolator.

    Problem: minimize :math:`\sum_k |a_k| \sqrt{w_k^2 + \kappa^2 b_k^2}` subject to
    :math:`h(y_n) = t_n`, with :math:`y_n, t_n` in R and the skip connection free.

    Theorem: if no six successive points have dots that are strictly convex or strictly concave, the
    minimizer has as few kinks as any function through the dots: :math:`\lceil k / 2 \rceil` for
    each run of k bends of one sign.

    That many are needed: a function that is affine on both sides of a bend and at it misses a dot,
    and one kink serves two bends that follow each other, from the gap between them, but not three.
    That the minimizer has no more is proved in the reference.  Its reason is the weight
    :math:`\sqrt{1 + \kappa^2 x^2}` of a kink at x, which is strictly convex, so that one kink in a
    gap costs less than two.

    In the first and the last gap there is no kink if :math:`1 + \kappa^2 y_1 y_2 \ge 0`, with the
    first two (or last two) inputs: the dual function is 0 at the outer one, at most the weight at
    the other, and linear, hence below :math:`|\lambda (1, \kappa y_2)| \le |\lambda (1, \kappa y_2)
    + (1 - \lambda) (1, \kappa y_1)|`.  Otherwise there can be one more, as computed instances
    show, so that this is a hypothesis here.

    The first condition is sharp: of six points the sparsest function can be too dear by several
    percent, see `six_points`.

    Parameters
    ----------
    points : (N,) or (N, 1) array
        In any order.
    radius : float
        0.
    targets : (N,) or (N, 1) array, optional
        The points themselves if not given.
    kappa : float, optional
        The penalty.

    Returns
    -------
    ClosedForm
        The computed minimizer, with its certificate.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Boursier and Flammarion 2023, arXiv 2303.01353.

    Examples
    --------
    >>> from convexden.theorems import sparsest
    >>> dots = [0.0, 1.0, 2.0, 3.0], 0.0, [1.0, 0.0, 0.0, 1.0]
    >>> sparsest.closed_form(*dots).network.neurons
    1
    >>> sparsest.verify(*dots).verdict
    'confirmed'
    """
    problem = hypotheses(points, radius, targets, kappa)
    from convexden.solving.interpolation import solve

    solution = solve(problem, tolerance=TOLERANCE)
    return ClosedForm(problem, solution.network, solution.cost, solution.certificate)


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    targets: ArrayLike | None = None,
    kappa: float = 1.0,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove that the network is optimal, and count its kinks."""
    claim = closed_form(points, radius, targets, kappa)
    result = compare("sparsest", claim, solve=solve, tolerance=tolerance)
    sizes = np.abs(claim.network.output_weights[:, 0])
    kinks = int((sizes > WEIGHTLESS_RTOL * sizes.sum()).sum())
    least = sum(math.ceil(count / 2) for count in runs(claim.problem))
    verdict: Verdict = "confirmed" if kinks == least else "refuted"
    return result.and_property(verdict, {"kinks": float(kinks), "fewest possible": float(least)})


def six_points(points: ArrayLike, radius: float = 0.0) -> ClosedForm:
    r"""The sparsest function through the dots of six points, conjectured to be the minimizer.

    It is not, see the example: the condition of the theorem cannot be relaxed to six points.

    Parameters
    ----------
    points : (6, 2) array
        The inputs, and the logarithm of the bend at each; those of the first and last do not count.
    radius : float, optional
        0.

    Returns
    -------
    ClosedForm
        With two kinks, in the second and the fourth gap, biases penalized by 1.

    Raises
    ------
    InvalidProblem
        If there are no six different inputs.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.theorems import sparsest
    >>> found = cd.find_counterexample(
    ...     sparsest.six_points, points=6, radius=0, starts=1, evaluations=20
    ... )
    >>> found.found, found.excess > 0.01, found.solution.certified
    (True, True, True)
    """
    given = np.asarray(points, dtype=float)
    if given.shape != (6, 2) or radius:
        raise InvalidProblem("six_points needs six points in the plane, and radius 0")
    order = np.argsort(given[:, 0])
    x, bends = given[order, 0], np.exp(given[order, 1])[1:-1]
    if not (np.diff(x) > 0).all():
        raise InvalidProblem("six_points needs different inputs")
    targets = np.maximum(x[:, None] - x[1:-1], 0.0) @ bends
    problem = Interpolation(x, targets, 0.0, Cost(bias=1.0))
    weights = bends[::2] + bends[1::2]
    kinks = (bends[::2] * x[1:5:2] + bends[1::2] * x[2:5:2]) / weights
    network = ShallowNetwork(weights[:, None], np.ones((2, 1)), -kinks)
    return ClosedForm(problem, network, problem.cost.of(network), None)


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Four to nine samples with short runs."""
    count = int(rng.integers(5, 10))
    scale = 10 ** rng.uniform(-0.5, 0.5)
    points = np.cumsum(rng.uniform(0.2, 2.0, count))
    points -= rng.uniform(points[1], points[-2])
    length = {"random": 1, "runs of two": 2, "runs of three": 3}[kind]
    signs = np.where(np.arange(count) // length % 2, 1.0, -1.0)
    if kind == "random":
        signs = rng.choice([-1.0, 1.0], count)
        for k in range(LONGEST, count):
            if abs(signs[k - LONGEST : k + 1].sum()) > LONGEST:
                signs[k] *= -1
    bends = signs * rng.uniform(0.2, 2.0, count)
    targets = np.maximum(points[:, None] - points[1:-1], 0.0) @ bends[1:-1]
    return Instance(
        points=scale * points[:, None],
        radius=0.0,
        targets=scale * targets[:, None],
        kappa=float(10 ** rng.uniform(-1, 1)),
    )


THEOREM = Theorem(
    name="sparsest",
    title="Sparsest interpolators under penalized biases",
    statement="no six points in a row of convex or concave dots: the minimizer has fewest kinks",
    reference="Boursier and Flammarion 2023, arXiv 2303.01353",
    kind="theorem",
    scope=(
        "samples on a line with one output and penalized biases, without six points in a row of "
        "convex or concave dots; false with six"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=46,
)
