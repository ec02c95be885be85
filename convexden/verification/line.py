"""Multipliers of a problem with one input: the exact bound of `exact.line`, as the checks want it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convexden.problem import Interpolation
from convexden.verification.dual_projection import DualPoint, ratio
from convexden.verification.exact.line import line_bound
from convexden.verification.exact.rationals import below
from convexden.verification.pricing_bound import PricingInterval

Array = NDArray[np.float64]


def line_point(
    problem: Interpolation, values: Array, jacobians: Array
) -> tuple[DualPoint, PricingInterval]:
    """The multipliers, values and Jacobians (N, p), with what they prove, in units of the data.

    The equalities are closed in integers: `objective` and the enclosure of P are those of the closed
    multipliers, next to the exact ones.
    """
    y, ball = problem.centers[:, 0], problem.radii > 0
    bound = line_bound(y, problem.radii, problem.targets, values, jacobians)
    sizes, slopes = np.linalg.norm(values, axis=1), np.linalg.norm(jacobians, axis=1)
    moments = float(sizes @ (y - y.min()) + slopes.sum())
    dual = DualPoint(
        centers=problem.centers,
        radii=problem.radii,
        values=values,
        jacobians=np.where(ball[:, None], jacobians, 0.0)[:, :, None],
        objective=below(bound.objective),
        sites=np.arange(len(problem)),
        unit=1.0,
        touch=0.0,
        sum_residual=ratio(float(bound.sum_residual), float(sizes.sum())),
        moment_residual=ratio(float(bound.moment_residual), moments),
        sample_jacobians=ratio(float(slopes[~ball].sum()), moments),
        tilted_jacobians=0.0,
    )
    return dual, PricingInterval(bound.maximum_below, bound.maximum_above)
