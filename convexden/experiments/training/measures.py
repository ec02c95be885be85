"""How far a network that was trained is from one that interpolates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.analysis.coordinates import check_fit
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution


@dataclass(frozen=True)
class MeasureSettings:
    """Parameters of the errors that training leaves."""

    probes: int = 256
    """Points of each ball at which the error is measured, besides its center."""


SETTINGS = MeasureSettings()


def worst_error(problem: Interpolation, network: ShallowNetwork) -> float:
    """Largest distance from a target that is found on the sites, in units of the targets.

    Exact for samples.  A ball is measured at its center and at 256 points, half of them on its
    boundary, the same in every call: there it is a lower bound.  If the centers lie in a smaller
    space, half of the points lie along it, where a network varies most: random directions of many
    dimensions hardly move a point along few of them.

    Raises
    ------
    InvalidProblem
        If the network does not fit the problem.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.experiments.training import worst_error
    >>> closed = cd.theorems.univariate.closed_form([0.0, 1.0], 0.1)
    >>> wider = cd.denoising([0.0, 1.0], radius=0.3)
    >>> round(worst_error(wider, closed.network), 2)
    0.25
    """
    check_fit(problem, network)
    worst = np.linalg.norm(network(problem.centers) - problem.targets, axis=1).max()
    rng = np.random.default_rng(0)
    steps = rng.standard_normal((SETTINGS.probes, problem.input_dimension))
    basis = problem.hull.basis
    if len(basis) < problem.input_dimension:
        steps[: SETTINGS.probes // 2] = steps[: SETTINGS.probes // 2] @ basis.T @ basis
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    steps[1::2] *= rng.random((SETTINGS.probes // 2, 1)) ** (1 / problem.input_dimension)
    for n in np.flatnonzero(problem.radii > 0):
        values = network(problem.centers[n] + problem.radii[n] * steps)
        worst = max(worst, np.linalg.norm(values - problem.targets[n], axis=1).max())
    return float(worst)


def priced_excess(solution: Solution, network: ShallowNetwork) -> float:
    r"""Excess of a network that need not interpolate, with its errors at twice their price.

    The multipliers :math:`l_n` of the certificate, divided by :math:`\max(1, P)`, say what errors
    can save: any network h of samples has

    .. math:: R(h) \ge \sum_n l_n^T h(y_n) \ge R^* - \sum_n |l_n| |h(y_n) - t_n| ,

    with :math:`R^*` the lower bound.  So :math:`R(h) + 2 \sum_n |l_n| |h(y_n) - t_n|`, an exact
    penalty function, is at least :math:`R^*`, and comes close to it only if h is nearly optimal
    and nearly interpolates.

    Parameters
    ----------
    solution : Solution
        Of samples: all radii are 0.
    network : ShallowNetwork

    Returns
    -------
    float
        That sum over the cost of the solution, less 1; never below minus its relative gap.

    Raises
    ------
    InvalidProblem
        If there are balls, or the network does not fit the problem.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.experiments.training import priced_excess
    >>> solution = cd.solve(cd.Interpolation([0.0, 1.0, 2.0], [0.0, 0.0, 1.0]))
    >>> short = cd.ShallowNetwork([[0.9]], [[1.0]], [-1.0], [[0.0]], [0.0])
    >>> round(short.representation_cost / solution.cost - 1, 9)
    -0.1
    >>> round(priced_excess(solution, short), 9)
    0.1
    """
    problem, certificate = solution.problem.plain("priced_excess"), solution.certificate
    check_fit(problem, network)
    if problem.radii.any():
        raise InvalidProblem("errors have a price at samples only: give radii of 0")
    errors = np.linalg.norm(network(problem.centers) - problem.targets, axis=1)
    prices = np.linalg.norm(certificate.values, axis=1) / max(1.0, certificate.pricing_maximum)
    return excess(network.representation_cost + 2 * float(prices @ errors), solution.cost)


def excess(cost: float, optimum: float) -> float:
    """The relative excess of a cost over the optimum."""
    if optimum > 0:
        return cost / optimum - 1
    return 0.0 if cost == 0 else float("inf")
