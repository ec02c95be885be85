"""The central path around an oracle: its parts.  `test_pricing_patterns` has whole runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import convexden as cd
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import distinct
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.methods.path_prices import nearest_pairs
from convexden.solvers.methods.proven_path import SETTINGS, LocalPathState, ProvenPath
from convexden.solvers.patterns.faces import simplex_patterns
from convexden.solvers.patterns.vertices import simplex_vertices
from convexden.solvers.pricing import faces
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.local import LocalPricing
from convexden.solvers.pricing.quick_faces import QuickFaces


def simplex(sites: int) -> cd.Interpolation:
    points = np.random.default_rng(sites).standard_normal((sites, sites - 1))
    return Reduction.of(cd.denoising(points, radius=0.1)).problem


def test_vertices_are_those_of_all_faces() -> None:
    for sites in (4, 5):
        problem = simplex(sites)
        found, wanted = (
            simplex_vertices(problem, simplex_patterns(sites)),
            FacePricing(problem).vertices(),
        )
        # Those with all sites on one side are no hinges: they enter no row.
        wanted = wanted[~wanted.patterns.all(axis=1)]
        assert found.patterns[:, 0].all()
        assert found.depths(problem).max() <= 1e-11
        touched = np.abs(found.depths(problem)) <= 1e-9
        assert (touched.sum(axis=1) >= sites - 1).all()
        assert len(found) == len(wanted)
        assert len(distinct(found + wanted, 1e-8)) == len(wanted)


def test_a_new_maximum_takes_no_price_of_one_next_to_it() -> None:
    problem = simplex(4)
    hinges = simplex_vertices(problem, simplex_patterns(4))[np.arange(3)]
    one = np.zeros(3, dtype=np.intp)
    # The first found is new; the second is where the only one before was.
    assert nearest_pairs(hinges[np.array([2, 0])], one[:2], hinges[one[:1]], one[:1]) == [(1, 0)]
    other = np.array([1, 0])
    assert nearest_pairs(hinges[other], other, hinges[one[:1]], one[:1]) == [(1, 0)]


def test_hinges_that_were_missed_join_with_room_to_one() -> None:
    problem = simplex(5)
    state = LocalPathState(constraints_of(problem), LocalPricing(problem))
    assert state.begin()
    before = state.objective
    state.scale(1.2 / 0.7)
    values, jacobians = state.constraints.multipliers(state.multipliers)
    above, heights = LocalPricing(problem).maxima(values, jacobians, 1.0)
    assert heights[0] > 1.0
    count = len(state.chosen)
    assert state.caught(above, 0.01)
    features = state.constraints.features(above)
    heights = np.linalg.norm(features @ state.multipliers, axis=1)
    assert heights.max() <= 0.99 * (1 + 1e-12)
    assert len(state.chosen) == count + len(above)
    assert state.prices.min() > 0.0
    assert before < state.objective
    assert not state.caught(above, 0.01)


def test_what_was_missed_is_met_next_to_proven_multipliers() -> None:
    problem = simplex(5)
    exact = FacePricing(problem)
    state = LocalPathState(constraints_of(problem), LocalPricing(problem))
    assert state.begin()
    # Multipliers inside, and others with the same objective that are not.
    values = state.constraints.multipliers(state.multipliers)
    state.inside = inside = state.multipliers / exact.maxima(*values, 0.0)[1][0]
    aside = np.random.default_rng(0).standard_normal(inside.shape)
    aside -= np.sum(aside * state.targets) / np.sum(state.targets**2) * state.targets
    state.multipliers = inside + 1.5 * aside * np.linalg.norm(inside) / np.linalg.norm(aside)
    state.columns = np.asarray(state.features @ state.multipliers)
    above, heights = exact.maxima(*state.constraints.multipliers(state.multipliers), 1.0)
    assert heights[0] > 1.0
    before, scaled = state.objective, state.objective * 0.999 / heights[0]
    state.meet(above, 0.001)
    features = state.constraints.features(above)
    assert np.linalg.norm(features @ state.multipliers, axis=1).max() <= 0.999 * (1 + 1e-12)
    assert scaled < 0.9 * state.objective < 0.9 * before
    assert np.allclose(state.columns, state.features @ state.multipliers, rtol=0, atol=1e-12)
    assert state.maximum < 1.0


def test_late_misses_join_the_state_to_go_back_to() -> None:
    problem = simplex(5)
    state = LocalPathState(constraints_of(problem), LocalPricing(problem))
    assert state.begin()
    kept = state.multipliers
    state.keep_way_back()
    state.scale(1.3)
    values = state.constraints.multipliers(state.multipliers)
    above = LocalPricing(problem).maxima(*values, 0.85)[0]
    state.meet(above, SETTINGS.back)  # not late
    assert not np.array_equal(state.multipliers, kept)
    state.meet(above, SETTINGS.back / 10)
    assert np.array_equal(state.multipliers, kept)
    assert len(state.vertices) == len(state.features) == len(state.columns)
    assert state.kept is not None


class Nearby(FacePricing):
    """Exact pricing that leaves the path to the faces near to recent maxima."""

    def quick(self) -> QuickFaces:
        return QuickFaces(self)


def test_a_bound_above_the_cost_is_refuted() -> None:
    problem = simplex(5)
    loop = ProvenPath(constraints_of(problem), Nearby(problem), 1e-8)
    bounds = loop.run()
    assert bounds.gap <= 1e-8
    state = loop._state(loop.pricing)
    assert state.begin()
    state.multipliers, state.maximum = 1.01 * bounds.proof, 1.0  # as if nothing had been seen
    before = bounds.lower
    loop._believe(state)
    assert bounds.lower == before
    assert loop._missed is not None
    missed = loop.constraints.features(loop._missed) @ state.multipliers
    assert np.linalg.norm(missed, axis=1).min() > 1.0
    loop._join(state, 1e-2)
    assert np.linalg.norm(state.features @ state.multipliers, axis=1).max() <= 0.99 * (1 + 1e-12)


@pytest.mark.parametrize(("count", "dimension"), [(5, 4), (7, 4), (9, 3)])
def test_led_by_few_faces_it_certifies_the_same_cost(count, dimension, monkeypatch) -> None:
    points = np.random.default_rng(count).standard_normal((count, dimension))
    problem = cd.denoising(points, radius=0.1)
    every = cd.solve(problem)
    monkeypatch.setattr(faces, "SETTINGS", replace(faces.SETTINGS, many=0, many_in_space=0))
    monkeypatch.setattr(ColumnGeneration, "run", lambda self, start=None: self.incumbent)
    nearby = cd.solve(problem)
    assert every.certified
    assert nearby.certified
    assert nearby.cost == pytest.approx(every.cost, rel=1e-8)
