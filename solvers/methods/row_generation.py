"""Row generation: of thousands of samples only a few dozen ever matter.

Multipliers of a subset of the samples are multipliers of all of them (the others get zero), and a
hinge may pass anywhere between samples, so a lower bound of the subproblem holds for the problem.
Its network is optimal once it fits the samples that were left out.

1. Begin with all balls, and with the samples furthest out.
2. Solve for these, starting at the hinges of the last round.
3. Add the samples that the network misses, the worst of every piece, and go back to 2.  If it
   misses a large part of those that were left out, nearly all will become active: add all at once.
4. If it misses none, the multipliers of the last round prove it optimal.

Exact pricing holds the patterns of all lines through two samples: of more than
`SETTINGS.most_active` samples only so many are solved, which still gives a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy.spatial import cKDTree

from convexden.arithmetic.two_part import TwoPart
from convexden.certificate import Leaves
from convexden.errors import InfeasibleProblem, TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock, Stopped
from convexden.running.workers import HERE, Workers
from convexden.solution import Progress
from convexden.solvers.conditioning import conditioned
from convexden.solvers.constraints import constraints_of
from convexden.solvers.feasibility import TooNarrow
from convexden.solvers.hinges import Array, Hinges, Indices
from convexden.solvers.methods.central_path import CentralPath, pays
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.methods.exchange import Exchange, Incumbent
from convexden.solvers.methods.proven_path import ProvenPath
from convexden.solvers.outcome import NO_PRICING, Outcome, nothing
from convexden.solvers.pricing import ExactPricing, Pricing
from convexden.solvers.pricing.exact import by_patterns, proving_pricing
from convexden.solvers.pricing.local import LocalPricing
from convexden.solvers.programs.edges import edge_bound_outcome
from convexden.solvers.programs.restricted_master import Master, solve_dual
from convexden.solvers.programs.semidefinite import PRICING, half_patterns, semidefinite_maximum
from convexden.solvers.warm_start import Start, hinges_near
from convexden.tolerances import MET_RTOL


@dataclass(frozen=True)
class RowSettings:
    """How sets of samples grow."""

    many_missed: float = 0.25
    """Share of the samples left out that the network misses, from which on all are added: of 200
    in ten clusters, of which 134 become active, it missed half at first, of 3000 in three clusters,
    of which 31 do, one in seventy."""

    most_active: int = 1000
    """Samples of the plane up to which their lines, half a million, fit in 2 GB and a central path
    over them takes a few minutes."""

    growth: int = 3
    """Where samples are more than that, the times that one set may be larger than the one before,
    so that there is a bound at every time."""


SETTINGS = RowSettings()

COLUMN_GENERATION, CENTRAL_PATH, LOCAL = "column-generation", "central-path", "local"
LOOPS = (COLUMN_GENERATION, CENTRAL_PATH, LOCAL)


def solve_sites(
    problem: Interpolation,
    tolerance: float,
    master: Master = solve_dual,
    method: str | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
    clock: Clock = UNLIMITED,
    start: Start | None = None,
    workers: Workers = HERE,
) -> Outcome:
    """Solve a problem of two or more dimensions over growing sets of samples.

    Parameters
    ----------
    problem : Interpolation
        Reduced, in units of its spreads.
    tolerance : float
        Relative gap at which to stop.
    master : callable
        `solve_dual` or `solve_with_cvxpy`.
    method : {"column-generation", "central-path", "local"}, optional
        By default the central path, or column generation in the plane where sites are few.  "local"
        is the central path led by local pricing, for problems too large for exact pricing; its
        bound is that of the semidefinite program at its multipliers, or that of pairs of sites if
        it is better or the only one, or none.
    report : callable
        Called with a `Progress` after every round; the cost is infinite while samples are missed.
    clock : Clock, optional
        When its time is over the outcome is the best that was found: the network, if there is one,
        and the bound that was proven until then.  So it is if `report` raises `Stopped`, and if the
        room between balls is too narrow for floats.
    start : Start, optional
        Of a problem nearby: its hinges are the first ones, but of the central path; its multipliers
        are where the path begins that is led by local pricing.
    workers : Workers, optional
        Who prices pattern by pattern.

    Raises
    ------
    InfeasibleProblem
    TooLarge
        If there are too many sites for exact pricing.
    """
    rounds = _Rounds(problem, method, tolerance, master, report, clock, start, workers)
    interrupted, reason = False, ""
    try:
        rounds.run()
    except Stopped:
        interrupted = True  # keep what there is
    except TooNarrow as error:
        reason = str(error)
    except InfeasibleProblem as error:
        if error.proof is None:
            raise
        raise InfeasibleProblem(
            str(error), error.proof.extended(rounds.active.tolist(), len(problem))
        ) from None
    return rounds.outcome(interrupted, reason)


class _Rounds:
    """Subproblems of growing sets of sites, and the last of them that was begun."""

    def __init__(
        self,
        problem: Interpolation,
        method: str | None,
        tolerance: float,
        master: Master,
        report: Callable[[Progress], None],
        clock: Clock,
        start: Start | None,
        workers: Workers,
    ) -> None:
        """Nothing is solved yet; arguments as for `solve_sites`."""
        self.problem, self.method, self.tolerance, self.master = problem, method, tolerance, master
        self.report, self.clock, self.start, self.workers = report, clock, start, workers
        # Step 1.
        self.active = _first_sites(problem)
        self.steps, self.lower = 0, 0.0
        self.solved: tuple[Indices, Exchange] | None = None
        self.proof: _Proof | None = None  # of the last subproblem, once its network misses nothing
        self.edges: Outcome | None = None  # a bound that needs no pricing
        self.network: ShallowNetwork | None = None
        self.before: tuple[Indices, Exchange] | None = None  # with the best bound until then

    def run(self) -> None:
        """Solve subproblems until no sample is missed."""
        if self.method == LOCAL or by_patterns(self.problem):
            self.edges = edge_bound_outcome(self.problem)
            if self.edges is not None:
                self._tell(np.inf, self.edges.lower_bound(self.problem), 0)
        hinges: Hinges | None = None
        if self.start is not None:
            hinges = hinges_near(self.problem.part(self.active), self.start.network)
        while self.active.size:
            # Step 2.
            loop = self._loop()
            self.solved = (self.active, loop)
            incumbent = loop.run(hinges)
            self.network = loop.network()
            missed = _missed(self.problem, self.network, self.active)
            if not missed.size:
                # Step 4.
                if len(self.active) < len(self.problem) and incumbent.hinges is not None:
                    self._tell(incumbent.cost, incumbent.proven, len(incumbent.hinges))
                self.proof = _proof(loop)
                return
            # Step 3.
            if self.before is None or incumbent.proven > self.before[1].incumbent.proven:
                self.before = self.solved
            self.clock.check()
            missed = self._joining(missed)
            if not missed.size:
                return
            self.active = np.sort(np.concatenate([self.active, missed]))
            hinges = _restarted(incumbent, self.problem, self.active)

    @cached_property
    def _overlap(self) -> bool:
        """Whether clusters of one target overlap: some sample is next to one of another target.
        Of others only the outermost samples matter, however many are missed at first."""
        centers, targets = self.problem.centers, self.problem.targets
        nearest = cKDTree(centers).query(centers, k=2)[1][:, 1]
        return bool((targets[nearest] != targets).any())

    def _joining(self, missed: Indices) -> Indices:
        """Which samples join the active ones: those given, or all if a large part is missed; no
        more than exact pricing has room for."""
        count, most = len(self.problem), SETTINGS.most_active
        if self.problem.input_dimension > 2 or self.problem.radii.any() or not self._overlap:
            return missed
        others = np.delete(np.arange(count), self.active)
        errors = _errors(self.problem, self.network, others)
        if (errors > MET_RTOL).sum() > SETTINGS.many_missed * len(others):
            if count <= most:
                return others
            most = min(most, SETTINGS.growth * len(self.active))
        # The worst of the given ones.
        worst = missed[np.argsort(-errors[np.searchsorted(others, missed)], kind="stable")]
        return worst[: max(0, most - len(self.active))]

    def _loop(self) -> Exchange:
        """The method for the active sites."""
        part = self.problem.part(self.active)
        pricing: Pricing = (
            LocalPricing(part, clock=self.clock)
            if self.method == LOCAL
            else proving_pricing(part, self.clock, self.workers)
        )
        reduced = conditioned(constraints_of(part, self.clock), pricing)
        rest = reduced, pricing, self.tolerance, self.master, self._relay
        if (self.method or _fastest(part)) == COLUMN_GENERATION:
            return ColumnGeneration(*rest)
        if isinstance(pricing, ExactPricing) and pricing.quick() is pricing:
            return CentralPath(*rest)
        path = ProvenPath(*rest)
        if self.start is not None and self.start.certificate is not None:
            path.resume(self.start.certificate)
        return path

    def _relay(self, step: Progress) -> None:
        """Tell a step of a subproblem, whose cost says nothing as long as samples are left out."""
        cost = step.cost if len(self.active) == len(self.problem) else np.inf
        self._tell(cost, step.lower_bound, step.hinges)

    def _tell(self, cost: float, bound: float, count: int) -> None:
        """Report a step with the best bound so far."""
        self.steps, self.lower = self.steps + 1, max(self.lower, bound)
        self.report(Progress(self.steps, cost, self.lower, count))

    def outcome(self, interrupted: bool, reason: str) -> Outcome:
        """What is proven about the problem, by the last subproblem or by edges, and the network of
        that subproblem if it misses nothing."""
        found = self._solved(interrupted, reason)
        problem, edges = self.problem, self.edges
        if edges is None or found.lower_bound(problem) >= edges.lower_bound(problem):
            return found
        return replace(
            edges, network=found.network, interrupted=found.interrupted, reason=found.reason
        )

    def _solved(self, interrupted: bool, reason: str) -> Outcome:
        """What the last subproblem proves, and its network if it misses nothing."""
        if self.solved is None:
            return nothing(self.problem, interrupted=True)
        active, loop = self.solved
        proof, network = self.proof, self.network
        if proof is None:
            # It was stopped: nobody looked at its network.
            network = loop.network()
            if _missed(self.problem, network, active).size:
                network = None
            if self.before and self.before[1].incumbent.proven > loop.incumbent.proven:
                active, loop = self.before
            proof = _proven(loop)
        multipliers = proof.multipliers
        if multipliers is None:
            multipliers = np.zeros_like(loop.constraints.targets)
        parts = loop.constraints.exact_multipliers(multipliers)
        values, jacobians = (_spread(len(self.problem), active, part) for part in parts)
        return Outcome(
            network,
            values.high,
            jacobians.high,
            proof.pricing_maximum,
            proof.pricing,
            interrupted,
            reason,
            values.low,
            jacobians.low,
            leaves=None if proof.leaves is None else proof.leaves.spread(active, len(self.problem)),
        )


@dataclass(frozen=True, eq=False)
class _Proof:
    """Multipliers (M, p) of the reduced rows with their pricing maximum; by default no bound."""

    multipliers: Array | None = None
    pricing_maximum: float = 0.0
    pricing: str = NO_PRICING
    leaves: Leaves | None = None


def _proven(loop: Exchange) -> _Proof:
    """The bound that exact pricing has proven so far; none if there is no such pricing."""
    incumbent = loop.incumbent
    if loop.exact is None:
        return _Proof()
    if not incumbent.proven > 0:
        return _Proof(incumbent.proof, 0.0, loop.exact.name)
    leaves = loop.exact.leaves(*loop.constraints.multipliers(incumbent.proof))
    return _Proof(incumbent.proof, 1.0, loop.exact.name, leaves)


def _proof(loop: Exchange) -> _Proof:
    """The bound of exact pricing, or of the semidefinite program if it is not too large."""
    incumbent = loop.incumbent
    if loop.exact is not None:
        loop.prove()
        return _proven(loop)
    try:
        patterns = half_patterns(loop.constraints.problem, loop.constraints.clock)
        maximum = semidefinite_maximum(loop.constraints, incumbent.multipliers, patterns)
    except TooLarge:
        return _Proof()
    return _Proof(incumbent.multipliers, maximum, PRICING)


def _fastest(problem: Interpolation) -> str:
    """The method that took the least time for problems of this kind."""
    return CENTRAL_PATH if pays(problem) else COLUMN_GENERATION


def _first_sites(problem: Interpolation) -> Indices:
    """All balls, and of the samples with one target those furthest out along the axes and the
    diagonals of every two of them."""
    chosen = [np.flatnonzero(problem.radii > 0)]
    samples = np.flatnonzero(problem.radii == 0)
    if not samples.size:
        return chosen[0]
    axes = np.eye(problem.input_dimension)
    pairs = [a + sign * b for a, b in combinations(axes, 2) for sign in (1, -1)]
    directions = np.concatenate([axes, pairs])
    places = problem.centers[samples] @ np.concatenate([directions, -directions]).T
    groups = np.unique(problem.targets[samples], axis=0, return_inverse=True)[1].reshape(-1)
    order = np.argsort(groups, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        if group.size:
            chosen.append(samples[group[np.unique(places[group].argmax(axis=0))]])
    return np.unique(np.concatenate(chosen))


def _missed(problem: Interpolation, found: ShallowNetwork | None, active: Indices) -> Indices:
    """The worst missed sample of every piece of the network."""
    others = np.delete(np.arange(len(problem)), active)
    if found is None or not others.size:
        return others
    errors = _errors(problem, found, others)
    bad = np.flatnonzero(errors > MET_RTOL)
    pieces = problem.centers[others[bad]] @ found.input_weights.T + found.biases > 0
    groups = np.unique(np.packbits(pieces, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    worst = np.lexsort((-errors[bad], groups))
    first = np.unique(groups[worst], return_index=True)[1]
    return np.asarray(others[bad[worst[first]]])


def _errors(problem: Interpolation, found: ShallowNetwork | None, samples: Indices) -> Array:
    """By how much the network misses samples; infinite without a network."""
    if found is None:
        return np.full(len(samples), np.inf)
    misses = found(problem.centers[samples]) - problem.targets[samples]
    return np.asarray(np.linalg.norm(misses, axis=1))


def _spread(count: int, active: Indices, numbers: TwoPart) -> TwoPart:
    """Multipliers of all sites: zero at those that are not active."""
    spread = np.zeros((2, count, *numbers.high.shape[1:]))
    spread[:, active] = numbers
    return TwoPart(*spread)


def _restarted(incumbent: Incumbent, problem: Interpolation, active: Indices) -> Hinges | None:
    """The hinges of the last subproblem, with the patterns of the next."""
    old = incumbent.hinges
    if old is None:
        return None
    offsets = old.normals @ problem.centers[active].T + old.biases[:, None]
    pivots = np.abs(np.abs(offsets) - problem.radii[active]).argmin(axis=1)
    nowhere = np.full(len(old), -1)
    return Hinges(
        old.normals, old.biases, offsets > 0, pivots, nowhere, np.zeros(len(old), dtype=bool)
    )
