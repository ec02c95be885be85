"""What a solution or a refusal must be, told by the judge of `benchmarks.robustness`."""

from __future__ import annotations

from typing import Any

import numpy as np

import convexden as cd
from benchmarks.robustness.judge import judge_solution

JUDGE_SECONDS = 10.0
CORNER = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def honest(problem: cd.Interpolation, low: float, high: float, **options: Any) -> cd.Solution:
    """The solution, of which nothing is false; the optimum is known to be within [low, high].

    A solution that says that its data were moved speaks about these, and the judge sees to it.
    """
    solution = cd.solve(problem, **options)
    assert judge_solution(solution, 1e-8, JUDGE_SECONDS, given=problem).falsities == []
    if not getattr(solution, "moved", None):
        assert solution.lower_bound <= high
        assert not solution.certified or solution.cost >= low
    return solution
