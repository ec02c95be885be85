"""The program over twelve hinges of an acute triangle."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd
from convexden.errors import NotSupported
from convexden.geometry.triangle import Triangle
from convexden.theorems import acute_triangle


def acute(rng: np.random.Generator) -> np.ndarray:
    """Angles of a random acute triangle."""
    while True:
        angles = 180 * rng.dirichlet(np.ones(3))
        if angles.min() > 8 and angles.max() < 89.9:
            return angles


@pytest.mark.parametrize("seed", range(30))
def test_no_other_hinge_is_needed(seed):
    rng = np.random.default_rng(seed)
    points = cd.data.triangle(acute(rng))
    most = Triangle.of(points).heights.min() / 2
    share = [rng.uniform(0.01, 0.99), 1 - 10 ** rng.uniform(-3, -1), 10 ** rng.uniform(-5, -1)]
    problem = cd.denoising(points, radius=share[seed % 3] * most)
    found = cd.solve(problem, method="triangle")
    assert found.status == "certified"
    assert found.cost == pytest.approx(cd.solve(problem).cost, rel=1e-9)


def test_it_is_the_theorem_in_its_range_and_turned_in_space():
    frame = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 2)))[0]
    points = cd.data.triangle((50, 60, 70)) @ frame.T
    radius = 0.9 * acute_triangle.threshold(points)[0]
    found = cd.solve(cd.denoising(points, radius=radius), method="triangle")
    assert found.status == "certified"
    assert found.cost == pytest.approx(acute_triangle.closed_form(points, radius).cost, rel=1e-12)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (cd.denoising(cd.data.triangle((100, 50, 30)), radius=0.1), "acute triangles"),
        (cd.denoising(cd.data.triangle((60, 60, 60)), radius=[0.1, 0.1, 0.2]), "one radius"),
        (cd.denoising([[0, 0], [1, 0], [0, 1], [2, 2]], radius=0.1), "three balls"),
        (
            cd.Interpolation(cd.data.triangle((60, 60, 60)), [[0, 0], [1, 0], [0, 2]], 0.1),
            "its targets are its centers",
        ),
    ],
)
def test_what_it_refuses(problem, words):
    with pytest.raises(NotSupported, match=words):
        cd.solve(problem, method="triangle")
