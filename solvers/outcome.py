"""What the solvers hand back."""

from __future__ import annotations

from dataclasses import dataclass

from convexden.network import ShallowNetwork
from convexden.solvers.atoms import Array

NO_PRICING = "none"


@dataclass(frozen=True, eq=False)
class Outcome:
    """A network with multipliers of all sites, in the units of the problem.

    Attributes
    ----------
    network : ShallowNetwork or None
        None if there was none before an interrupt.
    values, jacobians : (N, p) and (N, p, d) arrays
        Zero without a bound.
    pricing_maximum : float
        The P of the multipliers, or an upper bound of it.
    pricing : str
        Where that is from; `NO_PRICING` without a bound.
    """

    network: ShallowNetwork | None
    values: Array
    jacobians: Array
    pricing_maximum: float
    pricing: str
