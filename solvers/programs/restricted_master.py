r"""The restricted master problem: the convex program over finitely many hinges.

With the reduced rows :math:`\psi_k \in R^M` of K hinges and the reduced targets T (see
`constraints`) it is the second-order cone program

    minimize sum_k |a_k| + beta sum_i |e_i|   subject to   sum_k psi_k a_k^T + e = T,

whose dual is

    maximize <T, Z>   subject to   |Z^T psi_k| <= 1 for all k,  |Z_i| <= beta for all rows i.

The errors e with their price beta keep the dual bounded while the hinges do not yet span the
constraints; at an optimum of the full problem they vanish.

`solve_with_cvxpy` states the program in CVXPY: to read, and as the reference.  `solve_with_qoco`
does so for a second solver, which shares no code with Clarabel.  `solve_dual` hands the dual to
Clarabel without the modeling layer: the same program and the same solver.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import clarabel
import numpy as np
from scipy import sparse

from convexden.errors import MissingDependency, NotCertified
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array


@dataclass(frozen=True, eq=False)
class MasterSolution:
    """Output weights (K, p), errors (M, p) and reduced multipliers (M, p) to solver accuracy."""

    weights: Array
    errors: Array
    multipliers: Array


Master = Callable[[Array, Array, float, float], MasterSolution]
"""columns (K, M), targets (M, p), beta, accuracy -> solution."""


class RestrictedMaster:
    """The restricted master as a CVXPY problem.

    Parameters
    ----------
    columns : (K, M) array
        The rows psi_k.
    targets : (M, p) array
    beta : float, optional
        Price of the errors; without it there are none.
    """

    def __init__(self, columns: Array, targets: Array, beta: float | None = None) -> None:
        """State the master over these columns; errors cost `beta`, or are not allowed."""
        import cvxpy as cp

        self._weights = cp.Variable((len(columns), targets.shape[1]))
        self._errors = cp.Variable(targets.shape)
        cost = cp.sum(cp.norm(self._weights, 2, axis=1))
        self._interpolate = columns.T @ self._weights + self._errors == targets
        rows = [self._interpolate]
        if beta is None:
            rows.append(self._errors == 0)
        else:
            cost += beta * cp.sum(cp.norm(self._errors, 2, axis=1))
        self.problem: Any = cp.Problem(cp.Minimize(cost), rows)

    def solution(self) -> MasterSolution:
        """The values of the variables.

        Raises
        ------
        NotCertified
            If there are none.
        """
        if self._weights.value is None:
            raise NotCertified(
                f"the restricted master failed ({self.problem.status}): change the data"
            )
        return MasterSolution(
            self._weights.value, self._errors.value, -self._interpolate.dual_value
        )


def solve_with_cvxpy(
    columns: Array,
    targets: Array,
    beta: float,
    accuracy: float,
    clock: Clock = UNLIMITED,
    solver: str = "CLARABEL",
) -> MasterSolution:
    """Solve the restricted master as a CVXPY problem.

    Parameters
    ----------
    columns : (K, M) array
        The rows psi_k.
    targets : (M, p) array
    beta : float
        Price of the errors.
    accuracy : float
        Duality gap at which the solver may stop, relative and absolute.
    clock : Clock, optional
        Of the run.
    solver : {"CLARABEL", "QOCO"}, optional

    Raises
    ------
    NotCertified
        If the solver returns no point.
    MissingDependency
        If the solver is not installed.
    """
    import cvxpy as cp

    if solver not in cp.installed_solvers():
        name = solver.lower()
        raise MissingDependency(f"this master needs {name}: pip install {name}")
    unit = float(np.abs(targets).max())
    program = RestrictedMaster(columns, targets / unit, beta)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what it returns will be judged
        try:
            program.problem.solve(solver=solver, **_options(solver, accuracy, clock.left))
        except cp.SolverError as error:
            raise NotCertified("the restricted master failed: change the data") from error
        finally:
            clock.check()
    solved = program.solution()
    return MasterSolution(unit * solved.weights, unit * solved.errors, solved.multipliers)


solve_with_qoco = partial(solve_with_cvxpy, solver="QOCO")


def _options(solver: str, accuracy: float, seconds: float) -> dict[str, Any]:
    """What CVXPY hands on to a solver that is to reach this accuracy."""
    if solver == "QOCO":  # it knows no limit of time; a master takes hundredths of a second
        return {"abstol": accuracy, "reltol": accuracy}
    # Equilibration stalls these masters at 1e-7; without it Clarabel reaches 1e-10.
    return {
        "equilibrate_enable": False,
        "tol_gap_abs": accuracy,
        "tol_gap_rel": accuracy,
        "time_limit": seconds,
    }


def solve_dual(
    columns: Array,
    targets: Array,
    beta: float,
    accuracy: float,
    clock: Clock = UNLIMITED,
) -> MasterSolution:
    """Solve the restricted master through its dual; parameters as in `solve_with_cvxpy`.

    The variable is Z, column after column; cone k is (1, Z^T psi_k) in the second-order cone of
    R^(1+p), and so is (beta, Z_i) for every row i.
    """
    count, m = columns.shape
    p = targets.shape[1]
    cones = count + m
    # Weights are in units of the targets, which narrow gaps make large.
    unit = float(np.abs(targets).max())
    # Column by column, as Clarabel wants it: at this size a general assembly takes longer than
    # the solver.
    features = np.concatenate([columns, np.eye(m)]).T
    owners, hinges = np.nonzero(features)
    sizes = np.bincount(owners, minlength=m)
    rows = np.concatenate([(1 + p) * hinges + 1 + j for j in range(p)])
    starts = np.concatenate([[0], np.cumsum(np.tile(sizes, p))])
    entries = np.tile(-features[owners, hinges], p)
    shape = (cones * (1 + p), m * p)
    bounds = np.zeros(shape[0])
    bounds[:: 1 + p] = np.repeat([1.0, beta], [count, m])
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.equilibrate_enable = False
    settings.tol_gap_abs = settings.tol_gap_rel = accuracy
    settings.time_limit = clock.left
    solution = clarabel.DefaultSolver(
        sparse.csc_matrix((shape[1], shape[1])),
        -targets.T.ravel() / unit,
        sparse.csc_matrix((entries, rows, starts), shape=shape),
        bounds,
        [clarabel.SecondOrderConeT(1 + p)] * cones,
        settings,
    ).solve()
    clock.check()
    point = -np.array(solution.z).reshape(cones, 1 + p)[:, 1:]
    multipliers = np.array(solution.x).reshape(p, m).T
    if not (np.isfinite(point).all() and np.isfinite(multipliers).all()):
        raise NotCertified(f"the restricted master failed ({solution.status}): change the data")
    return MasterSolution(unit * point[:count], unit * point[count:], multipliers)
