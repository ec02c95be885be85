"""`solve`: from an interpolation problem to a network with a certificate.

1. A network and multipliers are proposed, in the cheapest way that applies: an affine function, the
   closed form on a line, or a method of `convexden.solvers` on the reduced problem.
2. The verification establishes what they prove, independently of how they were found.
3. Cost, bound and status follow from that: nothing is called certified before.
4. What the solution states is verified as well, and kept with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from convexden import arguments, verification
from convexden.certificate import Certificate
from convexden.errors import InvalidInput, TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.reduction import moved_problem
from convexden.running import versions
from convexden.running.clock import Clock
from convexden.running.progress import tell
from convexden.running.threads import one_thread
from convexden.running.workers import Workers
from convexden.solution import Progress, Solution, Status, relative_gap
from convexden.solving.closed_forms import FREE
from convexden.solving.proposals import MASTERS, Run, proposed
from convexden.tolerances import CERTIFIED_RTOL

# Numbers in a certificate, of which a few copies are held at a time: 2 GB each.
LARGEST_CERTIFICATE = 2**28


def solve(
    problem: Interpolation,
    tolerance: float = CERTIFIED_RTOL,
    *,
    method: str | None = None,
    start: Solution | ShallowNetwork | None = None,
    master: str = "clarabel",
    jobs: int | None = 1,
    scheduler: str | None = None,
    time_limit: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Solution:
    r"""Find the network of least representation cost that interpolates the sites.

    .. math:: \min R(h) \quad \text{subject to} \quad h(y) = t_n \text{ for all } y \in B(y_n, r_n)

    (the interpolation problem of Zeno et al. 2023, arXiv 2311.06748), with a lower bound from exact
    pricing.  On a line the solution is explicit; elsewhere it is found by an interior point or by
    column generation, with row generation for samples, and finished by Newton's method, so that
    the gap usually is of rounding size whatever the tolerance.

    Parameters
    ----------
    problem : Interpolation
        Its centers must lie on a line or in a plane of the input space, of any dimension, or be
        few: if they span as many dimensions as they can up to eleven, or fourteen balls; some 40 in
        three dimensions.
    tolerance : float, optional
        Relative duality gap at which the solution counts as certified.
    method : str, optional
        How sites that span more than a line are solved; on a line all are solved exactly.
        "central-path", an interior point, is the default, but for few sites in the plane (fewer
        than 40 with balls), where "column-generation" is.  Both end in the same certified
        interval.  Where "central-path" does not apply (in the plane next to contact) or does not
        converge, it goes on as "column-generation".
        "triangle" is for denoising at the vertices of an acute triangle with balls of one radius:
        twelve hinges of which three turn, without a search, in a few milliseconds.

        The other formulations, one convex program each, are those of
        `convexden.solving.formulations`.  "scalar-exact" is exact for targets of one dimension.
        "copositive" and "completely-positive", for samples, and "semidefinite" are lower bounds;
        the network that comes with them is that of "ramps", an upper bound: the best one of ramps,
        one for each way in which a hyperplane splits the sites, across the widest gap between the
        two sides.  In many cases they meet.  "ramps" alone takes milliseconds and has no lower
        bound.

        "local" is for problems that are too large for exact pricing: column generation, or for
        images a central path, with a search that may miss what it looks for.  Its bound is that of
        semidefinite programs, one for each activation pattern, or, where these are too many, there
        is none.  It never calls its solution certified.
    start : Solution or ShallowNetwork, optional
        Of a problem nearby, as along a path of radii: its hinges, moved until each touches the site
        next to it, are the first ones of "column-generation".  "central-path"
        begins at its own, which takes about as long; of ten to fourteen images at the
        multipliers and leaves of the solution, so that a run that was stopped after a proof goes
        on.  The result is as certified as without.
    master : {"clarabel", "cvxpy", "qoco"}, optional
        Whether the restricted masters of column generation go to Clarabel directly or through
        CVXPY, or through CVXPY to a second solver, QOCO (``pip install qoco``): the same programs.
    jobs : int or None
        Processes among which the activation patterns of ten to fourteen images are divided; None
        for one for each core.  Other problems take one.  For many problems see `solve_many`.
    scheduler : str, optional
        Address of a Dask scheduler, like "tcp://10.0.0.1:8786", whose workers do that instead.
    time_limit : float, optional
        Seconds after which the search ends, give or take one; None for no limit.  The verification
        of what was found comes on top.  Beyond the plane it takes at most as long again, or a
        second; if that is not enough, the solution is not certified.
    progress : callable, optional
        Called with a `Progress` (costs in the units of the problem) after every round.  If it
        raises StopIteration, the search ends with the best that was found.

    Returns
    -------
    Solution
        With status "certified" if the relative gap is at most the tolerance and the independent
        verification agrees, "upper-bound" if there is no lower bound, else "not-certified".
        Stopped by the time limit or by `progress` it is `interrupted` and holds the best that was
        found, at worst ramps across a few cuts or a network along one direction, with the bound
        that was proven until then.

    Raises
    ------
    InvalidInput
        If an argument is out of its range, or there is no such method or master.
    InfeasibleProblem
        If no network interpolates the sites.  It carries a proof, which was checked in integers.
    NotSupported
        If the formulation does not apply; or if the problem has another cost than the default,
        and it is not covered (see `Interpolation.check_cost`), or a method or a start is given.
    MissingDependency
        If the master needs QOCO, or a scheduler Dask, and it is not installed.
    ExternalFailure
        If no scheduler answers, or its workers have another version of convexden.
    TooLarge
        If there are too many sites for the method, or if a Jacobian (p, d) for each does not fit
        in memory.  It says so if the centers are flat up to the rounding of their decimals, see
        `convexden.data.flatten`.
    NotCertified
        If the run was stopped before there was any network, a program has no solution, ramps alone
        make no network, or the balls leave so little room that no network was found and no proof
        that there is none.
    KeyboardInterrupt
        On Ctrl-C: nothing is kept.
    """
    started = time.perf_counter()
    arguments.instance("problem", problem, Interpolation)
    tolerance = arguments.tolerance(tolerance)
    arguments.choice("master", master, MASTERS)
    arguments.callback("progress", progress)
    if method is not None:
        arguments.choice("method", method, methods())
    workers = Workers(arguments.jobs(jobs), arguments.scheduler(scheduler))
    time_limit = arguments.time_limit(time_limit)
    clock = Clock.of(time_limit)
    check_size(problem)
    _check_start(problem, start)
    history: list[Progress] = []

    def relay(step: Progress) -> None:
        """Keep a step, and tell it."""
        history.append(step)
        tell(progress, step)

    with one_thread():
        # Step 1.
        run = Run(tolerance, method, start, master, relay, clock, workers)
        network, certificate, interrupted = proposed(problem, run)
        # Step 2.
        evidence = verification.examine(problem, network, certificate, Clock.again(time_limit))
        certificate = evidence.restate(certificate)
        checked = verification.judge(evidence, certificate, tolerance=tolerance)
    # Step 3.  Without an enclosed correction the cost is that of a network that is off by its
    # rounding.
    cost = checked.cost if np.isfinite(checked.cost) else problem.cost.of(network)
    lower_bound = min(certificate.lower_bound, cost)  # the smaller of the two is a bound as well
    gap = relative_gap(cost, lower_bound)
    status = _status(certificate, method, certified=checked.passed and gap <= tolerance)
    solution = Solution(
        problem,
        network,
        certificate,
        cost,
        lower_bound,
        gap,
        status,
        max(1, len(history)),
        time.perf_counter() - started,
        versions.installed(),
        tuple(history),
        interrupted,
        moved_problem(problem) if checked.moved > 0.0 else None,
    )
    # Step 4.
    return solution.verified(
        verification.judge(
            evidence,
            certificate,
            cost=cost,
            lower_bound=lower_bound,
            relative_gap=gap,
            status=status,
            tolerance=tolerance,
        )
    )


def _check_start(problem: Interpolation, start: object) -> None:
    """Refuse to start from a network whose inputs are not those of the problem."""
    if start is None:
        return
    network = start.network if isinstance(start, Solution) else start
    given = arguments.instance("start", network, ShallowNetwork)
    if given.input_dimension != problem.input_dimension:
        raise InvalidInput(
            f"start has {given.input_dimension} inputs and the problem "
            f"{problem.input_dimension}: give a solution on the same space"
        )


def _status(certificate: Certificate, method: str | None, *, certified: bool) -> Status:
    """The status of a solution; without multipliers that were priced its cost is all there is, and
    proposals never certify."""
    proposals = method == "local" and certificate.pricing not in ("exact-line", "edges", FREE)
    if certified and not proposals:
        return "certified"
    return "upper-bound" if certificate.pricing == "none" else "not-certified"


def methods() -> tuple[str, ...]:
    """What `solve` takes for `method`: the loops, then the other formulations."""
    from convexden.solvers.methods.row_generation import LOOPS
    from convexden.solvers.programs.catalog import catalog
    from convexden.solvers.triangle.solver import TRIANGLE

    return tuple(dict.fromkeys([*LOOPS, TRIANGLE, *catalog]))


def check_size(problem: Interpolation) -> None:
    """Raise `TooLarge` if a Jacobian for each site does not fit in memory."""
    n, p, d = len(problem), problem.output_dimension, problem.input_dimension
    if n * p * d > LARGEST_CERTIFICATE:
        raise TooLarge(
            f"the certificate would hold {n} Jacobians of {p} x {d} numbers, "
            f"{8e-9 * n * p * d:.3g} GB: give data of fewer dimensions, such as smaller images"
        )
