"""Virtual points, and the radii at which they appear, found by certified solves alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import convexden as cd


def clean_only(points: object) -> Callable[[float], bool]:
    """The claim that certified denoisers of these points have no virtual points."""

    def claim(radius: float) -> bool:
        """Whether there is none at a radius."""
        problem = cd.denoising(points, radius=radius)
        solution = cd.solve(problem, tolerance=1e-10)
        assert solution.certified
        return len(cd.virtual_points(problem, solution.network)) == 0

    return claim


@pytest.mark.parametrize(
    ("points", "chosen", "low", "high"),
    [
        (cd.data.triangle([100, 42, 38]), [1, 2], 0.1, 0.4),
        ([[0.0, 0.0], [1.0, 0.0], [-0.1, 1.0]], [1, 2], 0.05, 0.2),
    ],
)
def test_virtual_points_of_obtuse_triangles_appear_where_the_formula_says(
    points: object, chosen: list[int], low: float, high: float
) -> None:
    exact = cd.theorems.virtual_obtuse.appears(points, chosen)  # type: ignore[attr-defined]
    found = cd.frontier(clean_only(points), low, high, accuracy=2e-9)
    assert found.status == "bracketed"
    assert found.low - 1e-8 <= exact <= found.high + 1e-8


def test_virtual_points_of_the_regular_triangle_appear_at_half_its_circumradius() -> None:
    found = cd.frontier(clean_only(cd.data.regular_simplex(2)), 0.42, 0.6, accuracy=2e-9)
    assert found.low - 1e-8 <= 0.5 <= found.high + 1e-8


@pytest.mark.slow
def test_virtual_points_of_the_regular_tetrahedron() -> None:
    """At R / r; the closed form is optimal there, so that it stands for a solve."""
    points = cd.data.regular_simplex(3)

    def claim(radius: float) -> bool:
        """Whether there is none at a radius."""
        form = cd.theorems.virtual_regular.closed_form(points, radius)
        return len(cd.virtual_points(form.problem, form.network)) == 0

    found = cd.frontier(claim, 0.3, 0.4, accuracy=2e-9)
    assert found.low - 1e-8 <= 1 / 3 <= found.high + 1e-8


def test_those_of_orthogonal_rays_are_the_sums() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
    problem = cd.denoising(points, radius=0.25)
    found = cd.virtual_points(problem, cd.solve(problem).network)
    np.testing.assert_allclose(found, [[1, 2], [3, 2]], atol=1e-8)


def test_a_network_that_is_no_denoiser_has_none() -> None:
    problem = cd.Interpolation([0, 1, 2], [0, 1, 0])
    network = cd.ShallowNetwork(np.zeros((0, 2)), np.zeros((0, 1)), np.zeros(0))
    with pytest.raises(cd.InvalidInput, match="only a denoiser"):
        cd.virtual_points(problem, network)
