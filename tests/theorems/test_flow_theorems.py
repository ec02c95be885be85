"""Theorems on flows: what is beyond their random instances."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd
from convexden.theorems import (
    conservative,
    face_aligned,
    memorization,
    one_step,
    product_structure,
    score_gradient,
    virtual_obtuse,
    virtual_orthogonal,
    virtual_regular,
)
from convexden.theorems._attractors import one_step_deviation
from convexden.theorems._energy import energy


def test_one_step_is_exact_on_altitude_aligned_triangles() -> None:
    """All ramps are along altitudes: the coordinates decouple as on orthogonal rays."""
    points = cd.data.triangle((40, 60, 80))
    problem = cd.denoising(points, radius=0.45)
    levels = np.geomspace(1.0, 0.28 / 0.45, 8)
    deviation = one_step_deviation(
        problem, lambda share: face_aligned.closed_form(points, share * 0.45).network, levels
    )
    assert deviation <= 1e-12
    assert face_aligned.verify(points, 0.45).verdict == "confirmed"
    longer = np.geomspace(1.0, 0.1, 8)  # below .28 the ramps are not along altitudes
    assert (
        one_step_deviation(
            problem, lambda share: face_aligned.closed_form(points, share * 0.45).network, longer
        )
        > 1e-6
    )


@pytest.mark.parametrize(("rays", "attract", "every"), [(2, 4, 9), (3, 8, 27), (4, 16, 81)])
def test_orthogonal_rays_have_a_grid(rays: int, attract: int, every: int) -> None:
    points = np.vstack([np.zeros(rays), np.eye(rays)])
    result = product_structure.verify(points, 0.3)
    assert result.verdict == "confirmed"
    assert (result.measured["attracting"], result.measured["fixed points"]) == (attract, every)


@pytest.mark.parametrize("rays", [1, 2, 4, 8])
def test_the_law_of_memorization_is_that_of_100_000_draws(rays: int) -> None:
    points = np.vstack([np.zeros(rays), np.eye(rays)])
    vertex, training = memorization.probabilities(points, 0.3, kappa=0.4)
    found = memorization.frequencies(points, 0.3, 0.4, 100_000, seed=rays)
    for share, expected in zip(found, (vertex, training), strict=True):
        error = np.sqrt(expected * (1 - expected) / 100_000)
        assert abs(share - expected) <= 4 * error
    assert vertex == pytest.approx(memorization.probabilities(points[:2], 0.3, 0.4)[0] ** rays)


def test_the_gradient_of_the_energy_is_the_step_of_the_denoiser() -> None:
    points = cd.data.triangle((60, 60, 60))
    network = conservative.closed_form(points, 0.2).network
    y = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    for axis in np.eye(2):
        slope = (energy(network, y + 1e-6 * axis) - energy(network, y - 1e-6 * axis)) / 2e-6
        np.testing.assert_allclose(slope, (y - network(y)) @ axis, atol=1e-5)


def test_conjectures_are_refuted_where_they_are_false() -> None:
    assert virtual_orthogonal.verify(cd.data.triangle((95, 45, 40)), 0.3).verdict == "refuted"
    assert one_step.verify(cd.data.triangle((110, 40, 30)), 0.2).verdict == "refuted"
    assert score_gradient.verify(cd.data.triangle((48, 60, 72)), 0.2).verdict == "refuted"
    assert one_step.verify(cd.data.triangle((90, 50, 40)), 0.2).verdict == "confirmed"


def test_hypotheses_are_checked() -> None:
    obtuse = cd.data.triangle((110, 40, 30))
    for theorem, points, words in (
        (product_structure, obtuse, "orthogonal or opposite"),
        (memorization, [[0.0], [1.0], [3.0]], "one point on each"),
        (memorization, [[-1.0], [0.0], [1.0]], "one point on each"),
        (virtual_regular, obtuse, "regular"),
        (virtual_obtuse, cd.data.triangle((60, 60, 60)), "obtuse"),
        (conservative, cd.data.triangle((50, 60, 70)), "regular"),
    ):
        with pytest.raises(cd.InvalidProblem, match=words) as caught:
            theorem.closed_form(points, 0.1)  # type: ignore[attr-defined]
        assert "\n" not in str(caught.value)
