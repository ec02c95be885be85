"""How a closed form is proved to be optimal, or refuted: by its own multipliers or the solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from convexden import arguments, display
from convexden.certificate import Certificate
from convexden.display import Tabled
from convexden.errors import TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running import versions
from convexden.solution import Solution, Status, relative_gap
from convexden.theorems._claims import ClosedForm
from convexden.tolerances import ACCURATE_RTOL, COST_ROUNDING, COST_RTOL
from convexden.verification import site_errors
from convexden.verification import verify as verify_multipliers

if TYPE_CHECKING:
    from convexden.proofs.proof import Proof

Verdict = Literal["confirmed", "refuted", "undecided"]
DecidedBy = Literal["closed-form dual", "solved"]

# Relative accuracy to which the optimality of a closed form is to be proved.
TOLERANCE = ACCURATE_RTOL
# Relative width of the intervals that are proven in rational numbers: in more than two dimensions a
# tenth of it takes several times as long.
PROOF_WIDTH = 1e-7
# Relative errors beyond which a network does not interpolate, or not at the cost of its formula.
CLAIM = COST_RTOL


@dataclass(frozen=True, eq=False)
class Result(Tabled):
    """What became of a closed form.

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
        The claim, the cost of the cheapest known network (the computed one, or that of the closed
        form if its multipliers prove it) and the certified lower bound.
    relative_gap : float
        (cost - lower bound) / cost.
    relative_excess : float
        (closed-form cost - cost) / cost: positive if the computed network is cheaper.
    sup_distance : float or None
        Largest distance of closed form and computed network on the box of
        `convexden.analysis.distances.sup_distance`, in units of the spread of the targets; None if
        it has too many vertices to be exact, and if nothing was computed.  Where the minimizer is
        not unique it may be large although the costs agree, so it has no part in the verdict.
    seconds : float
        Wall time of the proof.
    closed_form : ClosedForm
    solution : Solution or None
        What the solver found; None if the multipliers of the closed form prove the claim alone.
    measured : mapping of str to float
        The numbers that a theorem about more than the cost is decided by, by their names.
    computed : Solution or None
        What the solver finds where it was not needed, for a picture; without part in the verdict.
    proof : Proof or None
        Of `proved`: the interval in rational numbers.
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
    solution: Solution | None = field(repr=False)
    measured: Mapping[str, float] = field(default_factory=dict)
    computed: Solution | None = field(default=None, repr=False)
    proof: Proof | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"{self.theorem} {self.instance}",
            self.verdict,
            f"cost={self.cost:.5g}",
            display.gap(self.relative_gap),
            f"excess={self.relative_excess:.2g}",
        )

    def title(self) -> str:
        """The theorem and its verdict."""
        return f"{self.theorem}: {self.verdict}"

    def rows(self) -> list[tuple[str, str]]:
        """What was found, by name."""
        distance = "unknown" if self.sup_distance is None else display.small(self.sup_distance)
        return [
            ("instance", f"{self.instance} {self.kind}".strip()),
            ("closed-form cost", f"{self.closed_form_cost:.15g}"),
            ("cost", f"{self.cost:.15g}"),
            ("lower bound", f"{self.lower_bound:.15g}"),
            ("relative gap", display.small(self.relative_gap)),
            ("relative excess", display.small(self.relative_excess)),
            ("largest distance", distance),
            ("decided by", self.decided_by),
            *((name, display.number(value)) for name, value in self.measured.items()),
            ("seconds", f"{self.seconds:.3g}"),
        ]

    @property
    def decided_by(self) -> DecidedBy:
        """Whether the multipliers of the closed form decided, or the solver."""
        return "closed-form dual" if self.solution is None else "solved"

    def as_dict(self) -> dict[str, str | float | dict[str, float] | None]:
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
            "proof": self.decided_by,
            "measured": dict(self.measured),
        }

    def as_solution(self, tolerance: float = TOLERANCE) -> Solution:
        """What proves the result, to be verified, stored or drawn.

        That is the computed solution, if there is one, and otherwise the closed form with its own
        multipliers.  Without these nothing bounds the cost from below, and the status is
        "upper-bound".

        Parameters
        ----------
        tolerance : float
            Relative gap up to which the closed form counts as certified.

        Returns
        -------
        Solution

        Examples
        --------
        >>> from convexden import theorems, verify_certificate
        >>> result = theorems.rays.verify([[0, 0], [4, 0], [0, 3]], 0.5)
        >>> result.decided_by, result.as_solution().status
        ('closed-form dual', 'certified')
        >>> verify_certificate(result.as_solution()).passed
        True
        """
        if self.solution is not None:
            return self.solution
        problem, network = self.closed_form.problem, self.closed_form.network
        cost, certificate = problem.cost.of(network), self.closed_form.certificate
        if certificate is None:
            (n, d), p = problem.centers.shape, problem.output_dimension
            certificate = Certificate(np.zeros((n, p)), np.zeros((n, p, d)), 0.0, 0.0, "none")
            lower_bound, status = 0.0, "upper-bound"
        else:
            lower_bound = min(self.lower_bound, cost)
            certificate = replace(certificate, lower_bound=lower_bound)
            proved = relative_gap(cost, lower_bound) <= tolerance
            status = "certified" if proved else "not-certified"
        return Solution(
            problem,
            network,
            certificate,
            cost,
            lower_bound,
            relative_gap(cost, lower_bound),
            cast(Status, status),
            iterations=0,
            seconds=self.seconds,
            versions=versions.installed(),
        )

    def proved(self, width: float = PROOF_WIDTH, time_limit: float | None = None) -> Result:
        """The result with a proof, in rational numbers, of the interval that holds the optimum.

        Where the multipliers of the closed form decided, they are what is proven.

        Parameters
        ----------
        width : float, optional
            Relative width that is asked for.
        time_limit : float, optional
            Seconds for the proof.
        """
        from convexden.proofs.prove import prove

        return replace(self, proof=prove(self.as_solution(), width, time_limit=time_limit))

    def and_property(self, verdict: Verdict, measured: Mapping[str, float]) -> Result:
        """The result of a theorem that claims a property besides the closed form.

        Parameters
        ----------
        verdict : {"confirmed", "refuted", "undecided"}
            On the property: both have to be confirmed, and one that is refuted refutes the theorem.
        measured : mapping of str to float
            What was found.
        """
        verdicts = {self.verdict, verdict}
        worst: tuple[Verdict, ...] = ("refuted", "undecided", "confirmed")
        combined = next(each for each in worst if each in verdicts)
        return replace(self, verdict=combined, measured={**self.measured, **measured})


def compare(
    theorem: str,
    closed_form: ClosedForm,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
    instance: str = "given",
    kind: str = "",
) -> Result:
    """Decide whether a closed form is optimal.

    Where the theorem gives multipliers, they are verified by exact pricing alone, without a
    solver.  If that proves the claim, it is confirmed.  If there are none or they do not prove
    it, the problem is solved, and what the solver finds decides.

    Parameters
    ----------
    theorem : str
        Name in the registry.
    closed_form : ClosedForm
    solve : bool
        Solve in any case, to compare the closed form with the computed network.
    tolerance : float
        Relative accuracy that a confirmation has to prove.
    instance, kind : str
        What is said of them in the result.
    """
    arguments.instance("closed_form", closed_form, ClosedForm)
    tolerance = arguments.tolerance(tolerance)
    start = perf_counter()
    found = None if solve else _by_multipliers(closed_form, tolerance)
    if found is None:
        found = _by_solving(closed_form, tolerance)
    claimed, cost = closed_form.cost, found.cost
    return Result(
        theorem,
        instance,
        kind,
        found.verdict,
        claimed,
        cost,
        found.lower_bound,
        relative_gap(cost, found.lower_bound),
        (claimed - cost) / cost if cost > 0 else 0.0,
        found.distance,
        perf_counter() - start,
        closed_form,
        found.solution,
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """A verdict, the certified interval it rests on, and how far the solver's network is off."""

    verdict: Verdict
    cost: float
    lower_bound: float
    distance: float | None = None
    solution: Solution | None = None


def _by_multipliers(closed_form: ClosedForm, tolerance: float) -> _Found | None:
    """The verdict "confirmed" if the multipliers of the closed form prove it, else None."""
    if closed_form.certificate is None:
        return None
    problem, network, claimed = closed_form.problem, closed_form.network, closed_form.cost
    check = verify_multipliers(problem, network, closed_form.certificate, cost=claimed)
    # The cost by the formula, that of the network and the bound have to agree, all three.  What the
    # rounding of the network is worth says nothing about the formula.
    own = problem.cost.of(network)
    spread = float(np.ptp([claimed, own, check.lower_bound]))
    if not check.passed or spread > tolerance * claimed:
        return None
    return _Found("confirmed", check.cost, min(check.lower_bound, check.cost))


def _by_solving(closed_form: ClosedForm, tolerance: float) -> _Found:
    """The verdict on a closed form by the certified solution of its problem."""
    from convexden.solving.interpolation import solve

    problem, network, claimed = closed_form.problem, closed_form.network, closed_form.cost
    solution = solve(problem, tolerance=tolerance / 2)
    errors = site_errors(problem, network).totals
    if (
        errors.max() > CLAIM * (problem.target_spread or 1.0)
        or abs(problem.cost.of(network) - claimed) > CLAIM * claimed
    ):
        verdict: Verdict = "refuted"  # what the theorem calls the minimizer is none at that cost
    else:
        verdict = decide(
            claimed, solution.cost, solution.lower_bound, cost_error(solution), tolerance
        )
    distance = _distance(network, solution.network, problem)
    return _Found(verdict, solution.cost, solution.lower_bound, distance, solution)


def _distance(f: ShallowNetwork, g: ShallowNetwork, problem: Interpolation) -> float | None:
    """Distance of two networks in spreads of the targets; None if it is not known exactly."""
    from convexden.analysis.distances import sup_distance

    try:
        return sup_distance(problem, f, g) / (problem.target_spread or 1.0)
    except TooLarge:
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


def cost_error(solution: Solution) -> float:
    """Relative amount by which the cost may lie below the optimum because of rounding.

    The network interpolates up to small residuals.  To first order they lower the cost by their
    product with the multipliers.
    """
    if solution.cost == 0:
        return COST_ROUNDING
    radii, certificate = solution.problem.radii, solution.certificate
    errors = site_errors(solution.problem, solution.network)
    prices = np.linalg.norm(certificate.values, axis=1)
    slopes = certificate.jacobian_norms
    # A hinge that cuts a ball could be shifted out of it: that changes the values by the overlap.
    cuts = prices + np.divide(slopes, radii, out=np.zeros_like(slopes), where=radii > 0)
    shift = prices @ errors.values + slopes @ errors.jacobians + cuts @ errors.overlaps
    return max(COST_ROUNDING, 2 * float(shift) / solution.cost)
