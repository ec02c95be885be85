r"""Networks to fall back on, when a run was stopped before it had one.

They are rarely cheap, but there almost at once, so that there is an upper bound:

* ramps that cut off single sites, and then also ramps over cuts between every two sites and along
  a few directions, each across the widest gap of its cut (`programs.ramps`);
* where the sites are too many for that, the explicit solution of the problem that is left when all
  sites are projected on one line, :math:`h(y) = f(w^T y)` (`line`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from convexden.errors import InvalidProblem, NotCertified
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock, Stopped
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import Array, Flags
from convexden.solvers.line import solve_line
from convexden.solvers.patterns.ramps import widest_ramps
from convexden.solvers.patterns.separators import oriented
from convexden.solvers.programs.ramps import solve_ramps
from convexden.solvers.programs.restricted_master import solve_dual
from convexden.tolerances import MET_RTOL


@dataclass(frozen=True)
class FallbackSettings:
    """What is spent on some network where the methods have found none."""

    most_cuts: int = 250
    """Cuts of the sites that get a ramp: three milliseconds each with few sites.  Of 16 digits the
    cost falls from 45 with 16 cuts to 31 with these."""

    seconds: float = 1.5
    """Time that ramps may take beyond the time limit of the run, in seconds."""

    directions: int = 64
    """Random directions of cuts and of networks along one direction, beside the axes."""


SETTINGS = FallbackSettings()


Judge = Callable[[Interpolation, ShallowNetwork], bool]


def fallback_network(
    problem: Interpolation, correctable: Judge, patience: Clock | None = None
) -> ShallowNetwork | None:
    """A network that interpolates; None if none of these does.

    Parameters
    ----------
    problem : Interpolation
        Reduced, in units of its spreads.
    correctable : callable
        Whether a network that misses targets by the rounding of steep slopes is shown to be next to
        one that meets them.
    patience : Clock, optional
        Time for ramps over more than single sites; by default that after the end of a run.
    """

    def meets(network: ShallowNetwork) -> bool:
        """Whether the network meets the targets, or one next to it does."""
        missed = np.abs(network(problem.centers) - problem.targets).max()
        return bool(missed <= MET_RTOL) or correctable(problem, network)

    clock = Clock.of(SETTINGS.seconds if patience is None else patience.left)
    for network in _ramps_across_cuts(problem, clock):
        if meets(network):
            return network
    line = _along_one_direction(problem)
    return line if line is not None and meets(line) else None


def _ramps_across_cuts(problem: Interpolation, clock: Clock) -> list[ShallowNetwork]:
    """The best ramps that cut off single sites, and those over further cuts if there is time for
    them; the cheaper network first."""
    alone = oriented(np.eye(len(problem), dtype=bool))
    found = [_ramps(problem, alone, UNLIMITED)] if len(alone) <= SETTINGS.most_cuts else []
    found.append(_ramps(problem, _cuts(problem), clock))
    return sorted(filter(None, found), key=lambda network: network.representation_cost)


def _ramps(problem: Interpolation, patterns: Flags, clock: Clock) -> ShallowNetwork | None:
    """The best ramps over these patterns."""
    try:
        constraints = constraints_of(problem, clock)
        ramps = solve_ramps(
            constraints, widest_ramps(problem, patterns, clock), partial(solve_dual, clock=clock)
        )
    except (NotCertified, Stopped):
        return None
    return None if ramps is None else constraints.network(ramps.hinges, ramps.weights)


def _cuts(problem: Interpolation) -> Flags:
    """Patterns (K, N) that cut off single sites, cut half-way between two sites, or cut anywhere
    along a few directions, in this order and no more than there may be."""
    y, n = problem.centers, len(problem)
    first, second = (pair[: SETTINGS.most_cuts] for pair in np.triu_indices(n, 1))
    between = ((y[first] - y[second]) @ y.T).T
    pairs = np.arange(len(first))
    halves = (between > (between[first, pairs] + between[second, pairs]) / 2).T
    normals = _normals(problem)[: max(1, SETTINGS.most_cuts // n)]
    ranks = (normals @ y.T).argsort(axis=1).argsort(axis=1)
    along = (ranks[:, None, :] >= np.arange(1, n)[:, None]).reshape(-1, n)
    patterns = oriented(np.concatenate([np.eye(n, dtype=bool), halves, along]))
    order = np.sort(np.unique(patterns, axis=0, return_index=True)[1])
    return patterns[order[: SETTINGS.most_cuts]]


def _normals(problem: Interpolation) -> Array:
    """The axes, and random directions."""
    d = problem.input_dimension
    normals = np.random.default_rng(0).standard_normal((SETTINGS.directions, d))
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.concatenate([np.eye(d), normals / lengths])


def _along_one_direction(problem: Interpolation) -> ShallowNetwork | None:
    """The cheapest network that varies along one of a few directions only."""
    best = None
    for w in _normals(problem):
        try:
            line = Interpolation(problem.centers @ w, problem.targets, problem.radii)
        except InvalidProblem:  # sites of different targets meet
            continue
        found = solve_line(line).network
        if best is None or found.representation_cost < best[0].representation_cost:
            best = found, w
    if best is None:
        return None
    found, w = best
    return replace(found, input_weights=found.input_weights * w, skip=found.skip * w)
