"""`regularize` and `regularization_path`: squared error plus representation cost at samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from convexden import arguments
from convexden.cost import DEFAULT, Cost
from convexden.errors import InvalidInput, InvalidProblem
from convexden.measurements import Measurements
from convexden.problem import Interpolation
from convexden.running.clock import Stopped
from convexden.running.progress import tell
from convexden.running.threads import one_thread
from convexden.solution import Progress, RegularizationPath, RegularizedSolution
from convexden.solving.interpolation import solve
from convexden.solving.penalized import Penalized
from convexden.tolerances import CERTIFIED_RTOL

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from convexden.solving.penalized import AnyRegularized


@dataclass(frozen=True)
class PathSettings:
    """Parameters of a path of penalties."""

    penalties: int = 30
    """Penalties of a path, in a geometric sequence."""

    smallest: float = 1e-3
    """The last penalty, as a share of the largest, at which the network is affine."""


SETTINGS = PathSettings()


def regularize(
    problem: Interpolation | Measurements | tuple[ArrayLike, ArrayLike],
    penalty: float,
    tolerance: float = CERTIFIED_RTOL,
    *,
    weights: ArrayLike | None = None,
    cost: Cost | None = None,
    method: str | None = None,
    time_limit: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> RegularizedSolution:
    r"""Find the network that minimizes squared error plus penalized representation cost.

    .. math:: \min_h\ \frac12 \sum_n |h(y_n) - t_n|^2 + \lambda R(h)

    over shallow ReLU networks of any width, with free skip connection, bias and offset: training
    with weight decay :math:`\lambda`, to the global optimum.  The dual is

    .. math:: \max_l\ \sum_n l_n^T t_n - \frac12 \sum_n |l_n|^2 \quad \text{subject to} \quad
       \sum_n l_n = 0,\ \sum_n l_n y_n^T = 0,\
       \Bigl| \sum_n D_n l_n (w^T y_n + b) \Bigr| \le \lambda \text{ for all hinges, } |w| = 1 ,

    with :math:`l_n = t_n - h(y_n)` at the optimum.  For the errors :math:`e_n = t_n - h(y_n)` of
    any network, :math:`\frac12 |e_n|^2 \ge l_n^T e_n - \frac12 |l_n|^2`; the equalities remove the
    affine part of :math:`\sum_n l_n^T h(y_n)`, and the inequality bounds what is left by
    :math:`\lambda R(h)`.  Any multipliers that satisfy the equalities give a bound once they are
    scaled, and exact pricing of the largest left-hand side makes it a certificate.  See the
    formulation in the documentation.

    Of measurements :math:`(x_i, t_i)` with weights, which may differ at one input, the squared
    error is :math:`\frac12 \sum_i w_i |h(x_i) - t_i|^2`, that of the weighted means at the distinct
    inputs plus a constant (see `Measurements`).  The constant is part of `fit`, `objective` and
    `lower_bound`.

    Parameters
    ----------
    problem : Interpolation, Measurements or (inputs, targets)
        Of samples; equal ones count as often as they are there.  Inputs (M, d) and targets (M, p)
        are measurements: equal inputs may have different targets.  The distinct inputs must lie
        on a line or in a plane of the input space, of any dimension, or be few.
    penalty : float
        The :math:`\lambda > 0`, in units of targets times inputs.  From the `largest_penalty` on
        the solution is the best affine fit; as it vanishes, the cost tends to that of `solve`.
    tolerance : float, optional
        Relative gap at which the solution counts as certified.
    weights : (M,) array, optional
        Of the samples or measurements, at least 0; those of weight 0 are left out.
    cost : Cost, optional
        What networks are charged for instead of :math:`R(h)`, in up to four input dimensions; that
        of the problem by default.
    method : str, optional
        "local" is for samples that are too many for exact pricing: the best network of 300 hinges
        that are drawn, the same in every call.  It has no lower bound but what every function
        misses.  On a line nothing is too many, and it does not count.
    time_limit : float, optional
        Seconds after which the search ends, give or take one; None for no limit.  The verification
        comes on top, as in `solve`.
    progress : callable, optional
        Called with a `Progress` of the objective and its lower bound after every pricing.  If it
        raises StopIteration, the search ends with the best that was found.

    Returns
    -------
    RegularizedSolution
        With status "certified" if the relative gap is at most the tolerance and the independent
        verification agrees, else "not-certified".  Stopped by the time limit or by `progress` it
        is `interrupted` and the best that was found.

    Raises
    ------
    InvalidProblem
        If a site is a ball, or the data state no measurements.
    InvalidInput
        If the penalty is not positive, or a weight negative.
    NotSupported
        If the cost is not the default one, and there are more inputs or a method is given.
    TooLarge
        If there are too many samples for exact pricing.
    NotCertified
        If the time was over before there was anything.

    Examples
    --------
    A fold that is charged 0.2 for its slope's jump is a little less steep:

    >>> import convexden as cd
    >>> fold = cd.Interpolation([-2, -1, 0, 1, 2], [2, 1, 0, 1, 2])
    >>> solution = cd.regularize(fold, penalty=0.2)
    >>> print(f"cost {solution.cost:.6f}, fit {solution.fit:.6f}, {solution.status}")
    cost 1.714286, fit 0.028571, certified

    Two measurements at 0 that differ by 0.2 count as their mean, and leave a fit of 0.01 for every
    function:

    >>> inputs, targets = [-2, -1, 0, 0, 1, 2], [2, 1, 0.1, -0.1, 1, 2]
    >>> twice = cd.regularize((inputs, targets), 0.2, weights=[1, 1, 0.5, 0.5, 1, 1])
    >>> print(f"cost {twice.cost:.6f}, fit {twice.fit:.6f}, {twice.status}")
    cost 1.714286, fit 0.033571, certified
    """
    started = time.perf_counter()
    tolerance = arguments.tolerance(tolerance)
    arguments.callback("progress", progress)
    if method is not None:
        arguments.choice("method", method, ["local"])
    (chosen,) = _penalties([arguments.number("penalty", penalty, above=0.0)])
    with one_thread():
        prepared = _prepared(problem, weights, time_limit, cost, local=method == "local")
        found = prepared.solve(chosen, tolerance, None, progress)
        return prepared.solution(chosen, tolerance, found, started)


def largest_penalty(
    problem: Interpolation | Measurements | tuple[ArrayLike, ArrayLike],
    *,
    weights: ArrayLike | None = None,
    time_limit: float | None = None,
) -> float:
    r"""The least :math:`\lambda` for which the regularized solution is the best affine fit.

    It is the pricing maximum :math:`\max_{|w| = 1, b} |\sum_n D_n l_n (w^T y_n + b)|` at the
    residuals :math:`l_n` of that fit; 0 if it fits exactly.

    Parameters
    ----------
    problem : Interpolation, Measurements or (inputs, targets)
    weights : array, optional
        Both as for `regularize`.
    time_limit : float, optional
        Seconds after which it gives up; None for no limit.

    Raises
    ------
    InvalidProblem
        If a site is a ball.
    TooLarge
        If there are too many samples for exact pricing.
    NotCertified
        If the time was over before it was found.

    Examples
    --------
    >>> import convexden as cd
    >>> fold = cd.Interpolation([-2, -1, 0, 1, 2], [2, 1, 0, 1, 2])
    >>> print(f"{cd.largest_penalty(fold):.6f}")
    1.400000
    >>> cd.regularize(fold, penalty=1.4).neurons
    0
    """
    with one_thread():
        return _prepared(problem, weights, time_limit).largest_penalty()


def regularization_path(
    problem: Interpolation | Measurements | tuple[ArrayLike, ArrayLike],
    penalties: ArrayLike | None = None,
    tolerance: float = CERTIFIED_RTOL,
    *,
    weights: ArrayLike | None = None,
    interpolate: bool = True,
    time_limit: float | None = None,
    progress: Callable[[RegularizedSolution], object] | None = None,
) -> RegularizationPath:
    r"""Regularized solutions for falling penalties, each started from the one before.

    Parameters
    ----------
    problem : Interpolation, Measurements or (inputs, targets)
        As for `regularize`.
    penalties : array_like, optional
        In any order; by default 30 from the `largest_penalty` to a thousandth of it, evenly
        spaced on a logarithmic scale.
    tolerance : float, optional
        Relative gap at which a solution counts as certified.
    weights : array, optional
        As for `regularize`.
    interpolate : bool, optional
        Whether to `solve` the interpolation problem as well, to which the path leads: that of the
        mean targets, if there are several at one input.
    time_limit : float, optional
        Seconds after which the search ends, give or take one; None for no limit.  The verification
        comes on top, as in `solve`.
    progress : callable, optional
        Called with every `RegularizedSolution`.  If it raises StopIteration, the path ends there.

    Returns
    -------
    RegularizationPath
        Stopped by the time limit or by `progress` it is `interrupted`, with the solutions found
        until then.

    Raises
    ------
    InvalidProblem
        If a site is a ball or a penalty not positive; without penalties, if an affine function
        fits exactly, so that there is no largest one.
    TooLarge
        If there are too many samples for exact pricing.

    Examples
    --------
    >>> import convexden as cd
    >>> fold = cd.Interpolation([-2, -1, 0, 1, 2], [2, 1, 0, 1, 2])
    >>> path = cd.regularization_path(fold, [1, 0.1, 0.01])
    >>> [f"{each.cost:.3f}" for each in path.solutions], f"{path.interpolant.cost:.3f}"
    (['0.571', '1.857', '1.986'], '2.000')
    >>> path.certified
    True
    """
    tolerance = arguments.tolerance(tolerance)
    arguments.callback("progress", progress)
    chosen = None if penalties is None else _penalties(penalties)
    solutions: list[RegularizedSolution] = []
    interpolant, interrupted = None, True
    prepared = _prepared(problem, weights, time_limit)
    largest = prepared.largest_penalty()
    if chosen is None:
        if largest == 0.0:
            raise InvalidProblem(
                "an affine function fits these samples, so there is no largest penalty: "
                "give the penalties"
            )
        chosen = np.geomspace(largest, SETTINGS.smallest * largest, SETTINGS.penalties).tolist()
    try:
        found: AnyRegularized | None = None
        with one_thread():
            for penalty in chosen:
                started = time.perf_counter()
                found = prepared.solve(penalty, tolerance, found)
                if found is not None and found.interrupted:
                    raise Stopped
                solutions.append(prepared.solution(penalty, tolerance, found, started))
                tell(progress, solutions[-1])
        if interpolate:
            interpolant = solve(prepared.problem, tolerance, time_limit=prepared.clock.left)
        interrupted = interpolant is not None and interpolant.interrupted
    except Stopped:
        pass  # keep what there is
    return RegularizationPath(prepared.problem, tuple(solutions), largest, interpolant, interrupted)


def _penalties(penalties: ArrayLike | Sequence[float]) -> list[float]:
    """Positive penalties, falling, every one once."""
    given = np.unique(arguments.array("penalties", penalties, error=InvalidInput))[::-1]
    if not given.size or not (given > 0).all():
        raise InvalidInput(
            "the penalty must be positive and finite: without one, solve(problem) interpolates"
        )
    chosen: list[float] = given.tolist()
    return chosen


def _measured(
    problem: Interpolation | Measurements | tuple[ArrayLike, ArrayLike], weights: ArrayLike | None
) -> Interpolation | Measurements:
    """What is to be fitted; balls are refused, which have no squared error."""
    if isinstance(problem, Measurements):
        if weights is None:
            return problem
        raise InvalidInput("the measurements have weights already: leave out weights=")
    if isinstance(problem, tuple) and len(problem) == 2:
        return _weighted(*problem, weights)
    if not isinstance(problem, Interpolation):
        raise InvalidInput(
            f"problem is of type {type(problem).__name__}: give an Interpolation or "
            "(inputs, targets)"
        )
    balls = int(np.count_nonzero(problem.radii))
    if balls:
        raise InvalidProblem(
            f"the squared error is one of samples, and {balls} of the {len(problem)} sites are "
            "balls: set all radii to 0, or give noisy samples"
        )
    return problem if weights is None else _weighted(problem.centers, problem.targets, weights)


def _weighted(inputs: ArrayLike, targets: ArrayLike, weights: ArrayLike | None) -> Measurements:
    """Measurements, of which those of weight 0 are left out."""
    if weights is None:
        return Measurements(inputs, targets)
    sizes = arguments.array("weights", weights, error=InvalidInput)
    if (sizes < 0).any():
        raise InvalidInput(f"the weight {sizes.min():g} is negative: give weights of at least 0")
    if sizes.all() or not sizes.any():  # which is refused
        return Measurements(inputs, targets, sizes)
    rows = [arguments.array(*each) for each in (("inputs", inputs), ("targets", targets))]
    if any(row.shape[:1] != sizes.shape for row in rows):
        return Measurements(inputs, targets, sizes)  # refused as well
    return Measurements(*(row[sizes > 0] for row in (*rows, sizes)))


def _prepared(
    problem: Interpolation | Measurements | tuple[ArrayLike, ArrayLike],
    weights: ArrayLike | None,
    time_limit: float | None,
    cost: Cost | None = None,
    *,
    local: bool = False,
) -> Penalized:
    """The problem with its solver; the time limit counts from now."""
    if cost is None:
        cost = problem.cost if isinstance(problem, Interpolation) else DEFAULT
    arguments.instance("cost", cost, Cost)
    given, limit = _measured(problem, weights), arguments.time_limit(time_limit)
    return Penalized(given, cost, limit, local)
