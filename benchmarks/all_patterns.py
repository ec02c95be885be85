"""The convex program over all 2^N activation patterns, which shares no code with the solvers.

Tests and benchmarks compare with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convexden.cost import Cost
from convexden.problem import Interpolation


def scattered(count: int, d: int, p: int, seed: int, cost: Cost) -> Interpolation:
    """Standard normal samples and targets under a cost."""
    rng = np.random.default_rng([count, d, p, seed])
    return Interpolation(
        rng.standard_normal((count, d)), rng.standard_normal((count, p)), cost=cost
    )


def all_patterns(problem: Interpolation, penalty: float | None = None) -> float:
    """The minimum of one output by the program over all 2^N activation patterns, two cones each
    (Pilanci and Ergen 2020, arXiv 2002.10553); with a penalty that of the regularized problem."""
    import cvxpy as cp

    cost, (n, d) = problem.cost, problem.centers.shape
    x = np.column_stack([problem.centers, np.ones(n)])
    patterns = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    u, v = cp.Variable((2**n, d + 1)), cp.Variable((2**n, d + 1))
    affine = cp.Variable(d + 1)
    fit = cp.multiply(patterns, (u - v) @ x.T).T @ np.ones(2**n) + x @ affine
    misses = problem.targets[:, 0] - fit
    price: Any = 0.0
    for each in (u, v):
        bias = cost.bias * (each @ np.append(cost.point(d), 1.0))
        if cost.norm == "l1":
            price += cp.sum(cp.abs(each[:, :d])) + cp.sum(cp.abs(bias))
        else:
            column = cp.reshape(bias, (2**n, 1), order="C")
            price += cp.sum(cp.norm(cp.hstack([each[:, :d], column]), 2, axis=1))
    rows = [cp.multiply(2 * patterns - 1, each @ x.T) >= 0 for each in (u, v)]
    rows += [] if cost.skip else [affine[:d] == 0]
    rows += [] if cost.offset else [affine[d] == 0]
    if penalty is None:
        program = cp.Problem(cp.Minimize(price), [*rows, misses == 0])
    else:
        objective = cp.sum_squares(misses) / 2 + penalty * price
        program = cp.Problem(cp.Minimize(objective), rows)
    accuracy = {f"tol_{name}": 1e-9 for name in ("gap_abs", "gap_rel", "feas")}
    program.solve(solver=cp.CLARABEL, **accuracy)
    return float(program.value)
