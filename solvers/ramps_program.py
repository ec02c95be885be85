r"""The ramp program: an upper bound from one ramp for each activation pattern.

A *ramp* of a pattern D rises in the direction u of its widest margin from 0 on the inactive sites
to a height j in R^p on the active ones, between the two hinges that are tangent to either side:

    j / m ([u.y - max_I (u.y_n + r_n)]_+ - [u.y - min_A (u.y_n - r_n)]_+),

m > 0 the width of the gap.  It costs 2 |j| / m and is flat on every ball, so that

    minimise sum_D 2 |j_D| / m_D   subject to   t_n = c + sum_D D_n j_D

is a network without skip connection, in milliseconds: optimal in many cases, not in all.  With the
features psi of the two hinges a ramp is the column (psi_I - psi_A) / 2 of a restricted master.

Its multipliers fix the values.  The others are free, as ramps are flat; chosen to make the dual
constraint vanish half-way between the hinges of each ramp, they leave it little above one
elsewhere, which is where the other methods start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from convexden.directions import max_margin_direction
from convexden.problem import Interpolation
from convexden.solvers.atoms import Array, Flags, Hinges, Indices
from convexden.solvers.constraints import Constraints
from convexden.solvers.feasibility import repair
from convexden.solvers.master import Master, solve_dual

_NARROW = 1e-6  # gaps below this share of the spread make no ramp
# Prices of errors, the next if they are of use at one: at the last only if the ramps do not span
# the targets.
_PRICES = (5.0, 50.0, 500.0)
_USED = 1e-7  # errors below this share of the cost are none
_ACCURACY = 1e-9
_LIGHT = 1e-7  # ramps below this share of the heaviest are left out


@dataclass(frozen=True, eq=False)
class RampSolution:
    """The best network of ramps, and multipliers to start from.

    Attributes
    ----------
    hinges : Hinges
        2 K of them: those at the foot of every ramp, then those at its top.
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
        return float(np.linalg.norm(self.weights, axis=1).sum())


def solve_ramps(
    rows: Constraints, patterns: Flags, master: Master = solve_dual
) -> RampSolution | None:
    """Solve the ramp program over these patterns (P, N); None if the ramps do not span the targets.

    Parameters
    ----------
    rows : Constraints
    patterns : (P, N) bool array
        At most one of a pattern and its complement.
    master : callable
        `solve_dual` or `solve_with_cvxpy`.
    """
    feet, tops = ramps(rows.problem, patterns)
    low, high = rows.features(feet), rows.features(tops)
    columns = (low - high) / 2
    used = np.any(columns != 0.0, axis=0)
    if not len(feet) or np.abs(rows.targets[~used]).max(initial=0.0) > 0.0:
        return None
    for price in _PRICES:
        solved = master(columns[:, used], rows.targets[used], price, _ACCURACY)
        norms = np.linalg.norm(solved.weights, axis=1)
        if price * np.linalg.norm(solved.errors, axis=1).sum() <= _USED * norms.sum():
            break
    heavy = np.flatnonzero(norms > _LIGHT * norms.max(initial=0.0))
    weights = repair(columns[heavy][:, used], rows.targets[used], solved.weights[heavy])
    if weights is None:
        return None
    multipliers = np.zeros_like(rows.targets)
    multipliers[used] = solved.multipliers
    middles = (low + high) / 2
    multipliers[~used] = scipy.linalg.lstsq(
        middles[:, ~used], -middles[:, used] @ solved.multipliers, check_finite=False
    )[0]
    return RampSolution(
        feet[heavy] + tops[heavy], np.concatenate([weights, -weights]) / 2, multipliers
    )


def ramps(problem: Interpolation, patterns: Flags) -> tuple[Hinges, Hinges]:
    """The hinges at the feet and at the tops of the ramps of all patterns that have a gap."""
    sides = np.where(patterns, 1, -1)
    normals = np.array(
        [max_margin_direction(problem.centers, problem.radii, row) for row in sides]
    ).reshape(len(patterns), problem.input_dimension)
    heights = normals @ problem.centers.T
    foot = np.where(patterns, -np.inf, heights + problem.radii)
    top = np.where(patterns, heights - problem.radii, np.inf)
    # A pattern without a gap has no direction: NaN is not above anything.
    wide = np.flatnonzero(top.min(axis=1) - foot.max(axis=1) > _NARROW)
    return (
        _tangent(normals[wide], patterns[wide], -foot[wide].max(axis=1), foot[wide].argmax(axis=1)),
        _tangent(normals[wide], patterns[wide], -top[wide].min(axis=1), top[wide].argmin(axis=1)),
    )


def _tangent(normals: Array, patterns: Flags, biases: Array, pivots: Indices) -> Hinges:
    nowhere = np.full(len(biases), -1)
    return Hinges(normals, biases, patterns, pivots, nowhere, np.zeros(len(biases), dtype=bool))
