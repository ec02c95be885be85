"""Networks and multipliers that no method has to look for: on a line, and of cost zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convexden.certificate import Certificate
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

FREE = "closed-form"  # the pricing of multipliers that are zero
# Rounding of the coordinates of a reduced problem, in units of its spread.
_REDUCED = 2.0**-50


def no_multipliers(problem: Interpolation) -> Certificate:
    """The certificate of a network that costs nothing."""
    n, p, d = len(problem), problem.output_dimension, problem.input_dimension
    return Certificate(np.zeros((n, p)), np.zeros((n, p, d)), 0.0, 0.0, FREE)


def certified_weighted_line(problem: Interpolation) -> tuple[ShallowNetwork, Certificate]:
    """Network and multipliers on the line under another cost than the default.

    Raises
    ------
    NotSupported
        If connecting the dots is not optimal and there are several outputs.
    """
    from convexden.solvers.line.weighted import Dots, solve_weighted

    network, dual = solve_weighted(problem)
    values, values_low, jacobians, jacobians_low = Dots.of(problem).multipliers(dual)
    return network, Certificate(
        values, jacobians, 0.0, 1.0, "exact-line", values_low, jacobians_low
    )  # the verification states the bound and the maximum


def certified_line(
    problem: Interpolation, direction: NDArray[np.float64] | None = None
) -> tuple[ShallowNetwork, Certificate]:
    """Network and multipliers in closed form, on a line of this direction if it is one of a space
    of more dimensions."""
    from convexden.solvers.line import solve_along, solve_line

    found = solve_line(problem) if direction is None else solve_along(problem, direction, _REDUCED)
    bound = max(0.0, found.objective / max(1.0, found.maximum))
    return found.network, Certificate(
        found.values,
        found.jacobians,
        bound,
        found.maximum,
        "exact-line",
        found.values_low,
        found.jacobians_low,
    )
