"""The convex programs by name, as the files of this folder declare them, and how one is solved."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from types import MappingProxyType

import numpy as np

from convexden.errors import NotCertified, TooLarge
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock, Stopped
from convexden.solvers import programs
from convexden.solvers.constraints import Constraints, constraints_of
from convexden.solvers.hinges import no_hinges
from convexden.solvers.outcome import NO_PRICING, Outcome, nothing
from convexden.solvers.programs.declaration import KINDS, Declaration
from convexden.solvers.programs.ramps import (
    best_ramps,
)
from convexden.solvers.programs.restricted_master import Master, solve_dual


def _declared() -> Mapping[str, Declaration]:
    """The `DECLARATION` of every module of the folder that has one: exact programs first, then
    lower bounds, then upper bounds, each by name."""
    names = [
        f"{programs.__name__}.{module.name}" for module in pkgutil.iter_modules(programs.__path__)
    ]
    modules = [import_module(name) for name in names if name != __name__]
    found = [module.DECLARATION for module in modules if hasattr(module, "DECLARATION")]
    found.sort(key=lambda each: (KINDS.index(each.kind), each.name))
    return MappingProxyType({each.name: each for each in found})


catalog = _declared()


def affine_outcome(constraints: Constraints) -> Outcome:
    """The network of targets that are affine in the centers, which costs nothing."""
    multipliers = constraints.multipliers(np.zeros_like(constraints.targets))
    none, weights = no_hinges(constraints.problem), np.zeros((0, constraints.targets.shape[1]))
    return Outcome(constraints.network(none, weights), *multipliers, 0.0, NO_PRICING)


def solve_formulation(
    problem: Interpolation, name: str, master: Master = solve_dual, clock: Clock = UNLIMITED
) -> Outcome:
    """Solve one of the programs.

    Parameters
    ----------
    problem : Interpolation
        Of two or more dimensions, reduced, in units of its spreads.
    name : str
        Of the catalog.  A lower bound comes with the network of ramps.
    master : callable
        `solve_dual` or `solve_with_cvxpy`, for the ramps.
    clock : Clock, optional
        When its time is over, the outcome is the network of ramps without a bound, or nothing.

    Raises
    ------
    TooLarge
        If it is too large.
    NotSupported
        If it does not apply.
    NotCertified
        If the program has no solution, or ramps make no network.
    """
    constraints, declared = constraints_of(problem, clock), catalog[name]
    if constraints.affine:
        return affine_outcome(constraints)
    best = nothing(problem, interrupted=True)
    try:
        if declared.shortcut is not None:
            return declared.shortcut(constraints, master)
        program = declared.state(constraints)
        if declared.kind == "lower bound":
            with suppress(TooLarge):  # then whoever asked falls back on other networks
                best = replace(_ramps_beside(name, constraints, master), interrupted=True)
        program.solve()
        found = program.read()
    except Stopped:
        return best
    return found if best.network is None else replace(found, network=best.network)


def _ramps_beside(name: str, constraints: Constraints, master: Master) -> Outcome:
    """The network of ramps that goes with a lower bound."""
    try:
        return best_ramps(constraints, master)
    except NotCertified as error:
        raise NotCertified(
            f"{name} is a lower bound, and ramps, which go with it, make no network for these "
            "targets: lower the radii, or read the bound alone from "
            f"convexden.solving.formulations.get('{name}').build(problem).solve()"
        ) from error
