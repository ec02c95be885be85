"""The enclosure of the pricing maximum, against hinges at random and other coordinates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convexden.verification.exact.dual import close_dual
from convexden.verification.pricing_bound import PricingInterval, pricing_interval

Array = NDArray[np.float64]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@dataclass
class Dual:
    """Multipliers in the plane that satisfy the equalities."""

    centers: Array
    radii: Array
    values: Array
    jacobians: Array

    @classmethod
    def random(
        cls, rng: np.random.Generator, centers: Array, radii: Array, outputs: int = 2
    ) -> Dual:
        n = len(centers)
        values = rng.normal(size=(n, outputs))
        jacobians = rng.normal(size=(n, outputs, 2)) * (radii > 0)[:, None, None]
        # Take the excess from three sites that span the plane, by their values alone.
        system = np.vstack([np.ones(3), centers[:3].T])
        excess = np.vstack(
            [
                values.sum(axis=0),
                (np.einsum("np,nd->pd", values, centers) + jacobians.sum(axis=0)).T,
            ]
        )
        values[:3] -= np.linalg.solve(system, excess)
        return cls(centers, radii, values, jacobians)

    def interval(self) -> PricingInterval:
        targets = np.zeros((len(self.centers), self.values.shape[1]))
        dual = close_dual(self.centers, targets, self.radii, self.values, self.jacobians)
        assert dual.residual < 1e-11
        return pricing_interval(dual)

    def hinges(self, w: Array, b: Array) -> Array:
        """g of hinges w (H, 2), b (H,) by its definition; 0 where a hinge cuts a ball."""
        z = w @ self.centers.T + b[:, None]
        feasible = (np.abs(z) >= self.radii * (1 - 2e-15)).all(axis=1)
        g = np.maximum(z, 0.0) @ self.values
        g += np.einsum("hn,npd,hd->hp", 1.0 * (z > 0), self.jacobians, w)
        return np.where(feasible, np.linalg.norm(g, axis=1), 0.0)

    def tangents(self, angles: Array) -> Array:
        """g of the hinges with these normals that touch some ball or sample, (angles, 2 N)."""
        w = np.column_stack([np.cos(angles), np.sin(angles)])
        along = w @ self.centers.T
        b = np.concatenate([-along - self.radii, -along + self.radii], axis=1)
        rows = np.repeat(w, b.shape[1], axis=0)
        return self.hinges(rows, b.ravel()).reshape(b.shape)

    def search(self, rng: np.random.Generator) -> float:
        """The best of random hinges, a grid of tangent ones and a search around the best."""
        angles = rng.uniform(0, 2 * np.pi, 4000)
        w = np.column_stack([np.cos(angles), np.sin(angles)])
        best = self.hinges(w, rng.normal(size=4000) * np.abs(self.centers).max()).max()
        grid = np.linspace(0, 2 * np.pi, 1500, endpoint=False)
        for start in grid[np.argsort(self.tangents(grid).max(axis=1))[-12:]]:
            center, step = start, 2 * np.pi / 1500
            for _ in range(8):
                finer = np.linspace(center - step, center + step, 41)
                g = self.tangents(finer).max(axis=1)
                best = max(best, g.max())
                center, step = finer[np.argmax(g)], step / 15
        return float(best)


def mixed_sites(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Samples and disjoint balls of different radii."""
    centers = rng.normal(size=(n, 2))
    distances = np.linalg.norm(centers[:, None] - centers, axis=2) + 9 * np.eye(n)
    radii = distances.min(axis=1) * rng.uniform(0, 0.5, n) * (rng.random(n) < 0.6)
    return centers, radii


@pytest.mark.parametrize("seed", range(16))
def test_no_hinge_exceeds_the_pricing_interval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centers, radii = mixed_sites(rng, int(rng.integers(3, 9)))
    if seed >= 12:  # nearly touching balls, where a wrong end of an arc shows
        radii[:2] = 0.4999 * np.linalg.norm(centers[0] - centers[1])
        radii[2:] = 0.0
    dual = Dual.random(rng, centers, radii, outputs=int(rng.integers(1, 6)))
    interval, found = dual.interval(), dual.search(rng)
    # Between nearly touching balls the rounding of the search itself is magnified.
    assert found <= interval.upper * (1 + (1e-12 if seed < 12 else 1e-9))
    assert found >= interval.lower * (1 - 2e-11)
    assert interval.upper - interval.lower <= 1e-11 * interval.upper


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), turn=st.floats(0, 7), log_scale=st.integers(-6, 6))
def test_pricing_does_not_depend_on_the_coordinates(seed: int, turn: float, log_scale: int) -> None:
    rng = np.random.default_rng(seed)
    centers, radii = mixed_sites(rng, 6)
    dual = Dual.random(rng, centers, radii)
    expected = dual.interval().upper
    scale = 10.0**log_scale
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    order = rng.permutation(6)
    shift = 10 * scale * rng.normal(size=2)
    moved = Dual(
        (scale * centers @ R.T + shift)[order],
        scale * radii[order],
        dual.values[order] / scale,
        (dual.jacobians @ R.T)[order],
    )
    assert moved.interval().upper == pytest.approx(expected, rel=1e-9)


def test_samples_of_a_line_within_the_plane(rng: np.random.Generator) -> None:
    # Both sides of the line's direction order its samples differently: the angle itself counts.
    for turn in (0.0, np.pi / 2, 1.0):
        along = np.array([np.cos(turn), np.sin(turn)])
        centers = np.vstack(
            [np.outer([0.0, 1.0], along), [[3.0, -2.0]], np.outer([2.0, 3, 5, 8], along)]
        )
        dual = Dual.random(rng, centers, np.zeros(len(centers)))
        interval, found = dual.interval(), dual.search(rng)
        assert interval.lower * (1 - 1e-9) <= found <= interval.upper * (1 + 1e-12)


@pytest.mark.parametrize("turn", [0.0, np.pi / 4, 1.234])
@pytest.mark.parametrize(("normal", "row"), [((1.0, 1.0), 2.0), ((2.0, 1.0), 3.0)])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_grid_whose_rows_leave_room_for_a_single_line(
    normal: tuple[float, float], row: float, turn: float, shift: float
) -> None:
    # Rows across the normal are 2 rho apart: this one touches three balls of the line, from both
    # sides, so that it cannot turn.  Only its pattern collects all positive multipliers.
    rho = 0.5 / float(np.linalg.norm(normal))
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    grid = np.array([(i, j) for i in range(3) for j in range(3)], dtype=float)
    beyond = grid @ normal >= row
    weights = np.where(beyond, 1 / beyond.sum(), -1 / (~beyond).sum())
    direction = R @ normal / np.linalg.norm(normal)
    dual = Dual(
        grid @ R.T + shift,
        np.full(9, rho),
        np.zeros((9, 1)),
        weights[:, None, None] * direction,
    )
    # Of balls that touch up to rounding the line may or may not cut one: both are right.
    for factor in (1.0, 1 - 1e-12):
        touching = replace(dual, radii=factor * dual.radii)
        upper = touching.interval().upper
        if factor < 1.0:
            assert upper == pytest.approx(1.0, rel=1e-6)
        assert upper <= 1 + 1e-6
    assert replace(dual, radii=dual.radii * (1 + 1e-9)).interval().upper < 0.9


@pytest.mark.parametrize("turn", [0.0, np.pi, 0.7])
def test_balls_that_touch_a_common_line_from_both_sides(turn: float) -> None:
    # One line separates the two rows; unturned its normal is at angle 0, the seam of the sweep.
    # No other normal or pattern collects all the Jacobian multipliers of the right row.
    rho = 0.3
    heights = np.array([0.0, 1.0, 2.0, 0.5, 1.5, 5.0])
    sides = np.repeat([-1.0, 1.0], 3)
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centers = np.column_stack([rho * sides, heights]) @ R.T
    jacobians = np.column_stack([sides, 0 * sides])[:, None, :] @ R.T
    dual = Dual(centers, np.full(6, rho), np.zeros((6, 1)), jacobians)
    assert dual.interval().upper == pytest.approx(3.0, rel=1e-10)
    assert replace(dual, radii=dual.radii * (1 + 1e-9)).interval().upper < 2.999


def test_coinciding_and_nested_sites(rng: np.random.Generator) -> None:
    centers = np.array([[0.0, 0], [3, 0], [0, 3], [0, 0], [0.1, 0.1], [0, 0], [3, 0]])
    radii = np.array([1.0, 0.5, 0.0, 0.4, 0.2, 0.0, 0.5])
    dual = Dual.random(rng, centers, radii)
    interval, found = dual.interval(), dual.search(rng)
    assert interval.lower * (1 - 1e-9) <= found <= interval.upper * (1 + 1e-12)


def test_no_feasible_hinge_prices_at_zero() -> None:
    # A triangular lattice of large balls that no line separates.
    rows = [(i + 0.5 * (j % 2), j * np.sqrt(3) / 2) for j in range(4) for i in range(4)]
    order = [0, 1, 4, 2, 3, *range(5, 16)]  # the first three are not collinear
    rng = np.random.default_rng(0)
    interval = Dual.random(rng, np.array(rows)[order], np.full(16, 0.45)).interval()
    assert interval.lower < 1e-12
    assert interval.upper < 1e-9


def test_many_balls(rng: np.random.Generator) -> None:
    axis = np.arange(9.0)
    centers = np.array([(i, j) for i in axis for j in axis])
    centers += rng.uniform(-0.3, 0.3, centers.shape)
    dual = Dual.random(rng, centers, np.full(81, 0.02))
    interval = dual.interval()
    assert 0 < interval.upper - interval.lower < 1e-11 * interval.upper
