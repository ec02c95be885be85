"""Samples on the line without a skip connection: the formula of Savarese et al."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden.cost import Cost
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.theorems._claims import ClosedForm, Instance, closed_form_certificate
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, compare

Array = NDArray[np.float64]

KINDS = ("bends win", "slopes win", "mixed")


def hypotheses(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None
) -> Interpolation:
    """The problem without skip connection, if it is one of samples on the line with one output.

    Raises
    ------
    InvalidProblem
        If it is not.
    """
    problem = Interpolation(
        points, points if targets is None else targets, radius, Cost(skip=False)
    )
    if problem.input_dimension != 1 or problem.output_dimension != 1 or problem.radii.any():
        raise InvalidProblem("savarese needs samples of one input and one output, with radius 0")
    return problem


def closed_form(
    points: ArrayLike, radius: ArrayLike, targets: ArrayLike | None = None
) -> ClosedForm:
    r"""The cheapest function through the dots if there is no skip connection.

    Problem: minimize the representation cost subject to :math:`h(y_n) = t_n`, with
    :math:`y_n, t_n` in R, over networks without skip connection.

    Theorem: let :math:`s_1, \ldots, s_m` be the slopes of the function that connects the dots and S
    the sum of the :math:`|s_{i+1} - s_i|`.  It is a minimizer on the data, and

    .. math:: R^* = \max\Bigl( S, \; \frac{S + |s_1 + s_m|}{2} \Bigr) .

    This is :math:`\max(\int |f''|, |f'(-\infty) + f'(\infty)|)` at its best slopes outside of the
    data.

    Proof: a network has slope :math:`V - \sum_k a_k^-` on the left and :math:`V + \sum_k a_k^+` on
    the right of its kinks, where :math:`a_k^+` and :math:`a_k^-` are those that face right and left
    and V is made by a hinge outside of the data, which costs :math:`|V|`.  Let
    :math:`J_i = s_{i+1} - s_i`.  If :math:`|s_1 + s_m| \le S`, parts :math:`J_i^-` of the jumps
    can be chosen with the sum :math:`-s_1`, so that V = 0 and the cost is S; the multipliers of
    `convexden.theorems.univariate` prove it.  Otherwise let :math:`\sigma` be the sign of
    :math:`s_1 + s_m`.  Jumps of sign :math:`\sigma` face right, the others left, and
    :math:`V = (s_1 + s_m - \sigma S) / 2`.  The dual function that is :math:`\sigma` at the first
    sample and wherever :math:`J_i` has this sign, 0 at the other samples, and linear in between,
    has values between 0 and :math:`\sigma`.  It is feasible for hinges that face right, and minus
    :math:`\sigma` for those that face left; its objective is the cost.

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
    Savarese, Evron, Soudry, Srebro 2019, arXiv 1902.05040.

    Examples
    --------
    >>> from convexden.theorems import savarese
    >>> savarese.closed_form([0.0, 1.0, 2.0], 0.0, [0.0, 3.0, 6.5]).cost
    3.5
    >>> savarese.verify([0.0, 1.0, 2.0, 3.0], 0.0, [0.0, 1.0, 0.0, 1.0]).verdict
    'confirmed'
    """
    problem = hypotheses(points, radius, targets)
    x, first = np.unique(problem.centers[:, 0], return_index=True)
    t = problem.targets[first, 0]
    slopes = np.diff(t) / np.diff(x)
    jumps = np.diff(slopes)
    total, ends = float(np.abs(jumps).sum()), float(slopes[0] + slopes[-1])
    if abs(ends) <= total:
        sign, outer = 0.0, 0.0
        q = np.sign(jumps)
        side = -np.sign(slopes[0])
        there = np.where(q == side, np.abs(jumps), 0.0)
        left = side * np.clip(abs(slopes[0]) - (np.cumsum(there) - there), 0.0, there)
    else:
        sign = float(np.sign(ends))
        outer = (ends - sign * total) / 2
        q = np.where(sign * jumps > 0, sign, 0.0)
        left = np.where(sign * jumps < 0, jumps, 0.0)
    weights = np.concatenate([[outer], jumps - left, left])
    turns = np.repeat([1.0, -1.0], [len(jumps) + 1, len(jumps)])
    knots = np.concatenate([x[:1], x[1:-1], x[1:-1]])
    used = weights != 0.0
    offset = t[0] - left @ (x[1:-1] - x[0])
    network = ShallowNetwork(
        weights[used], turns[used], (-turns * knots)[used], None, [offset]
    )  # fmt: skip
    dual = np.concatenate([[sign], q, [0.0]])
    values = np.zeros_like(problem.targets)
    values[first, 0] = np.diff(np.diff(dual) / np.diff(x), prepend=0.0, append=0.0)
    certificate = closed_form_certificate(problem, values, np.zeros((len(problem), 1, 1)))
    return ClosedForm(problem, network, max(total, (total + abs(ends)) / 2), certificate)


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove the closed form by its certificate, and compare with a free skip connection."""
    claim = closed_form(points, radius, targets)
    result = compare("savarese", claim, solve=solve, tolerance=tolerance)
    problem = claim.problem
    from convexden.solving.interpolation import solve as solved

    free = solved(Interpolation(problem.centers, problem.targets)).cost
    return result.and_property("confirmed", {"cost with a skip connection": free})


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Three to ten samples, with random targets, and a slope where it is to win."""
    count = int(rng.integers(3, 11))
    scale = 10 ** rng.uniform(-1, 1)
    points = scale * (np.cumsum(rng.uniform(0.1, 2.0, count)) + rng.standard_normal())
    slope = {"bends win": 0.0, "slopes win": 20.0, "mixed": rng.uniform(0.0, 5.0)}[kind]
    targets = scale * rng.standard_normal(count) + rng.choice([-1, 1]) * slope * points
    order = rng.permutation(count)
    return Instance(points=points[order, None], radius=0.0, targets=targets[order, None])


THEOREM = Theorem(
    name="savarese",
    title="The line without a skip connection",
    statement="samples, one output: R = max(S, (S + |s_1 + s_m|) / 2), slopes s, S = sum |jumps|",
    reference="Savarese, Evron, Soudry, Srebro 2019, arXiv 1902.05040",
    kind="theorem",
    scope="samples on a line with one output, without a skip connection",
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=42,
)
