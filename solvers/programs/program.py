"""A formulation of one problem: a CVXPY problem, and the way back to networks and bounds."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from convexden.errors import NotCertified, TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.constraints import Constraints
from convexden.solvers.feasibility import repair, thin
from convexden.solvers.hinges import Array, Hinges
from convexden.solvers.outcome import NO_PRICING, Outcome
from convexden.solvers.pricing.exact import exact_pricing
from convexden.solvers.pricing.line import LinePricing
from convexden.tolerances import ACCURATE_RTOL, COST_RTOL, CUT_RTOL


@dataclass(frozen=True)
class ReadingSettings:
    """How a network is read from the solution of a program."""

    light: tuple[float, ...] = (1e-4, 1e-6, 1e-8, 1e-10, 0.0)
    """Shares of the heaviest neuron below which neurons are taken as zeros, the first at which the
    others interpolate: a solver's zeros are rarely better than its accuracy."""


SETTINGS = ReadingSettings()


class Program(ABC):
    """A formulation of the interpolation problem that `constraints` state.

    Attributes
    ----------
    constraints : Constraints
        Of a problem in units of its spread.
    problem : cvxpy.Problem
        To look at, to change the solver of, or to solve: `read` takes its variables as they are.
    """

    name = "program"

    def __init__(self, constraints: Constraints) -> None:
        """Constraints without a program, which the formulation states."""
        self.constraints = constraints
        self.problem: Any = None

    def solve(self) -> None:
        """Solve the problem with Clarabel, as accurately as it can.

        Raises
        ------
        NotCertified
            If it returns nothing.
        """
        solve_accurately(self.problem, f"the {self.name} program", clock=self.constraints.clock)

    @abstractmethod
    def read(self) -> Outcome:
        """What the values of the variables say, after repair: a feasible network, or multipliers
        with a pricing maximum that does not rest on the solver's accuracy, or both."""


def solve_accurately(
    problem: Any,
    what: str,
    equilibrations: tuple[bool, ...] = (False, True),
    clock: Clock = UNLIMITED,
) -> None:
    """Solve a CVXPY problem, inaccurately or not; with equilibration if it stops without.

    Equilibration stalls most of these programs at 1e-7; without it Clarabel reaches 1e-10.

    Raises
    ------
    NotCertified
        If the solver stops without a point.
    """
    import cvxpy as cp

    for equilibrate in equilibrations:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # what it returns will be judged
            try:
                problem.solve(
                    solver=cp.CLARABEL,
                    equilibrate_enable=equilibrate,
                    direct_solve_method="faer",  # gets further on clustered samples
                    max_threads=1,
                    tol_gap_abs=ACCURATE_RTOL,
                    tol_gap_rel=ACCURATE_RTOL,
                    tol_feas=ACCURATE_RTOL,
                    accept_unknown=True,  # the last iterate where rounding ends the progress
                    time_limit=clock.left,
                )
            except cp.SolverError:
                continue
            finally:
                clock.check()
        if all(np.isfinite(variable.value).all() for variable in _found(problem)):
            return
    raise no_solution(what, "the solver stopped")


def _found(problem: Any) -> list[Any]:
    """The variables that have values."""
    return [variable for variable in problem.variables() if variable.value is not None]


def no_solution(what: str, reason: str) -> NotCertified:
    """The error of a program without one."""
    return NotCertified(f"{what} has no solution ({reason}): lower the radii, or change the data")


def network_of_hinges(
    constraints: Constraints, hinges: Hinges, weights: Array, sizes: Array, what: str
) -> ShallowNetwork:
    """The network of hinges whose weights (K, p) satisfy the rows almost: of the heavy ones, by
    these or by the sizes (K,) that the solver gave them, if these are enough.

    Raises
    ------
    NotCertified
        If the hinges do not interpolate, however little their weights are changed.
    """
    clear = hinges.depths(constraints.problem).max(axis=1, initial=0.0) <= CUT_RTOL
    columns, best = constraints.features(hinges), None
    for light, share in product(SETTINGS.light, (sizes, np.linalg.norm(weights, axis=1))):
        kept = np.flatnonzero(clear & (share >= light * share.max(initial=0.0)))
        repaired = repair(columns[kept], constraints.targets, weights[kept]) if kept.size else None
        if repaired is None:
            continue
        fewer = thin(columns[kept], constraints.targets, repaired)
        if fewer is not None:
            kept, repaired = kept[fewer[0]], fewer[1]
        cost = float(np.linalg.norm(repaired, axis=1).sum())
        if best is None or cost < best[0]:
            best = cost, kept, repaired
        if cost <= (1 + COST_RTOL) * sizes.sum():
            break
    if best is None:
        raise no_solution(what, "its hinges do not interpolate")
    return constraints.network(hinges[best[1]], best[2])


def priced(problem: Interpolation, values: Array, jacobians: Array) -> tuple[float, str]:
    """The pricing maximum of multipliers, and where it is from; infinite if that is too much."""
    if problem.input_dimension == 1:
        constraint_values = LinePricing(problem).maxima(values, jacobians, np.inf)[1]
        return float(constraint_values.max(initial=0.0)), LinePricing.name
    try:
        pricing = exact_pricing(problem)
    except TooLarge:
        return np.inf, NO_PRICING
    constraint_values = pricing.maxima(values, jacobians, np.inf, 1)[1]
    return float(constraint_values.max(initial=0.0)), pricing.name
