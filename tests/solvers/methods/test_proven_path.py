"""The central path around an oracle: its parts.  `test_pricing_patterns` has whole runs."""

from __future__ import annotations

import numpy as np

import convexden as cd
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import distinct
from convexden.solvers.methods.path_prices import nearest_pairs
from convexden.solvers.methods.proven_path import LocalPathState
from convexden.solvers.patterns.vertices import simplex_vertices
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.local import LocalPricing


def simplex(sites: int) -> cd.Interpolation:
    points = np.random.default_rng(sites).standard_normal((sites, sites - 1))
    return Reduction.of(cd.denoising(points, radius=0.1)).problem


def test_vertices_are_those_of_all_faces() -> None:
    for sites in (4, 5):
        problem = simplex(sites)
        found, wanted = simplex_vertices(problem), FacePricing(problem).vertices()
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
    hinges = simplex_vertices(problem)[np.arange(3)]
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
