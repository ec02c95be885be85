"""Quadratic models: the dual constraint next to its maxima, to third order in the change."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import Array, random_problem, random_sites

from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.solvers.constraints import Constraints, constraints_of
from convexden.solvers.hinges import Hinges
from convexden.solvers.methods.quadratic_models import quadratic_models
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
        self.columns = self.constraints.features(found)
        self.owners, self.bends = quadratic_models(
            self.constraints, self.pricing, found, self.start
        )

    def maxima(self, multipliers: Array) -> tuple[Hinges, Array]:
        found, heights = self.pricing.maxima(*self.constraints.multipliers(multipliers), 0.0)
        # Not those beyond all sites, and none of the faces that have two, of which one may vanish.
        counts = np.bincount(found.faces)
        alone = np.flatnonzero((counts[found.faces] == 1) & (heights > 0.1))
        return found[alone], heights[alone]

    def squares(self, multipliers: Array) -> Array:
        """|B_k Z|^2, written out."""
        found = np.sum((self.columns @ multipliers) ** 2, axis=1)
        for row, owner in zip(self.bends, self.owners, strict=True):
            found[owner] += (row @ multipliers.ravel()) ** 2
        return found

    def at(self, size: float) -> tuple[Array, Array, Hinges, Array]:
        """Of the quadratic models whose face still has one maximum after this change: which, the
        squares by the model, and hinges and heights by exact pricing."""
        multipliers = self.start + size * self.change
        found, heights = self.maxima(multipliers)
        _, mine, theirs = np.intersect1d(
            self.hinges.faces, found.faces, assume_unique=True, return_indices=True
        )
        return mine, self.squares(multipliers)[mine], found[theirs], heights[theirs]


@pytest.fixture(scope="module", params=CASES)
def setting(request) -> Setting:
    return Setting(CASES[request.param])


def test_at_the_start_the_model_is_exact(setting):
    np.testing.assert_allclose(setting.squares(setting.start), setting.heights**2, rtol=1e-9)
    bends = setting.bends
    assert np.abs(bends).max() >= 1e-2
    scale = np.linalg.norm(bends, axis=1).max() * np.linalg.norm(setting.start)
    assert np.abs(bends @ setting.start.ravel()).max() <= 1e-7 * scale


def test_the_error_is_of_third_order(setting):
    """A tenth of the change leaves a thousandth of the error; without the bends a hundredth."""
    errors, without = [], []
    both = np.intersect1d(setting.at(1e-2)[0], setting.at(1e-3)[0])
    both = both[np.isin(both, setting.owners)]
    assert both.size
    for size in (1e-2, 1e-3):
        mine, model, _, heights = setting.at(size)
        assert len(mine) >= 0.7 * len(setting.hinges)
        multipliers = setting.start + size * setting.change
        first = np.sum((setting.columns @ multipliers) ** 2, axis=1)[mine]
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
    held = ~np.isin(mine, setting.owners)
    np.testing.assert_allclose(model[held], heights[held] ** 2, rtol=1e-10)
