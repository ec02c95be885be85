r"""Networks to fall back on, when a run was stopped before it had one.

They are rarely cheap, but there almost at once, so that there is an upper bound:

* ramps over the cuts of the sites along a few directions, each across the widest gap of its cut,
  and those that cut off single sites (`ramps_program`);
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
from convexden.running.clock import Clock, Stopped
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

    most_cuts: int = 150
    """Cuts of the sites that get a ramp: three milliseconds each with few sites."""

    seconds: float = 1.5
    """Time that ramps may take beyond the time limit of the run, in seconds."""

    directions: int = 64
    """Random directions of cuts and of networks along one direction, beside the axes."""


SETTINGS = FallbackSettings()


Judge = Callable[[Interpolation, ShallowNetwork], bool]


def fallback_network(problem: Interpolation, correctable: Judge) -> ShallowNetwork | None:
    """A network that interpolates; None if none of these does.

    Parameters
    ----------
    problem : Interpolation
        Reduced, in units of its spreads.
    correctable : callable
        Whether a network that misses targets by the rounding of steep slopes is shown to be next to
        one that meets them.
    """

    def meets(network: ShallowNetwork) -> bool:
        """Whether the network meets the targets, or one next to it does."""
        missed = np.abs(network(problem.centers) - problem.targets).max()
        return bool(missed <= MET_RTOL) or correctable(problem, network)

    d = problem.input_dimension
    normals = np.random.default_rng(0).standard_normal((SETTINGS.directions, d))
    normals = np.concatenate([np.eye(d), normals / np.linalg.norm(normals, axis=1, keepdims=True)])
    for method in (_ramps_across_cuts, _along_one_direction):
        network = method(problem, normals)
        if network is not None and meets(network):
            return network
    return None


def _ramps_across_cuts(problem: Interpolation, normals: Array) -> ShallowNetwork | None:
    """The best ramps over the cuts along the normals, as many of these as there is time for."""
    patterns = _cuts(problem, normals[: max(1, SETTINGS.most_cuts // len(problem))])
    clock = Clock.of(SETTINGS.seconds)
    constraints = constraints_of(problem, clock)
    try:
        ramps = solve_ramps(
            constraints, widest_ramps(problem, patterns, clock), partial(solve_dual, clock=clock)
        )
    except (NotCertified, Stopped):
        return None
    return None if ramps is None else constraints.network(ramps.hinges, ramps.weights)


def _cuts(problem: Interpolation, normals: Array) -> Flags:
    """Patterns (K, N) that cut the sites in two along the normals, or cut off one of them."""
    ranks = (normals @ problem.centers.T).argsort(axis=1).argsort(axis=1)
    places = np.arange(1, len(problem))
    cuts = (ranks[:, None, :] >= places[:, None]).reshape(-1, len(problem))
    return np.unique(oriented(np.concatenate([cuts, np.eye(len(problem), dtype=bool)])), axis=0)


def _along_one_direction(problem: Interpolation, normals: Array) -> ShallowNetwork | None:
    """The cheapest network that varies along one of the normals only."""
    best = None
    for w in normals:
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
