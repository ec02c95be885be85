"""Basins: exact boundaries against closed forms, and areas against samples."""

from __future__ import annotations

import numpy as np
import pytest

import convexden as cd

RAYS = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
TRIANGLE = cd.denoising(cd.data.triangle([48, 60, 72]), radius=0.2)


def test_basins_of_rays_are_boxes() -> None:
    problem = cd.denoising(RAYS, radius=0.25)
    network = cd.theorems.rays.closed_form(RAYS, 0.25).network
    found = cd.basins(problem, network, [-1, -1], [5, 4])
    widths, heights = {0.0: 1.5, 1.0: 1.5, 3.0: 3.0}, {0.0: 2.0, 2.0: 3.0}
    assert len(found) == 6
    for point, kind, area, own in zip(
        found.attractors, found.kinds, found.volumes, found.intervals, strict=True
    ):
        x, y = np.round(point, 9)
        assert area == pytest.approx(widths[x] * heights[y], rel=1e-9)
        assert kind == ("virtual" if x and y else "clean")
        assert own[0] <= area / 30 <= own[1]
    for curve in found.boundaries:  # straight lines through the middles of gaps
        on = np.abs(curve - np.array([0.5, 1.0])).min(axis=1), np.abs(curve[:, 0] - 2.0)
        assert np.minimum(*on).max() < 1e-9


def test_areas_are_within_the_intervals_of_samples() -> None:
    problem = cd.denoising(cd.data.triangle([60, 60, 60]), radius=0.6)  # with virtual points
    network = cd.solve(problem).network
    measured = cd.basins(problem, network, -3, 3)
    sampled = cd.basins(problem, network, -3, 3, samples=20_000, seed=1)
    assert set(measured.kinds) == {"clean", "virtual"}
    assert len(measured) == 7
    assert measured.shares.sum() == pytest.approx(1.0, abs=1e-9)
    low, high = sampled.intervals.T
    inside = (low <= measured.shares) & (measured.shares <= high)
    assert inside.sum() >= len(measured) - 1  # at 95 % each
    assert (np.ptp(measured.intervals, axis=1) <= 1e-3).all()
    assert set(measured.kinds[measured.of(problem.targets)]) == {"clean"}


def test_what_is_beside_a_boundary_flows_apart() -> None:
    network = cd.solve(TRIANGLE).network
    found = cd.basins(TRIANGLE, network, -2, 2)
    assert len(found.boundaries) == 3
    for curve in found.boundaries:
        for k in range(5, len(curve) - 5, 40):
            tangent = curve[k + 1] - curve[k - 1]
            if np.abs(curve[k]).max() > 1.9 or np.linalg.norm(tangent) < 1e-4:
                continue
            normal = np.array([-tangent[1], tangent[0]]) / np.linalg.norm(tangent)
            one, other = found.of([curve[k] + 1e-6 * normal, curve[k] - 1e-6 * normal])
            assert one != other
            # On it, a flow passes the saddle closely.
            path = cd.score_flow(TRIANGLE, network, curve[k]).path(0, np.linspace(0, 40, 4000))
            saddles = [f.point for f in found.fixed_points if f.flow_stability == "saddle"]
            distances = np.linalg.norm(path[:, None] - np.array(saddles), axis=2)
            assert distances.min() < 1e-2


def test_other_dimensions_are_sampled() -> None:
    points = np.vstack([np.zeros(3), np.eye(3)])
    problem = cd.denoising(points, radius=0.2)
    network = cd.theorems.rays.closed_form(points, 0.2).network
    found = cd.basins(problem, network, -0.5, 1.5, samples=4000)
    assert len(found) == 8
    assert found.sampled == 4000
    low, high = found.intervals.T
    assert ((low <= 1 / 8) & (high >= 1 / 8)).sum() >= 7
    assert found.boundaries == []
    line = cd.denoising([0.0, 1.0], radius=0.1)
    halves = cd.basins(line, cd.theorems.univariate.closed_form([0.0, 1.0], 0.1).network, 0, 1)
    np.testing.assert_allclose(halves.shares, 0.5, atol=0.02)
    assert "2 clean, 0 virtual" in repr(halves)


def test_bad_input_is_one_line() -> None:
    network = cd.solve(TRIANGLE).network
    for call, words in (
        (lambda: cd.basins(TRIANGLE, network, 1, 0), "no such box"),
        (lambda: cd.basins(TRIANGLE, network, 0, 1, samples=0), "samples is 0"),
        (lambda: cd.basins(cd.denoising([0.0, 1.0], radius=0.1), network, 0, 1), "denoises 2"),
    ):
        with pytest.raises(cd.InvalidInput, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)
