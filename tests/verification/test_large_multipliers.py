"""Multipliers beyond the square root of what floats hold end in a verdict, without a warning."""

from dataclasses import replace

import numpy as np
import pytest

import convexden as cd

IMAGES = np.random.default_rng(1).random((3, 64))
PROBLEMS = {
    "balls": cd.denoising([[0.0, 0.0], [2.0, 0.0], [0.5, 1.5]], radius=0.2),
    "samples": cd.Interpolation([[0.0, 0.0], [2.0, 0.0], [0.5, 1.5], [1.0, 1.0]], [0, 1, 0, 3]),
    "images": cd.denoising(IMAGES, radius=0.3),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("size", [1e160, 1e300])
def test_they_prove_nothing_false(name: str, size: float) -> None:
    solution = cd.solve(PROBLEMS[name])
    values = solution.certificate.values.copy()
    values[0, 0] = size
    forged = replace(solution.certificate, values=values)
    check = cd.verification.verify(solution.problem, solution.network, forged)
    assert not check.passed
    assert check.lower_bound <= solution.cost
