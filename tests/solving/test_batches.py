"""Many problems at once."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd
from convexden.errors import InfeasibleProblem, InvalidInput

RNG = np.random.default_rng(0)
PROBLEMS = [cd.denoising(RNG.random((3 + k % 3, 2)), radius=0.01) for k in range(9)]
NO_ROOM = cd.denoising(cd.data.triangle((60, 60, 60)), radius=0.8)


@pytest.mark.parametrize("jobs", [1, 2])
def test_they_are_those_of_solve_in_their_order(jobs):
    steps = []
    found = cd.solve_many(PROBLEMS, jobs=jobs, progress=steps.append)
    assert [each.problem.centers.tolist() for each in found] == [
        each.centers.tolist() for each in PROBLEMS
    ]
    assert all(each.certified for each in found)
    assert [each.cost for each in found] == [cd.solve(each).cost for each in PROBLEMS]
    assert [(step.done, step.total) for step in steps] == [(k, 9) for k in range(10)]


def test_errors_are_raised_or_kept_in_their_place():
    problems = [PROBLEMS[0], NO_ROOM, PROBLEMS[1]]
    with pytest.raises(InfeasibleProblem):
        cd.solve_many(problems)
    found = cd.solve_many(problems, jobs=2, keep_errors=True)
    assert [type(each) for each in found] == [cd.Solution, InfeasibleProblem, cd.Solution]


def test_stopping_keeps_what_there_is():
    def stop(step):
        if step.done == 2:
            raise StopIteration

    assert len(cd.solve_many(PROBLEMS, progress=stop)) == 2
    assert cd.solve_many([]) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"jobs": 0}, "jobs"),
        ({"tolerance": 2.0}, "tolerance"),
        ({"progress": 1}, "progress"),
    ],
)
def test_bad_arguments(arguments, words):
    with pytest.raises(InvalidInput, match=words):
        cd.solve_many(PROBLEMS, **arguments)
    with pytest.raises(InvalidInput, match="problem"):
        cd.solve_many([1])
