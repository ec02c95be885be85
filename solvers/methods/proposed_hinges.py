r"""The regularized problem over hinges that are drawn at random: a network without a bound.

For samples that are too many for exact pricing.  The best weights of finitely many hinges are a
group lasso (`group_lasso`).  Hinges are drawn through a sample, half of them across the step from
it to another one: these are the directions in which the data vary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Hinges
from convexden.solvers.methods.regularization import Regularized
from convexden.solvers.programs.group_lasso import solve_group_lasso
from convexden.solvers.squared_error import SquaredError
from convexden.tolerances import FAINT_RTOL


@dataclass(frozen=True)
class ProposalSettings:
    """Parameters of the draw."""

    hinges: int = 300
    """How many are drawn: the group lasso takes about a second."""

    seed: int = 0
    """Of the draw, which is the same in every call."""


SETTINGS = ProposalSettings()


def solve_proposed(
    problem: Interpolation,
    counts: Array,
    penalty: float,
    clock: Clock = UNLIMITED,
    settings: ProposalSettings = SETTINGS,
) -> Regularized:
    """The best network of the hinges that are drawn; the best affine one if that costs less.

    Parameters
    ----------
    problem : Interpolation
        Of distinct samples, reduced.
    counts : (N,) array
        How much each sample counts.
    penalty : float
    clock : Clock, optional
        Of the run.
    settings : ProposalSettings, optional

    Raises
    ------
    Stopped
        If the time is over.
    NotCertified
        If the cone solver fails.
    """
    rows = SquaredError(problem, counts, penalty)
    hinges = drawn(problem, settings)
    columns = rows.features(hinges)
    weights = solve_group_lasso(columns, rows.targets, penalty, clock)[0]
    norms = np.linalg.norm(weights, axis=1)
    heavy = norms > FAINT_RTOL * norms.max(initial=0.0)
    left = rows.targets - columns[heavy].T @ weights[heavy]
    objective = float(np.sum(left**2)) / (2 * penalty) + float(norms[heavy].sum())
    affine = float(np.sum(rows.targets**2)) / (2 * penalty)
    if objective >= affine:
        heavy, objective = np.zeros_like(heavy), affine
    none = np.zeros_like(rows.targets)
    return Regularized(rows, hinges[heavy], weights[heavy], none, objective, rounds=1)


def drawn(problem: Interpolation, settings: ProposalSettings = SETTINGS) -> Hinges:
    """Hinges (K) through samples, of random directions and of steps between samples."""
    rng = np.random.default_rng(settings.seed)
    count, (n, d) = settings.hinges, problem.centers.shape
    first, step = rng.integers(n, size=count), rng.integers(1, n, size=count)
    normals = rng.standard_normal((count, d))
    half = count // 2
    second = (first + step) % n  # another sample
    normals[:half] = problem.centers[second[:half]] - problem.centers[first[:half]]
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    biases = -np.einsum("kd,kd->k", normals, problem.centers[first])
    patterns = normals @ problem.centers.T + biases[:, None] > 0.0
    flags = np.ones(count, dtype=bool)
    return Hinges(normals, biases, patterns, first, np.zeros(count, dtype=np.intp), flags)
