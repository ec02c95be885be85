r"""The ramp program: an upper bound from one ramp for each activation pattern.

A *ramp* of a pattern D rises in the direction u of its widest margin from 0 on the inactive sites
to a height j in R^p on the active ones, between the two hinges that are tangent to either side:

    j / m ([u.y - max_I (u.y_n + r_n)]_+ - [u.y - min_A (u.y_n - r_n)]_+),

m > 0 the width of the gap.  It costs 2 |j| / m and is flat on every ball, so that

    minimize sum_D 2 |j_D| / m_D   subject to   t_n = c + sum_D D_n j_D

is a network without skip connection, in milliseconds: optimal in many cases, not in all.  With the
features psi of the two hinges a ramp is the column (psi_I - psi_A) / 2 of a restricted master.

A conic solver finds the ramps that are used; Newton's method on their heights finds the heights.

Its multipliers fix the values.  The others are free, as ramps are flat; chosen to make the dual
constraint vanish half-way between the hinges of each ramp, they leave it little above one
elsewhere, which is where column generation starts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from convexden.errors import NotCertified, TooLarge
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.constraints import Constraints
from convexden.solvers.feasibility import repair, thin
from convexden.solvers.hinges import Array, Flags, Hinges, Indices
from convexden.solvers.outcome import NO_PRICING, Outcome
from convexden.solvers.patterns.faces import check_faces, enumerate_faces, simplex_patterns
from convexden.solvers.patterns.ramps import widest_ramps
from convexden.solvers.programs.declaration import Declaration
from convexden.solvers.programs.program import Program
from convexden.solvers.programs.restricted_master import (
    Master,
    MasterSolution,
    RestrictedMaster,
    solve_dual,
)
from convexden.tolerances import (
    EQUAL_COST_RTOL,
    NEGLIGIBLE_RCOND,
    SPANNED_RTOL,
    VIOLATION_RTOL,
    WEIGHTLESS_RTOL,
)

MOST_PATTERNS = 2**13  # of a simplex, that with 14 sites: half a minute


@dataclass(frozen=True)
class RampSettings:
    """Parameters of the ramp program."""

    prices: tuple[float, ...] = tuple(5.0 * 10.0**k for k in range(8))
    """Prices of errors, the next where they are of use at one: errors vanish where the price
    exceeds the multipliers, and high prices cost digits."""

    accuracy: float = 1e-9
    """Relative gap of the conic program: Newton's method finds the other digits."""

    steps: int = 50
    """Steps of Newton's method on the heights; about 5 are needed."""

    rounds: int = 10
    """Rounds in which ramps that would help join the others."""

    entering: float = 1e-3
    """Weight with which a ramp joins, as a share of the lightest: positive, and small enough not
    to raise the cost."""

    singular: float = 1e-14
    """Singular values of the Hessian below this share are zero: along weights of one direction it
    has no curvature, exactly."""

    shortest: float = 1e-7
    """Steps below this share of the heaviest are not shortened: the cost shows rounding errors
    only."""

    arrived: float = 1e-10
    """Steps below this share end Newton's method: it converges quadratically, and the next is
    rounding."""


SETTINGS = RampSettings()


def ramp_patterns(problem: Interpolation, clock: Clock = UNLIMITED) -> Flags:
    """Those with a ramp, of every two complements one, and maybe some without."""
    check_ramps(problem)
    sites, d = problem.centers.shape
    return simplex_patterns(sites) if sites == d + 1 else enumerate_faces(problem, clock)[0]


def check_ramps(problem: Interpolation) -> None:
    """Raise TooLarge if there are too many activation patterns."""
    sites, d = problem.centers.shape
    if sites != d + 1:
        check_faces(problem)
    elif 2 ** (sites - 1) > MOST_PATTERNS:
        raise TooLarge(
            f"{sites} sites that span {d} dimensions have {2 ** (sites - 1) - 1} activation "
            "patterns, too many for the ramps: give fewer sites, or solve with --local "
            "(method='local')"
        )


@dataclass(frozen=True, eq=False)
class RampSolution:
    """The best network of ramps, and multipliers to start from.

    Attributes
    ----------
    hinges : Hinges
        2 K of them: those at the start of every ramp, then those at its end.
    weights : (2 K, p) array
        Output weights; they satisfy the rows.
    multipliers : (M, p) array
    """

    hinges: Hinges
    weights: Array
    multipliers: Array

    @property
    def cost(self) -> float:
        """The upper bound."""
        return _cost(self.weights)


class RampsProgram(Program):
    """The ramp program over all activation patterns, in CVXPY: a restricted master without errors.

    Parameters
    ----------
    constraints : Constraints

    Raises
    ------
    TooLarge
        If there are too many activation patterns.
    NotCertified
        If ramps do not span the targets.
    """

    name = "ramps"

    def __init__(self, constraints: Constraints) -> None:
        """State the master over the widest ramps of all patterns."""
        super().__init__(constraints)
        patterns = ramp_patterns(constraints.problem, constraints.clock)
        self._ramps = _Ramps(
            constraints, widest_ramps(constraints.problem, patterns, constraints.clock)
        )
        if not self._ramps.span:
            raise no_ramps()
        self._master = RestrictedMaster(*self._ramps.used)
        self.problem = self._master.problem

    def read(self) -> Outcome:
        """A network, without a bound."""
        return ramps_outcome(self.constraints, self._ramps.finished(self._master.solution()))


def ramps_outcome(constraints: Constraints, found: RampSolution | None) -> Outcome:
    """The network of ramps, without a bound.

    Raises
    ------
    NotCertified
        If there is none.
    """
    if found is None:
        raise no_ramps()
    nothing = constraints.multipliers(np.zeros_like(constraints.targets))
    return Outcome(constraints.network(found.hinges, found.weights), *nothing, 0.0, NO_PRICING)


def best_ramps(constraints: Constraints, master: Master = solve_dual) -> Outcome:
    """The network of ramps over all patterns, without CVXPY: in milliseconds.

    Raises
    ------
    NotCertified
        If ramps do not span the targets.
    """
    patterns = ramp_patterns(constraints.problem, constraints.clock)
    ramps = widest_ramps(constraints.problem, patterns, constraints.clock)
    return ramps_outcome(constraints, solve_ramps(constraints, ramps, master))


def no_ramps() -> NotCertified:
    """The error of targets that ramps do not span."""
    return NotCertified(
        "ramps alone do not interpolate these targets: lower the radii, or take another formulation"
    )


def solve_ramps(
    constraints: Constraints, between: tuple[Hinges, Hinges], master: Master = solve_dual
) -> RampSolution | None:
    """Solve the ramp program; None if the ramps do not span the targets.

    Parameters
    ----------
    constraints : Constraints
    between : two Hinges
        Starts and ends of the ramps, see `widest_ramps`.
    master : callable
        `solve_dual` or `solve_with_cvxpy`.
    """
    found = _Ramps(constraints, between)
    if not found.span:
        return None
    for price in SETTINGS.prices:
        solved = master(*found.used, price, SETTINGS.accuracy)
        norms = np.linalg.norm(solved.weights, axis=1)
        if price * np.linalg.norm(solved.errors, axis=1).sum() <= WEIGHTLESS_RTOL * norms.sum():
            break
    return found.finished(solved)


class _Ramps:
    """The columns of ramps between hinges, those rows in which they are not zero."""

    def __init__(self, constraints: Constraints, between: tuple[Hinges, Hinges]) -> None:
        """Ramps from the first hinges to the second."""
        self.constraints = constraints
        low, high = map(constraints.features, between)
        # A ramp that is narrower than the rounding of the rows has no weight.
        seen = np.any(low != high, axis=1)
        self.starts, self.ends = between[0][seen], between[1][seen]
        self._low, self._high = low[seen], high[seen]
        columns = (self._low - self._high) / 2
        self._rows = np.any(columns != 0.0, axis=0)
        self.span = spanned(columns, constraints.targets)
        self.used = columns[:, self._rows], constraints.targets[self._rows]

    def finished(self, solved: MasterSolution) -> RampSolution | None:
        """The ramps of a solution of their master, to rounding; None if they do not interpolate."""
        polished = _polish(*self.used, solved)
        if polished is None:
            return None
        heavy, weights, values = polished
        multipliers = np.zeros_like(self.constraints.targets)
        multipliers[self._rows] = values
        middles = (self._low + self._high) / 2
        free = self._free()
        away = scipy.linalg.lstsq(middles @ free, -middles @ multipliers, check_finite=False)[0]
        multipliers += free @ away
        return RampSolution(
            self.starts[heavy] + self.ends[heavy],
            np.concatenate([weights, -weights]) / 2,
            multipliers,
        )

    def _free(self) -> Array:
        """Directions (M, F) of multipliers that the ramps do not see."""
        if self._rows.all():
            return np.asarray(scipy.linalg.null_space(self.used[0]))
        return np.eye(len(self._rows))[:, ~self._rows]


def spanned(columns: Array, targets: Array) -> bool:
    """Whether combinations of the columns (K, M) are the targets (M, p), however small the columns
    are."""
    norms = np.linalg.norm(columns, axis=1)
    if not norms.any():
        return False
    units = columns[norms > 0] / norms[norms > 0, None]
    weights = scipy.linalg.lstsq(units.T, targets, cond=NEGLIGIBLE_RCOND, check_finite=False)[0]
    missed = np.abs(targets - units.T @ weights).max()
    return bool(missed <= SPANNED_RTOL * np.abs(targets).max())


def _polish(
    columns: Array, targets: Array, solved: MasterSolution
) -> tuple[Indices, Array, Array] | None:
    r"""The ramps that are used, their weights and the multipliers, to rounding.

    With weights a_k != 0 the program is smooth: minimize sum_k |a_k| on the affine set of weights
    that interpolate.  Newton's method on it ends in weights whose directions are
    :math:`Z^T \psi_k`, and ramps that see more than one at these multipliers join.

    None if the ramps do not span the targets.
    """
    norms = np.linalg.norm(solved.weights, axis=1)
    heavy = np.flatnonzero(norms > WEIGHTLESS_RTOL * norms.max(initial=0.0))
    repaired = repair(columns[heavy], targets, solved.weights[heavy])
    if repaired is None:
        return None
    best = heavy, repaired, solved.multipliers
    # Of a ramp that is not used the solver leaves a weight far below the slack of its constraint.
    slacks = 1.0 - np.linalg.norm(columns @ solved.multipliers, axis=1)
    chosen = np.flatnonzero(norms > np.maximum(WEIGHTLESS_RTOL, slacks) * norms.max(initial=0.0))
    start = repair(columns[chosen], targets, solved.weights[chosen])
    if start is None:
        chosen, start = heavy, repaired
    for _ in range(SETTINGS.rounds):
        fewer = thin(columns[chosen], targets, start)
        if fewer is not None:
            chosen, start = chosen[fewer[0]], fewer[1]
        kept, weights = _newton(columns[chosen], targets, start)
        chosen = chosen[kept]
        units = weights / np.linalg.norm(weights, axis=1)[:, None]
        multipliers = (
            solved.multipliers
            + scipy.linalg.lstsq(
                columns[chosen], units - columns[chosen] @ solved.multipliers, check_finite=False
            )[0]
        )
        if _cost(weights) <= _cost(best[1]) * (1 + EQUAL_COST_RTOL):
            best = chosen, weights, multipliers
        seen = columns @ multipliers
        constraint_values = np.linalg.norm(seen, axis=1)
        constraint_values[chosen] = 0.0
        more = int(constraint_values.argmax())
        if constraint_values[more] <= 1 + VIOLATION_RTOL:
            break
        # It enters with a weight in the direction in which the cost falls.
        small = (
            SETTINGS.entering
            * np.linalg.norm(weights, axis=1).min()
            * seen[more]
            / constraint_values[more]
        )
        chosen, start = np.append(chosen, more), np.vstack([weights, small])
        again = repair(columns[chosen], targets, start)
        if again is None:
            break
        start = again
    return best


def _newton(columns: Array, targets: Array, weights: Array) -> tuple[Indices, Array]:
    """The weights of least cost near to some that interpolate; which are left, and the weights."""
    kept = np.arange(len(columns))
    for _ in range(SETTINGS.steps):
        free = scipy.linalg.null_space(columns[kept].T)
        if not free.shape[1]:
            break
        norms = np.linalg.norm(weights, axis=1)
        units = weights / norms[:, None]
        p = units.shape[1]
        across = (np.eye(p) - units[:, :, None] * units[:, None, :]) / norms[:, None, None]
        hessian = np.einsum("ki,kpq,kj->ipjq", free, across, free).reshape(2 * (free.shape[1] * p,))
        gradient = (free.T @ units).ravel()
        move = -scipy.linalg.lstsq(hessian, gradient, cond=SETTINGS.singular, check_finite=False)[0]
        step = free @ move.reshape(-1, p)
        reach, length = float(np.abs(step).max() / norms.max()), 1.0
        # Of small steps the cost shows rounding errors only.
        while length * reach > SETTINGS.shortest and _cost(weights + length * step) > norms.sum():
            length /= 2
        moved = weights + length * step
        sizes = np.linalg.norm(moved, axis=1)
        heavy = sizes > WEIGHTLESS_RTOL * sizes.max()
        if not heavy.all():  # a ramp that is not used keeps others from where they belong
            fewer = repair(columns[kept[heavy]], targets, moved[heavy])
            if fewer is None:
                break
            kept, weights = kept[heavy], fewer
            continue
        weights = moved
        if reach <= SETTINGS.arrived:  # it converges quadratically
            break
    fitted = repair(columns[kept], targets, weights)
    return kept, weights if fitted is None else fitted


def _cost(weights: Array) -> float:
    """The sum of the lengths of the weights."""
    return float(np.linalg.norm(weights, axis=1).sum())


DECLARATION = Declaration(
    name=RampsProgram.name,
    title="the best ramps across the widest gaps",
    formula="min sum_D 2 |j_D| / m_D  with t_n = c + sum_D D_n j_D, m_D the widest gap between the "
    "sites on both sides of pattern D",
    reference="after the closed forms of Zeno et al. 2023, arXiv 2311.06748",
    kind="upper bound",
    applies="samples or balls; targets of any dimension that ramps span",
    cost="a second-order cone of p + 1 numbers per half pattern",
    requires=check_ramps,
    state=RampsProgram,
    shortcut=best_ramps,
)
