"""An upper and a lower bound without iterations: ramps and the semidefinite program."""

from __future__ import annotations

import numpy as np

from convexden.problem import Interpolation
from convexden.solvers.atoms import no_hinges
from convexden.solvers.constraints import constraints
from convexden.solvers.master import Master, solve_dual
from convexden.solvers.outcome import Outcome
from convexden.solvers.ramps_program import solve_ramps
from convexden.solvers.semidefinite import PRICING, half_patterns, semidefinite_bound


def solve_sandwich(problem: Interpolation, master: Master = solve_dual) -> Outcome:
    """The best network of ramps with the semidefinite bound.

    Parameters
    ----------
    problem : Interpolation
        Of two or more dimensions, reduced, in units of its spreads.
    master : callable
        `solve_dual` or `solve_with_cvxpy`.

    Raises
    ------
    UnsupportedProblem
        If there are too many activation patterns.
    NotCertified
        If the semidefinite program has no solution.
    """
    rows = constraints(problem)
    if rows.affine:
        nothing = np.zeros_like(rows.targets)
        none, weights = no_hinges(problem), np.zeros((0, problem.output_dimension))
        return Outcome(rows.network(none, weights), *rows.multipliers(nothing), 0.0, PRICING)
    patterns = half_patterns(problem)
    ramps = solve_ramps(rows, patterns, master)
    bound = semidefinite_bound(rows, patterns)
    values, jacobians = rows.multipliers(bound.multipliers)
    network = None if ramps is None else rows.network(ramps.hinges, ramps.weights)
    return Outcome(network, values, jacobians, bound.maximum, PRICING)
