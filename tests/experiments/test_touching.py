"""What hinges touch, which are tilted, and which tetrahedra are face-aligned."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd
from convexden.data import regular_simplex, triangle
from convexden.experiments.aligned_tetrahedra import aligned_tetrahedra, outcome
from convexden.experiments.touching import count_hinges, touching
from convexden.theorems import equilateral


@pytest.mark.parametrize(
    ("angles", "radius", "tilted"),
    [((40, 60, 80), 0.1, 3), ((40, 70, 70), 0.1, 0), ((30, 40, 110), 0.1, 0)],
)
def test_hinges_of_triangles(angles, radius, tilted):
    problem = cd.denoising(triangle(angles), radius=radius)
    found = touching(problem, cd.solve(problem, tolerance=1e-11).network)
    assert int(found.tilted.sum()) == tilted
    assert (found.fewer == 0).all()
    assert (found.split == 1).all()
    # Base hinges touch two balls, apex hinges one; ramps along edges have hinges that touch one.
    bases = 3 if max(angles) < 90 else 0
    assert int((found.more == 2).sum()) == bases
    assert set(found.support.tolist()) == {3 if bases else 2}
    assert found.tilt[found.more == 2] == pytest.approx(0.0, abs=1e-12)


def test_counts_of_random_triangles():
    def draw(rng):
        return triangle((40, 60, 80)), rng.uniform(0.05, 0.2)

    found = count_hinges(draw, 3, seed=1)
    assert found.counts() == {(1, 0, 3): (0, 9), (2, 0, 3): (9, 0)}
    assert found.by_network() == (0, 0, 3)
    assert "18 hinges of 3 minimizers" in str(found)

    def stop(step):
        if step.done == 1:
            raise StopIteration

    assert len(count_hinges(draw, 3, progress=stop).networks) == 1


def test_the_regular_tetrahedron_is_aligned_up_to_its_threshold():
    points, end = regular_simplex(3), equilateral.threshold(3)
    assert outcome(points, 0.999 * end) == "aligned"
    assert outcome(points, 1.001 * end) == "not proven"
    corner = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert outcome(corner, 0.5) == "undefined"


def test_the_noise_that_is_allowed_grows_with_the_radius():
    found = aligned_tetrahedra((0.01, 0.04), (0.02, 0.2, 0.5), count=4)
    shares = found.share("aligned")
    assert (np.diff(shares, axis=0) >= 0).all()
    assert (np.diff(shares, axis=1) <= 0).all()
    assert shares[-1].tolist() == [1.0, 1.0]
    assert (found.outcomes >= 0).all()
