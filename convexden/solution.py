"""What `solve` returns: the network, the certificate, and what they prove together.  Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from convexden.certificate import Certificate
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

Status = Literal["certified", "not-certified", "upper-bound"]
STATUSES = get_args(Status)


class Progress(NamedTuple):
    """One round of a solver: the best cost and lower bound so far and the number of hinges."""

    round: int
    cost: float
    lower_bound: float
    hinges: int

    @property
    def relative_gap(self) -> float:
        """(cost - lower bound) / cost, 0 if both are 0."""
        return relative_gap(self.cost, self.lower_bound)


def relative_gap(cost: float, lower_bound: float) -> float:
    """(cost - lower bound) / cost; 0 if both are 0."""
    return 0.0 if cost == lower_bound == 0.0 else (cost - lower_bound) / cost


@dataclass(frozen=True, eq=False)
class Solution:
    """A feasible network with a lower bound on the representation cost of every such network.

    Attributes
    ----------
    problem : Interpolation
    network : ShallowNetwork
        Feasible on every site to 1e-9 of the spread of the targets.
    certificate : Certificate
    cost, lower_bound, relative_gap : float
        ``relative_gap = (cost - lower_bound) / cost``, 0 if both are 0.
    status : {"certified", "not-certified", "upper-bound"}
        "certified" if the gap is within the tolerance that was asked for and the verification
        agreed; "upper-bound" if there is no lower bound, which then is 0, and the gap 1.
    iterations : int
        Rounds of the solver.
    seconds : float
        Wall time of `solve`.
    versions : mapping
        Versions of convexden and of the libraries that produced the solution.
    history : tuple of Progress
        Cost and bound round by round; empty for an explicit solution.
    """

    problem: Interpolation
    network: ShallowNetwork
    certificate: Certificate
    cost: float
    lower_bound: float
    relative_gap: float
    status: Status
    iterations: int
    seconds: float
    versions: Mapping[str, str]
    history: tuple[Progress, ...] = field(default=())

    @property
    def neurons(self) -> int:
        """Number of hidden neurons of the network."""
        return self.network.neurons

    @property
    def certified(self) -> bool:
        """Whether the status is "certified"."""
        return self.status == "certified"
