"""Multipliers of a problem with one input: the exact bound, in the form that the checks want."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convexden.problem import Interpolation
from convexden.verification.dual_projection import DualPoint
from convexden.verification.exact.dual import close_dual
from convexden.verification.exact.line import line_interval
from convexden.verification.exact.rationals import below
from convexden.verification.pricing_bound import PricingInterval

Array = NDArray[np.float64]


def line_point(
    problem: Interpolation, values: Array, jacobians: Array
) -> tuple[DualPoint, PricingInterval]:
    """Multipliers with what they prove, in units of the data.

    The equalities are closed in integers: `objective` and the enclosure of P are those of the
    closed multipliers.
    """
    ball = problem.radii > 0
    closed = close_dual(problem.centers, problem.targets, problem.radii, values, jacobians)
    dual = DualPoint(
        centers=problem.centers,
        radii=problem.radii,
        values=values,
        jacobians=np.where(ball[:, None, None], jacobians, 0.0),
        objective=below(closed.objective),
        sites=np.arange(len(problem)),
        unit=1.0,
        touch=0.0,
        sum_residual=closed.residual,
        moment_residual=closed.residual,
        sample_jacobians=closed.stray,
        tilted_jacobians=0.0,
    )
    return dual, PricingInterval(*line_interval(closed))
