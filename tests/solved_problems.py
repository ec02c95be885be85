"""Problems solved for tests that compare their costs."""

from __future__ import annotations

import numpy as np
from oracles import Array

from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.solving.interpolation import solve
from convexden.verification import verify_certificate


def certified(problem: Interpolation, tolerance: float = 1e-8, **options) -> Solution:
    solution = solve(problem, tolerance, **options)
    assert solution.status == "certified", verify_certificate(solution).reasons
    assert 0 <= solution.relative_gap <= tolerance
    assert solution.lower_bound <= solution.cost
    return solution


def rotation(rng: np.random.Generator, dimension: int) -> Array:
    return np.linalg.qr(rng.normal(size=(dimension, dimension)))[0]
