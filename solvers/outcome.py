"""What the solvers hand back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.certificate import Edges, Leaves
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.hinges import Array

NO_PRICING = "none"


@dataclass(frozen=True, eq=False)
class Outcome:
    """A network with multipliers of all sites, in the units of the problem.

    Attributes
    ----------
    network : ShallowNetwork or None
        None if there is none.
    values, jacobians : (N, p) and (N, p, d) arrays
        Zero without a bound.
    pricing_maximum : float
        The P of the multipliers, or an upper bound of it.
    pricing : str
        Where that is from; `NO_PRICING` without a bound.
    interrupted : bool
        Whether the run was stopped before it was done.
    reason : str
        Why there is no network although the run was not stopped, if that is known.
    values_low, jacobians_low : arrays or None
        Second floats of the multipliers, where one does not state them well enough.
    edges : Edges or None
        Of multipliers that are a sum over pairs of sites.
    leaves : Leaves or None
        Of patterns on which the dual constraint is below the pricing maximum.
    """

    network: ShallowNetwork | None
    values: Array
    jacobians: Array
    pricing_maximum: float
    pricing: str
    interrupted: bool = False
    reason: str = ""
    values_low: Array | None = None
    jacobians_low: Array | None = None
    edges: Edges | None = None
    leaves: Leaves | None = None

    def lower_bound(self, problem: Interpolation) -> float:
        """What the multipliers state of the optimum of their problem, 0 if it would be negative."""
        objective = float(np.sum(self.values * problem.targets))
        return max(0.0, objective / max(1.0, self.pricing_maximum))


def nothing(problem: Interpolation, *, interrupted: bool = False) -> Outcome:
    """Neither a network nor a bound."""
    n, p, d = len(problem), problem.output_dimension, problem.input_dimension
    return Outcome(None, np.zeros((n, p)), np.zeros((n, p, d)), 0.0, NO_PRICING, interrupted)
