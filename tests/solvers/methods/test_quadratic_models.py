"""Quadratic models: the dual constraint next to its maxima, to third order in the change."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import Array, Lines, dual_vectors, random_problem, random_sites

from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.solvers.constraints import Constraints, constraints_of
from convexden.solvers.hinges import Hinges
from convexden.solvers.methods.quadratic_models import (
    QuadraticModels,
    flat,
    moved,
    quadratic_models,
)
from convexden.solvers.pricing.faces import FacePricing

CASES = {
    "plane": random_problem(2, "balls", sites=5, outputs=2),
    "scalar": random_problem(2, "mixed", sites=5, outputs=1),
    "samples in space": random_sites(0, 9, 3, "samples", 2),
    "mixed in space": random_sites(1, 6, 3, "mixed", 3),
    "simplex": random_sites(2, 5, 4, "balls", 4),
}


ROUNDING = 1e-13  # of heights of about one


class Setting:
    """Local maxima at random multipliers, their quadratic models, and a direction to go."""

    def __init__(self, problem: Interpolation) -> None:
        self.problem = Reduction.of(problem).problem
        self.constraints: Constraints = constraints_of(self.problem)
        self.pricing = FacePricing(self.problem)
        rng = np.random.default_rng(0)
        self.start: Array = rng.standard_normal(self.constraints.targets.shape)
        self.change: Array = rng.standard_normal(self.start.shape)
        found, self.heights = self.maxima(self.start)
        self.hinges = found
        self.model = quadratic_models(self.constraints, self.pricing, found, self.start)

    def maxima(self, multipliers: Array) -> tuple[Hinges, Array]:
        found, heights = self.pricing.maxima(*self.constraints.multipliers(multipliers), 0.0)
        # Not those beyond all sites, and none of the faces that have two, of which one may vanish.
        counts = np.bincount(found.faces)
        alone = np.flatnonzero((counts[found.faces] == 1) & (heights > 0.1))
        return found[alone], heights[alone]

    def at(self, size: float) -> tuple[Array, Array, Hinges, Array]:
        """Of the quadratic models whose face still has one maximum after this change: which, the
        squares by the model, and hinges and heights by exact pricing."""
        multipliers = self.start + size * self.change
        found, heights = self.maxima(multipliers)
        _, mine, theirs = np.intersect1d(
            self.hinges.faces, found.faces, assume_unique=True, return_indices=True
        )
        return mine, squares(self.model, multipliers)[mine], found[theirs], heights[theirs]


def squares(model: QuadraticModels, multipliers: Array) -> Array:
    """|B_k Z|^2, written out."""
    found = np.sum((model.columns @ multipliers) ** 2, axis=1)
    for row, owner in zip(model.bends, model.owners, strict=True):
        found[owner] += (row @ multipliers.ravel()) ** 2
    return found


@pytest.fixture(scope="module", params=CASES)
def setting(request) -> Setting:
    return Setting(CASES[request.param])


def test_at_the_start_the_model_is_exact(setting):
    np.testing.assert_allclose(squares(setting.model, setting.start), setting.heights**2, rtol=1e-9)
    bends = setting.model.bends
    assert np.abs(bends).max() >= 1e-2
    scale = np.linalg.norm(bends, axis=1).max() * np.linalg.norm(setting.start)
    assert np.abs(bends @ setting.start.ravel()).max() <= 1e-7 * scale


def test_the_error_is_of_third_order(setting):
    """A tenth of the change leaves a thousandth of the error; without the bends a hundredth."""
    errors, without = [], []
    both = np.intersect1d(setting.at(1e-2)[0], setting.at(1e-3)[0])
    both = both[np.isin(both, setting.model.owners)]
    assert both.size
    for size in (1e-2, 1e-3):
        mine, model, _, heights = setting.at(size)
        assert len(mine) >= 0.7 * len(setting.hinges)
        multipliers = setting.start + size * setting.change
        first = np.sum((setting.model.columns @ multipliers) ** 2, axis=1)[mine]
        assert (first <= heights**2 * (1 + 1e-9)).all()  # a hinge of the face is below its maximum
        order = np.argsort(mine)
        same = order[np.searchsorted(mine, both, sorter=order)]
        errors.append(np.abs(model - heights**2)[same])
        without.append((heights**2 - first)[same])
    # The model of some quadratic models of one output is exact.
    exact = errors[0] <= ROUNDING
    assert not exact.all()
    assert (errors[1][exact] <= ROUNDING).all()
    errors, without = ([np.median(each[~exact]) for each in part] for part in (errors, without))
    assert errors[1] <= errors[0] / 250
    assert without[0] / 200 <= without[1] <= without[0] / 50
    assert errors[1] <= without[1] / 30


def test_hinges_that_are_held_have_an_exact_model(setting):
    mine, model, _, heights = setting.at(1e-3)
    held = ~np.isin(mine, setting.model.owners)
    np.testing.assert_allclose(model[held], heights[held] ** 2, rtol=1e-10)


def test_moved_hinges_are_where_exact_pricing_finds_them(setting):
    """Their distance is of second order, that of those which stay of first."""
    far, near = [], []
    for size in (1e-3, 1e-4):
        mine, _, found, _ = setting.at(size)
        free = np.isin(mine, setting.model.owners)
        ahead = moved(setting.model, setting.pricing, setting.start + size * setting.change)
        far.append(np.median(np.abs(setting.hinges[mine].normals - found.normals)[free]))
        near.append(np.median(np.abs(ahead[mine].normals - found.normals)[free]))
        z = ahead.normals @ setting.problem.centers.T + ahead.biases[:, None]
        slack = np.where(ahead.patterns, z, -z) - setting.problem.radii
        assert slack[mine].min() >= -20 * size**2
    assert far[0] / 20 <= far[1] <= far[0] / 5
    assert near[1] <= near[0] / 30
    assert near[1] <= far[1] / 30


def test_flat_hinges_are_the_dual_constraint_at_all_multipliers(setting):
    model = flat(setting.constraints, setting.hinges, setting.start.shape[1])
    assert len(model.bends) == 0
    for multipliers in (setting.start, setting.change):
        values, jacobians = setting.constraints.multipliers(multipliers)
        h = setting.hinges
        lines = Lines(h.normals, h.biases, h.patterns, h.pivots)
        vectors = dual_vectors(setting.problem, lines, values, jacobians)
        expected = np.sum(vectors**2, axis=1)
        np.testing.assert_allclose(squares(model, multipliers), expected, atol=1e-10)


def test_parts_and_sums_of_models(setting):
    model, z = setting.model, setting.start + setting.change
    both = model + flat(setting.constraints, setting.hinges, z.shape[1])
    assert len(both) == 2 * len(model)
    chosen = np.array([len(model) - 1, 0, len(model)])
    np.testing.assert_allclose(squares(both[chosen], z), squares(both, z)[chosen], rtol=1e-13)
    # The bends count: without them the sum would be the first-order model twice.
    assert (squares(both, z)[: len(model)] > squares(both, z)[len(model) :] * (1 + 1e-6)).any()
