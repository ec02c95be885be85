"""The formulations as programs, by name, and what is reported where one gives but one side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from convexden.errors import NotCertified
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock, Stopped
from convexden.solvers.constraints import Constraints, constraints
from convexden.solvers.hinges import Hinges, no_hinges
from convexden.solvers.line import solve_line
from convexden.solvers.methods.row_generation import solve_sites
from convexden.solvers.outcome import NO_PRICING, Outcome, nothing
from convexden.solvers.patterns.faces import check_faces
from convexden.solvers.patterns.ramps import widest_ramps
from convexden.solvers.programs.program import Program, network_of_hinges, no_solution, priced
from convexden.solvers.programs.ramps import (
    RampsProgram,
    check_ramps,
    ramp_patterns,
    ramps_outcome,
    solve_ramps,
)
from convexden.solvers.programs.restricted_master import Master, RestrictedMaster, solve_dual
from convexden.solvers.programs.scalar import ScalarExact, check_scalar
from convexden.solvers.programs.semidefinite import (
    CopositiveProgram,
    SemidefiniteProgram,
    bounded_patterns,
    check_copositive,
)
from convexden.tolerances import CERTIFIED_RTOL


class LastMaster(Program):
    """The restricted master over the hinges with which column generation ends.

    The full program has infinitely many columns.  These are enough, which the certificate of column
    generation proves.
    """

    name = "column-generation"

    def __init__(self, rows: Constraints) -> None:
        super().__init__(rows)
        self._found = found = _generated(rows.problem)
        if found.network is None:
            raise no_solution("the master", "column generation found no network")
        network = found.network
        offsets = rows.problem.centers @ network.input_weights.T + network.biases
        nowhere = np.full(network.neurons, -1)
        self._hinges = Hinges(
            network.input_weights,
            network.biases,
            offsets.T > 0,
            nowhere,
            nowhere,
            np.zeros(network.neurons, dtype=bool),
        )
        self._master = RestrictedMaster(rows.features(self._hinges), rows.targets)
        self.problem = self._master.problem

    def read(self) -> Outcome:
        """A network, with the bound of column generation."""
        weights = self._master.solution().weights
        sizes = np.linalg.norm(weights, axis=1)
        network = network_of_hinges(
            self.rows, self._hinges, weights, sizes, "the restricted master"
        )
        return replace(self._found, network=network)


def _generated(problem: Interpolation) -> Outcome:
    if problem.input_dimension > 1:
        return solve_sites(problem, CERTIFIED_RTOL, method=LastMaster.name)
    line = solve_line(problem)
    bound = priced(problem, line.values, line.jacobians)
    return Outcome(
        line.network,
        line.values,
        line.jacobians,
        *bound,
        values_low=line.values_low,
        jacobians_low=line.jacobians_low,
    )


def _semidefinite(rows: Constraints) -> SemidefiniteProgram:
    return SemidefiniteProgram(rows, bounded_patterns(rows.problem, rows.clock))


def _check_master(problem: Interpolation) -> None:
    if problem.input_dimension > 2:
        check_faces(problem)


BUILDERS: dict[str, Callable[[Constraints], Program]] = {
    LastMaster.name: LastMaster,
    ScalarExact.name: ScalarExact,
    CopositiveProgram.name: CopositiveProgram,
    SemidefiniteProgram.name: _semidefinite,
    RampsProgram.name: RampsProgram,
}
CHECKS: dict[str, Callable[[Interpolation], object]] = {
    LastMaster.name: _check_master,
    ScalarExact.name: check_scalar,
    CopositiveProgram.name: check_copositive,
    SemidefiniteProgram.name: bounded_patterns,
    RampsProgram.name: check_ramps,
}


def affine_outcome(rows: Constraints) -> Outcome:
    """The network of targets that are affine in the centers, which costs nothing."""
    multipliers = rows.multipliers(np.zeros_like(rows.targets))
    none, weights = no_hinges(rows.problem), np.zeros((0, rows.targets.shape[1]))
    return Outcome(rows.network(none, weights), *multipliers, 0.0, NO_PRICING)


def solve_formulation(
    problem: Interpolation, name: str, master: Master = solve_dual, clock: Clock = UNLIMITED
) -> Outcome:
    """Solve a formulation other than column generation.

    Parameters
    ----------
    problem : Interpolation
        Of two or more dimensions, reduced, in units of its spreads.
    name : {"scalar-exact", "copositive", "semidefinite", "ramps"}
        A lower bound comes with the network of ramps.
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
    rows = constraints(problem, clock)
    if rows.affine:
        return affine_outcome(rows)
    best = nothing(problem, interrupted=True)
    try:
        if name == RampsProgram.name:  # without CVXPY, in milliseconds
            return _best_ramps(rows, master)
        program = BUILDERS[name](rows)
        if name != ScalarExact.name:
            best = replace(_ramps_beside(name, rows, master), interrupted=True)
        program.solve()
        found = program.read()
    except Stopped:
        return best
    return found if best.network is None else replace(found, network=best.network)


def _best_ramps(rows: Constraints, master: Master) -> Outcome:
    """The network of ramps over all patterns."""
    patterns = ramp_patterns(rows.problem, rows.clock)
    ramps = widest_ramps(rows.problem, patterns, rows.clock)
    return ramps_outcome(rows, solve_ramps(rows, ramps, master))


def _ramps_beside(name: str, rows: Constraints, master: Master) -> Outcome:
    """The network of ramps that goes with a lower bound."""
    try:
        return _best_ramps(rows, master)
    except NotCertified as error:
        raise NotCertified(
            f"{name} is a lower bound, and ramps, which go with it, make no network for these "
            "targets: lower the radii, or read the bound alone from "
            f"convexden.solving.formulations.get('{name}').build(problem).solve()"
        ) from error
