"""The steps of the central path: linear systems, and what the network misses after a step."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.methods import central_path_direction, central_path_system
from convexden.solvers.methods.central_path import iterate
from convexden.solvers.methods.central_path_direction import DirectionSettings, direction
from convexden.solvers.methods.central_path_state import PathState
from convexden.solvers.methods.central_path_system import Indefinite, SystemSettings
from convexden.solvers.methods.normal_equations import Cholesky
from convexden.solvers.pricing.plane import PlanePricing
from convexden.solving.interpolation import solve


def discs(count: int, seed: int) -> Interpolation:
    points = np.random.default_rng(seed).random((count, 2))
    return denoising(points, radius=0.2 * pdist(points).min() / 2)


def samples(count: int) -> Interpolation:
    rng = np.random.default_rng(count)
    return Interpolation(rng.random((count, 2)), rng.standard_normal((count, 2)))


def after(problem: Interpolation, iterations: int) -> PathState:
    """The iterate after some iterations."""
    reduced = Reduction.of(problem).problem
    state = PathState(constraints_of(reduced), PlanePricing(reduced))
    assert state.begin()
    for _ in range(iterations):
        assert iterate(state, state.working())
    return state


def test_heavy_prices_as_unknowns_give_the_same_step():
    """A system that elimination solves as well, as no slack is tiny."""
    state = after(discs(10, seed=1), 0)
    working = state.working()
    aims = np.full(len(working.prices), 1e-3)
    working = replace(working, slacks=np.where(np.arange(len(aims)) % 3, working.slacks, 1e-3))
    factor = working.factor(False)
    assert isinstance(factor, Indefinite)
    assert 0 < factor.heavy.sum() < len(aims)
    step = working.step(factor, state.targets, aims)
    plain = Cholesky(working._matrix(working.prices / working.slacks))
    other = working.step(plain, state.targets, aims)
    for name in ("multipliers", "prices"):
        ours, theirs = getattr(step, name), getattr(other, name)
        assert np.abs(ours - theirs).max() < 1e-8 * np.abs(theirs).max()


def test_a_step_leaves_of_what_the_network_misses_the_rest_but_for_second_order():
    """Free hinges are led to where the step has their price times motion."""
    state = after(samples(40), 14)
    working = state.working()
    assert len(working.owners) > 3
    step, _ = direction(state, working)
    before = working.missed(working.prices, state.targets)
    assert working.left(step, state.targets) < 1e-9 * np.linalg.norm(state.targets)
    errors = []
    for length in (1e-1, 1e-2, 1e-3):
        trial = copy(state)
        trial.advance(step, length, np.asarray(state.features @ step.multipliers))
        moved, held = trial._moved
        assert not held.any()
        assert np.abs(moved.normals - state.free.normals).max() > 0.0
        trial.free, trial.free_features = moved, state.constraints.features(moved)
        after_it = trial.working()
        missed = after_it.missed(after_it.prices, state.targets)
        errors.append(float(np.linalg.norm(missed - (1.0 - length) * before)))
    assert errors[0] > 50 * errors[1] > 2500 * errors[2]


def test_where_rounding_counts_heavy_prices_become_unknowns(monkeypatch):
    """A system of more unknowns than are solved so by default."""
    monkeypatch.setattr(central_path_system, "SETTINGS", SystemSettings(small=0))
    problem = samples(40)
    costs = []
    for left, accurate in ((np.inf, False), (0.0, True)):
        monkeypatch.setattr(central_path_direction, "SETTINGS", DirectionSettings(left=left))
        state = after(problem, 8)
        assert state.accurate is accurate
        assert isinstance(state.working().factor(state.accurate), Indefinite) is accurate
        costs.append(solve(problem, method="central-path").cost)
    assert costs[0] == pytest.approx(costs[1], rel=1e-9)
