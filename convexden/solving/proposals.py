"""What is to be verified: a network and multipliers, found in the cheapest way that applies.

An affine function, the closed form on a line, or a method of `convexden.solvers` on the problem
without a large affine part and in the fewest dimensions; what is found is lifted back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from convexden import display, verification
from convexden.certificate import Certificate
from convexden.errors import InfeasibleProblem, NotCertified, NotSupported, TooLarge
from convexden.geometry.flatness import flatness
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.running.clock import Clock, Stopped
from convexden.running.workers import Workers
from convexden.solution import Progress, Solution
from convexden.solving.affine_part import AffinePart
from convexden.solving.closed_forms import (
    certified_line,
    certified_weighted_line,
    no_multipliers,
)
from convexden.verification.evidence import interpolant_cost
from convexden.verification.exact.affine import affine_interpolant

if TYPE_CHECKING:
    from convexden.solvers.outcome import Outcome
    from convexden.solvers.programs.restricted_master import MasterSolution
    from convexden.solvers.warm_start import Start

STOPPED = (
    "stopped before there was a network or a proof that there is none: let it run longer, or lower "
    "the radii if balls almost touch"
)
# Activation patterns, in more than two dimensions, from which on a solve takes minutes.  If some of
# these dimensions are nothing but the rounding of the data, it says so at once instead.
MOST_OF_FLAT = 2000
MASTERS = ("clarabel", "cvxpy", "qoco")


@dataclass(frozen=True)
class Run:
    """How a problem is to be solved; see `solve`."""

    tolerance: float
    method: str | None
    start: Solution | ShallowNetwork | None
    master: str
    report: Callable[[Progress], None]
    clock: Clock
    workers: Workers

    __repr__ = display.field_line


def proposed(problem: Interpolation, run: Run) -> tuple[ShallowNetwork, Certificate, bool]:
    """Network and multipliers of the cheapest way that applies, and whether the run was stopped."""
    if not problem.cost.default:
        return _under_cost(problem, run)
    free = affine_interpolant(problem)
    if free is not None:
        return free, no_multipliers(problem), False
    if problem.input_dimension == 1:  # the data as they are, without rounding
        return *certified_line(problem), False
    return _solve_reduced(problem, run)


def _under_cost(problem: Interpolation, run: Run) -> tuple[ShallowNetwork, Certificate, bool]:
    """Network and multipliers under another cost than the default, and whether the run was stopped.

    Raises
    ------
    NotSupported
        If it is not covered, see `Interpolation.check_cost`, or a method or a start is given.
    """
    from convexden.solving.central import solve_central

    problem.check_cost()
    if problem.skip_is_free and problem.input_dimension > 1:
        plain = Interpolation(problem.centers, problem.targets, problem.radii)
        network, certificate, stopped = proposed(plain, run)
        ball = problem.centers[int(problem.radii.argmax())]
        return network.without_skip(ball), certificate, stopped
    if run.method is not None or run.start is not None:
        problem.plain("a method or a start")
    if problem.input_dimension == 1 and problem.cost.offset:
        # With several outputs the dots need not be optimal; balls are always connected.
        with suppress(NotSupported):
            return *certified_weighted_line(problem), False
    return solve_central(problem, run.report, run.clock)


def _solve_reduced(problem: Interpolation, run: Run) -> tuple[ShallowNetwork, Certificate, bool]:
    """Network and multipliers, found without a large affine part and in the fewest dimensions, and
    whether the run was stopped.
    """
    part = AffinePart.of(problem)
    hull = part.problem.hull
    if len(hull.basis) == 1:
        network, certificate = certified_line(part.problem, hull.basis[0])
        return part.restored(network), certificate, False
    reduction = Reduction.of(part.problem, drop_implied=True)
    reduced, scale = reduction.problem, reduction.cost_scale

    report = run.report

    def relay(step: Progress) -> None:
        """Report a step in the units of the problem."""
        report(Progress(step.round, step.cost * scale, step.lower_bound * scale, step.hinges))

    stopped = False
    if reduced.input_dimension == 1:
        network, certificate = certified_line(reduced, np.ones(1))
    else:
        from convexden.solvers.methods.row_generation import LOCAL, LOOPS

        exact = run.method is None or (run.method in LOOPS and run.method != LOCAL)
        flat = flatness(problem.centers) if reduced.input_dimension > 2 else None
        if flat is not None and exact and _patterns(reduced) > MOST_OF_FLAT:
            raise TooLarge(str(flat))
        try:
            run = replace(run, report=relay)
            network, certificate, stopped = _solve_sites(reduced, run, _start(reduction, run.start))
        except Stopped:
            raise NotCertified(STOPPED) from None
        except TooLarge as error:
            raise error if flat is None else TooLarge(f"{error}; {flat}") from None
        except (InfeasibleProblem, NotCertified) as error:
            try:
                raise _no_network(problem, reduction, error, run.clock) from None
            except Stopped:
                raise NotCertified(STOPPED) from None
    network = part.restored(reduction.lift_network(network))
    return network, reduction.lift_certificate(certificate), stopped


def _patterns(problem: Interpolation) -> int:
    """How many activation patterns hinges have at the most, up to their mirror images."""
    return sum(comb(len(problem) - 1, k) for k in range(problem.input_dimension + 1))


def _start(reduction: Reduction, start: Solution | ShallowNetwork | None) -> Start | None:
    """What there is to start from, in the reduced coordinates."""
    from convexden.solvers.warm_start import Start

    if start is None or isinstance(start, ShallowNetwork):
        return None if start is None else Start(reduction.reduce_network(start))
    network, certificate = reduction.reduce_network(start.network), start.certificate
    whole, nearby = reduction.original, start.problem
    if certificate.pricing != "leaves" or (whole.centers.shape, whole.targets.shape) != (
        nearby.centers.shape,
        nearby.targets.shape,
    ):
        return Start(network)
    reduced = reduction.reduce_certificate(certificate)
    finite = np.isfinite(reduced.values).all() and np.isfinite(reduced.jacobians).all()
    return Start(network, reduced if finite else None)


def _solve_sites(
    problem: Interpolation, run: Run, start: Start | None
) -> tuple[ShallowNetwork, Certificate, bool]:
    """A network, multipliers, and whether the run was stopped."""
    from convexden.solvers.fallback import fallback_network
    from convexden.solvers.methods.row_generation import LOOPS, solve_sites
    from convexden.solvers.programs.catalog import solve_formulation
    from convexden.solvers.programs.restricted_master import (
        solve_dual,
        solve_with_cvxpy,
        solve_with_qoco,
    )
    from convexden.solvers.triangle.solver import TRIANGLE, solve_triangle

    by_name: dict[str, Callable[..., MasterSolution]] = {
        "clarabel": solve_dual,
        "cvxpy": solve_with_cvxpy,
        "qoco": solve_with_qoco,
    }
    master = partial(by_name[run.master], clock=run.clock)
    if run.method is None or run.method in LOOPS:
        found = solve_sites(
            problem,
            run.tolerance,
            master,
            run.method,
            run.report,
            run.clock,
            start,
            run.workers,
        )
    elif run.method == TRIANGLE:
        found = solve_triangle(problem, run.clock)
    else:
        found = solve_formulation(problem, run.method, master, run.clock)
    network = found.network or fallback_network(
        problem, _correctable, None if found.interrupted else run.clock
    )
    if network is None:
        if found.interrupted:
            raise Stopped
        raise NotCertified(
            found.reason
            or "no network was found: let it run longer, or lower the radii if balls almost touch"
        )
    return network, _certificate(problem, found), found.interrupted


def _correctable(problem: Interpolation, network: ShallowNetwork) -> bool:
    """Whether a network next to this one is shown to meet every target exactly."""
    return bool(np.isfinite(interpolant_cost(problem, network).cost))


def _no_network(
    problem: Interpolation,
    reduction: Reduction,
    error: InfeasibleProblem | NotCertified,
    clock: Clock,
) -> InfeasibleProblem | NotCertified:
    """What to raise where the solvers found no network: that there is none, if a proof of it holds
    for the numbers of the problem, which the solvers saw rotated and rounded."""
    from convexden.solvers.feasibility import IMPOSSIBLE, prove_infeasible

    proof = error.proof if isinstance(error, InfeasibleProblem) else None
    if proof is not None:
        proof = reduction.lift_proof(proof)
    if proof is None or verification.check_infeasibility(problem, proof):
        try:
            proof = prove_infeasible(problem, clock=clock)
        except NotCertified as undecided:
            return undecided
    if proof is not None and not verification.check_infeasibility(problem, proof):
        certificate = verification.infeasibility_certificate(problem, proof)
        return InfeasibleProblem(IMPOSSIBLE, proof, certificate)
    if isinstance(error, NotCertified):
        return error
    return NotCertified("no network was found: lower the radii, because balls almost touch")


def _certificate(problem: Interpolation, found: Outcome) -> Certificate:
    """The multipliers of the solvers with the bound that they state."""
    return Certificate(
        found.values,
        found.jacobians,
        found.lower_bound(problem),
        found.pricing_maximum,
        found.pricing,
        found.values_low,
        found.jacobians_low,
        found.edges,
        found.leaves,
    )
