"""What a theorem is, and how a closed form is compared with the certified optimum.

Every theorem of this package has a file of its own with the same five names: `hypotheses`,
`closed_form`, `instance`, `verify` and `THEOREM`, its entry in the registry.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from convexden.errors import UnsupportedProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.theorems._claims import ClosedForm, Instance
from convexden.verification import site_errors

Kind = Literal["theorem", "conjecture"]
Verdict = Literal["confirmed", "refuted", "undecided"]

# Relative accuracy to which the optimality of a closed form is to be proved.
TOLERANCE = 1e-10
# Relative differences of two costs below this one count as rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Result:
    """A closed form against the certified optimum of the same instance.

    Attributes
    ----------
    theorem : str
        Name in the registry.
    instance : str
        ``"given"``, or seed and number of a random instance.
    kind : str
        Kind of a random instance, "" of a given one.
    verdict : {"confirmed", "refuted", "undecided"}
        See `decide`.
    closed_form_cost, cost, lower_bound : float
        The claim, the cost of the computed network and the certified lower bound.
    relative_gap : float
        (cost - lower bound) / cost.
    relative_excess : float
        (closed-form cost - cost) / cost: positive if the computed network is cheaper.
    sup_distance : float or None
        Largest distance of the two functions on the box of `convexden.alignment.sup_distance`,
        in units of the spread of the targets; None beyond the plane.  Where the minimiser is not
        unique it may be large although the costs agree, so it has no part in the verdict.
    seconds : float
        Wall time of solving and comparing.
    closed_form : ClosedForm
    solution : Solution
    """

    theorem: str
    instance: str
    kind: str
    verdict: Verdict
    closed_form_cost: float
    cost: float
    lower_bound: float
    relative_gap: float
    relative_excess: float
    sup_distance: float | None
    seconds: float
    closed_form: ClosedForm = field(repr=False)
    solution: Solution = field(repr=False)

    def as_dict(self) -> dict[str, str | float | None]:
        """The numbers alone, ready for JSON."""
        return {
            "theorem": self.theorem,
            "instance": self.instance,
            "verdict": self.verdict,
            "closed_form_cost": self.closed_form_cost,
            "cost": self.cost,
            "lower_bound": self.lower_bound,
            "relative_gap": self.relative_gap,
            "relative_excess": self.relative_excess,
            "sup_distance": self.sup_distance,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Theorem:
    """An entry of the registry.

    Attributes
    ----------
    name : str
        Name on the command line.
    title, statement, reference : str
        What it is called, what it says, where it is from.
    kind : {"theorem", "conjecture"}
        A refuted theorem is a failure, a refuted conjecture a finding.
    closed_form : callable
        ``closed_form(points, radius)`` -> `ClosedForm`; raises InvalidProblem if the hypotheses
        do not hold.
    kinds : tuple of str
        Kinds of random instances, which take turns.
    instance : callable
        ``instance(rng, kind)`` -> `Instance`, a random one that meets the hypotheses.
    """

    name: str
    title: str
    statement: str
    reference: str
    kind: Kind
    closed_form: Callable[..., ClosedForm]
    kinds: tuple[str, ...]
    instance: Callable[[np.random.Generator, str], Instance]

    def kind_of(self, index: int) -> str:
        """Kind of random instance number `index`."""
        return self.kinds[index % len(self.kinds)]

    def draw(self, seed: int, index: int) -> Instance:
        """Random instance number `index` of a seed, independent of all other instances."""
        key = zlib.crc32(self.name.encode())
        return self.instance(np.random.default_rng([key, seed, index]), self.kind_of(index))

    def verify(
        self, points: ArrayLike, radius: ArrayLike, *, tolerance: float = TOLERANCE, **more: Any
    ) -> Result:
        """Compare the closed form with the certified optimum."""
        return compare(self.name, self.closed_form(points, radius, **more), tolerance=tolerance)


def compare(
    theorem: str,
    closed_form: ClosedForm,
    *,
    tolerance: float = TOLERANCE,
    instance: str = "given",
    kind: str = "",
) -> Result:
    """Solve the problem of a closed form and decide whether the closed form is optimal."""
    from convexden.solving import solve

    start = perf_counter()
    problem, network = closed_form.problem, closed_form.network
    solution = solve(problem, tolerance=tolerance / 2)
    spread = problem.target_spread or 1.0
    claimed = closed_form.cost
    if site_errors(problem, network).totals.max() > 1e-9 * spread:
        verdict: Verdict = "refuted"  # what the theorem calls the minimiser does not interpolate
    else:
        verdict = decide(claimed, solution.cost, solution.lower_bound, _noise(solution), tolerance)
    return Result(
        theorem,
        instance,
        kind,
        verdict,
        claimed,
        solution.cost,
        solution.lower_bound,
        solution.relative_gap,
        (claimed - solution.cost) / solution.cost if solution.cost > 0 else 0.0,
        _distance(network, solution.network, problem),
        perf_counter() - start,
        closed_form,
        solution,
    )


def _distance(f: ShallowNetwork, g: ShallowNetwork, problem: Interpolation) -> float | None:
    """Distance of two networks in spreads of the targets; None beyond the plane."""
    from convexden.alignment import sup_distance

    try:
        return sup_distance(f, g, problem) / (problem.target_spread or 1.0)
    except UnsupportedProblem:
        return None


def decide(
    claimed: float, cost: float, lower_bound: float, noise: float, tolerance: float
) -> Verdict:
    r"""Verdict on the claim that the optimum is :math:`C^*`, given a certified interval [L, C].

    The closed form is feasible, so the optimum is at most :math:`C^*`; it is at most C and at
    least L as well.  Hence the claim is

    * *refuted* if :math:`C < C^*` by more than `noise`: the computed network interpolates and
      is cheaper.  That is a proof whatever the gap, so a claim that is wrong by 1e-9 is refuted
      by a solution that is accurate to 1e-12.  (A lower bound above the claim refutes it too.)
    * *confirmed* if :math:`(C^* - L) / C^* \le` `tolerance`: no network is cheaper by more.
    * *undecided* otherwise: the gap is too large to tell.

    Parameters
    ----------
    claimed, cost, lower_bound : float
        :math:`C^*`, C and L.
    noise : float
        Relative amount by which C may lie below the optimum because of rounding.
    tolerance : float
        Relative accuracy that a confirmation has to prove.
    """
    if claimed - cost > noise * cost or lower_bound - claimed > noise * claimed:
        return "refuted"
    if claimed - lower_bound <= tolerance * claimed:
        return "confirmed"
    return "undecided"


def _noise(solution: Solution) -> float:
    """Relative amount by which the cost may lie below the optimum because of rounding.

    The network interpolates up to small residuals.  To first order they lower the cost by their
    product with the multipliers.
    """
    if solution.cost == 0:
        return ROUNDING
    radii, certificate = solution.problem.radii, solution.certificate
    errors = site_errors(solution.problem, solution.network)
    prices = np.linalg.norm(certificate.values, axis=1)
    slopes = np.linalg.norm(certificate.jacobians, axis=(1, 2))
    # A hinge that cuts a ball could be shifted out of it: that changes the values by the overlap.
    cuts = prices + np.divide(slopes, radii, out=np.zeros_like(slopes), where=radii > 0)
    shift = prices @ errors.values + slopes @ errors.jacobians + cuts @ errors.overlaps
    return max(ROUNDING, 2 * float(shift) / solution.cost)
