"""`solve`: from an interpolation problem to a network with a certificate.

What `convexden.solvers` return is taken to the verification before it is called certified.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convexden import verification, versions
from convexden.certificate import Certificate
from convexden.errors import InfeasibleProblem, InvalidProblem, NotCertified, UnsupportedProblem
from convexden.essential import Essential
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Progress, Solution, Status, relative_gap
from convexden.threads import one_thread

# Numbers in a certificate, of which a few copies are held at a time: 2 GB each.
LARGEST_CERTIFICATE = 2**28
FORMULATIONS = ("scalar-exact", "copositive", "semidefinite", "ramps")  # in one program
METHODS = ("column-generation", "minimax", *FORMULATIONS, "local")


def solve(
    problem: Interpolation,
    tolerance: float = 1e-8,
    *,
    method: str | None = None,
    master: str = "clarabel",
    progress: Callable[[Progress], None] | None = None,
) -> Solution:
    r"""Find the network of least representation cost that interpolates the sites.

    .. math:: \min R(h) \quad \text{subject to} \quad h(y) = t_n \text{ for all } y \in B(y_n, r_n)

    (the interpolation problem of Zeno et al. 2023, arXiv 2311.06748), with a lower bound from exact
    pricing.  On a line the solution is explicit; elsewhere it is found by column generation or
    the minimax method, with row generation for samples, and finished by Newton's method, so that
    the gap usually is of rounding size whatever the tolerance.

    Parameters
    ----------
    problem : Interpolation
        Its centres must lie on a line or in a plane of the input space, of any dimension, or be
        few: up to eleven if they span as many dimensions as they can, some 25 in three dimensions.
    tolerance : float, optional
        Relative duality gap at which the solution counts as certified.
    method : str, optional
        How sites that span more than a line are solved; on a line all are solved exactly.
        "column-generation" is the default in the plane, "minimax" beyond; both end in the same
        certified interval.

        The other formulations, one convex program each, are those of `convexden.formulations`.
        "scalar-exact" is exact for targets of one dimension.  "copositive", for samples, and
        "semidefinite" are lower bounds; the network that comes with them is that of "ramps", an
        upper bound: the best one of ramps, one for each way in which a hyperplane splits the
        sites, across the widest gap between the two sides.  In many cases they meet.  "ramps"
        alone takes milliseconds and has no lower bound.

        "local" is for problems that are too large for exact pricing: the minimax method with a
        search that may miss what it looks for.  Its bound is that of semidefinite programs, one
        for each activation pattern, or, where these are too many, there is none.  It never calls
        its solution certified.
    master : {"clarabel", "cvxpy"}, optional
        Whether the restricted masters go to Clarabel directly or through CVXPY: the same programs.
    progress : callable, optional
        Called with a `Progress` (costs in the units of the problem) after every round.

    Returns
    -------
    Solution
        With status "certified" if the relative gap is at most the tolerance and the independent
        verification agrees, "upper-bound" if there is no lower bound, else "not-certified".
        Interrupted by Ctrl-C, the best that was found.

    Raises
    ------
    InvalidProblem
        If there is no such method or master.
    InfeasibleProblem
        If no network interpolates the sites.  It carries a proof, which was checked in integers.
    UnsupportedProblem
        If the formulation does not apply, if there are too many sites for the method, or if a
        Jacobian (p, d) for each does not fit in memory.
    NotCertified
        If the run was interrupted before there was any network, a program has no solution, ramps
        alone make no network, or the balls leave so little room that no network was found and no
        proof that there is none.
    """
    started = time.perf_counter()
    if method is not None and method not in METHODS:
        raise InvalidProblem(f"there is no method '{method}': choose from {', '.join(METHODS)}")
    check_size(problem)
    essential = Essential(problem)
    reduced, scale = essential.problem, essential.scale
    history: list[Progress] = []

    def relay(step: Progress) -> None:
        history.append(
            Progress(step.round, step.cost * scale, step.lower_bound * scale, step.hinges)
        )
        if progress is not None:
            progress(history[-1])

    with one_thread():
        if reduced.input_dimension == 1:
            network, certificate = _solve_line(reduced)
        else:
            try:
                network, certificate = _solve_sites(reduced, tolerance, method, master, relay)
            except (InfeasibleProblem, NotCertified) as error:
                raise _no_network(problem, essential, error) from None
        network = essential.lift_network(network)
        certificate = essential.lift_certificate(certificate)
        checked = verification.verify(problem, network, certificate, tolerance=tolerance)
    # What a semidefinite program proves may be too large to verify: then it is the bound as stated.
    verified = np.isfinite(checked.pricing_maximum)
    lower_bound = checked.lower_bound if verified else certificate.lower_bound
    # Rounding can leave the bound above the cost; the smaller of the two is a bound as well.
    lower_bound = min(lower_bound, checked.cost)
    gap = relative_gap(checked.cost, lower_bound)
    proposed = method == "local" and certificate.pricing != "exact-line"
    if checked.passed and gap <= tolerance and not proposed:
        status: Status = "certified"
    else:
        status = "upper-bound" if certificate.pricing == "none" else "not-certified"
    return Solution(
        problem,
        network,
        certificate,
        checked.cost,
        lower_bound,
        gap,
        status,
        max(1, len(history)),
        time.perf_counter() - started,
        versions.installed(),
        tuple(history),
    )


def check_size(problem: Interpolation) -> None:
    """Raise `UnsupportedProblem` if a Jacobian for each site does not fit in memory."""
    n, p, d = len(problem), problem.output_dimension, problem.input_dimension
    if n * p * d > LARGEST_CERTIFICATE:
        raise UnsupportedProblem(
            f"the certificate would hold {n} Jacobians of {p} x {d} numbers, "
            f"{8e-9 * n * p * d:.3g} GB: give data of fewer dimensions, such as smaller images"
        )


def _solve_line(problem: Interpolation) -> tuple[ShallowNetwork, Certificate]:
    from convexden.solvers.line import solve_line
    from convexden.solvers.pricing.line import LinePricing

    line = solve_line(problem)
    pricing = LinePricing(problem)
    heights = pricing.maxima(line.values, line.jacobians, 1.0)[1]
    maximum = float(heights.max(initial=0.0))
    return line.network, _certificate(
        problem, line.values, line.jacobians, maximum, LinePricing.name
    )


def _solve_sites(
    problem: Interpolation,
    tolerance: float,
    method: str | None,
    master: str,
    report: Callable[[Progress], None],
) -> tuple[ShallowNetwork, Certificate]:
    from convexden.solvers.formulations import solve_formulation
    from convexden.solvers.master import solve_dual, solve_with_cvxpy
    from convexden.solvers.row_generation import solve_sites

    masters = {"clarabel": solve_dual, "cvxpy": solve_with_cvxpy}
    if master not in masters:
        raise InvalidProblem(f"there is no master '{master}': choose from {', '.join(masters)}")
    if method in FORMULATIONS:
        found = solve_formulation(problem, method, masters[master])
    else:
        found = solve_sites(problem, tolerance, masters[master], method, report)
    if found.network is None:
        raise NotCertified(
            "no network was found: let it run longer, or lower the radii if balls almost touch"
        )
    return found.network, _certificate(
        problem, found.values, found.jacobians, found.pricing_maximum, found.pricing
    )


def _no_network(
    problem: Interpolation, essential: Essential, error: InfeasibleProblem | NotCertified
) -> InfeasibleProblem | NotCertified:
    """What to raise where the solvers found no network: that there is none, if a proof of it holds
    for the numbers of the problem, which the solvers saw rotated and rounded."""
    from convexden.solvers.feasibility import IMPOSSIBLE, prove_infeasible

    proof = error.proof if isinstance(error, InfeasibleProblem) else None
    if proof is not None:
        proof = essential.lift_proof(proof)
    if proof is None or verification.check_infeasibility(problem, proof):
        try:
            proof = prove_infeasible(problem)
        except NotCertified as undecided:
            return undecided
    if proof is not None and not verification.check_infeasibility(problem, proof):
        certificate = verification.infeasibility_certificate(problem, proof)
        return InfeasibleProblem(IMPOSSIBLE, proof, certificate)
    if isinstance(error, NotCertified):
        return error
    return NotCertified("no network was found: lower the radii, because balls almost touch")


def _certificate(
    problem: Interpolation,
    values: NDArray[np.float64],
    jacobians: NDArray[np.float64],
    maximum: float,
    pricing: str,
) -> Certificate:
    objective = float(np.sum(values * problem.targets))
    return Certificate(values, jacobians, max(0.0, objective / max(1.0, maximum)), maximum, pricing)
