"""Methods: the certified optimum, true bounds whenever they stop, and who may prove."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import Array, random_problem, random_sites

from convexden import Interpolation, denoising
from convexden.arithmetic.float64 import EPS
from convexden.certificate import Certificate
from convexden.reduction import Reduction
from convexden.running.clock import Stopped
from convexden.solution import Progress
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import Hinges
from convexden.solvers.methods import exchange
from convexden.solvers.methods.central_path import CentralPath
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.methods.exchange import Exchange
from convexden.solvers.methods.newton import merged
from convexden.solvers.methods.proven_path import ProvenPath
from convexden.solvers.pricing import ExactPricing, Pricing
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.local import LocalPricing
from convexden.solvers.pricing.plane import PlanePricing
from convexden.solvers.pricing.quick_faces import QuickFaces
from convexden.verification import examine, judge

ROUNDING = 1e-10  # multipliers are large where balls are close, and so are errors of their prices


def simplex(seed: int, dimension: int) -> Interpolation:
    rng = np.random.default_rng([seed, dimension])
    points = rng.standard_normal((dimension + 1, dimension))
    edges = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(dimension + 1)
    return Reduction.of(denoising(points, radius=rng.uniform(0.05, 0.8) * edges.min() / 2)).problem


CASES = {
    **{f"simplex {d}, {seed}": simplex(seed, d) for d in (2, 3, 4) for seed in range(3)},
    "8 sites in space": Reduction.of(random_sites(0, 8, 3, "balls", 3)).problem,
    "8 samples in space": Reduction.of(random_sites(1, 8, 3, "samples", 2)).problem,
    "mixed radii": Reduction.of(random_sites(2, 7, 3, "mixed", 2)).problem,
    "scalar": Reduction.of(random_sites(3, 7, 3, "mixed", 1)).problem,
    "plane": Reduction.of(random_problem(2, "mixed", sites=8)).problem,
}


def method_on(problem: Interpolation, **options) -> CentralPath:
    exact = PlanePricing if problem.input_dimension == 2 else FacePricing
    return CentralPath(constraints_of(problem), exact(problem), 1e-8, **options)


def assert_verified(loop: Exchange, gap: float = 1e-8) -> None:
    """Network and multipliers, judged by code that the solvers do not share."""
    network = loop.network()
    assert network is not None
    values, jacobians = loop.constraints.multipliers(loop.incumbent.proof)
    stated = Certificate(values, jacobians, loop.incumbent.proven, 1.0, "exact-faces")
    evidence = examine(loop.constraints.problem, network, stated)
    checked = judge(evidence, evidence.restate(stated), cost=loop.incumbent.cost)
    assert checked.passed, checked.reasons
    # What exact pricing proves and what is established differ by rounding.
    assert checked.pricing_maximum == pytest.approx(1.0, rel=ROUNDING)
    assert checked.lower_bound == pytest.approx(loop.incumbent.proven, rel=ROUNDING)
    assert checked.relative_gap <= gap


SLOW = "simplex 4, 2"


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.slow] * (name == SLOW)) for name in CASES],
)
def solved(request) -> tuple[Interpolation, CentralPath, list[Progress]]:
    steps: list[Progress] = []
    loop = method_on(CASES[request.param], report=steps.append)
    loop.run()
    return CASES[request.param], loop, steps


def test_it_ends_with_a_certified_optimum(solved):
    _, loop, _ = solved
    assert_verified(loop)
    assert loop.incumbent.proven == loop.incumbent.lower


# On the last simplex column generation takes long, and verification says the same.
@pytest.mark.parametrize("solved", sorted(set(CASES) - {"simplex 4, 2"}), indirect=True)
def test_it_is_the_optimum_of_column_generation(solved):
    problem, loop, _ = solved
    exact = PlanePricing if problem.input_dimension == 2 else FacePricing
    other = ColumnGeneration(constraints_of(problem), exact(problem), 1e-8).run()
    gap = max(loop.incumbent.gap, other.gap)
    assert gap <= 1e-8
    assert loop.incumbent.cost == pytest.approx(other.cost, rel=max(10 * gap, 1e-10))


def test_what_it_reports_is_true_in_every_round(solved):
    _, loop, steps = solved
    best = loop.incumbent
    assert [step.round for step in steps] == list(range(1, len(steps) + 1))
    lowers = np.array([step.lower_bound for step in steps])
    costs = np.array([step.cost for step in steps])
    assert (lowers <= best.cost * (1 + 1e-10)).all()
    assert (costs >= best.proven * (1 - 1e-10)).all()
    # What the path believes of itself is priced again at its end: the last bit may change.
    assert (np.diff(lowers) >= -4 * EPS * best.cost).all()
    assert (np.diff(costs[np.isfinite(costs)]) <= 0).all()


@pytest.mark.parametrize("name", ["simplex 4, 0", "8 sites in space", "mixed radii"])
def test_bounds_are_true_when_it_is_interrupted(name):
    problem = CASES[name]
    best = method_on(problem).run()
    for last in sorted({1, 2, best.rounds // 2, best.rounds}):

        def interrupt(step: Progress, last=last) -> None:
            if step.round == last:
                raise Stopped

        loop = method_on(problem, report=interrupt)
        with pytest.raises(Stopped):
            loop.run()
        assert loop.incumbent.rounds == last
        loop.prove()
        assert 0 < loop.incumbent.proven <= best.cost * (1 + 1e-10)
        assert loop.incumbent.cost >= best.proven * (1 - 1e-10)
        assert_verified(loop, 1.0)


# ---------------------------------------------------------------- quick and exact


class Blind(Pricing):
    """Sees every other local maximum, and never the greatest."""

    def __init__(self, exact: FacePricing) -> None:
        self.exact, self.problem, self.calls = exact, exact.problem, 0

    def maxima(self, values, jacobians, floor, limit=None):
        self.calls += 1
        found, heights = self.exact.maxima(values, jacobians, min(floor, 0.2), limit)
        start = 1 if len(heights) > 2 else 0
        return found[start::2], heights[start::2]

    def patterns(self):
        return self.exact.patterns()

    def initial(self, count):
        return self.exact.initial(count)

    def spanning(self):
        return self.exact.spanning()

    def tangents(self, hinges):
        return self.exact.tangents(hinges)

    def moved(self, hinges, steps):
        return self.exact.moved(hinges, steps)


class Misled(FacePricing):
    """Exact, with a quick pricer that is not."""

    def quick(self) -> Pricing:
        self.blind = Blind(FacePricing(self.problem))
        return self.blind


@pytest.mark.parametrize(
    ("method", "name"), [(CentralPath, "mixed radii"), (ColumnGeneration, "8 samples in space")]
)
def test_believed_bounds_are_proven_before_it_ends(method, name):
    """However wrong the quick pricer is, no false bound is reported, and none is left."""
    problem = CASES[name]
    best = method_on(problem).run()
    steps: list[Progress] = []
    pricing = Misled(problem)
    loop = method(constraints_of(problem), pricing, 1e-8, report=steps.append)
    loop.run()
    loop.prove()
    assert pricing.blind.calls > 0
    assert all(step.lower_bound <= best.cost * (1 + 1e-10) for step in steps)
    assert loop.incumbent.proven <= best.cost * (1 + 1e-10)
    assert loop.incumbent.lower == loop.incumbent.proven
    assert_verified(loop, 1.0)


class Quick(FacePricing):
    """With the quick pricer that many faces have, on few."""

    def quick(self) -> Pricing:
        return QuickFaces(self)


@pytest.mark.parametrize("name", ["8 sites in space", "simplex 4, 0", "mixed radii"])
def test_a_run_that_reaches_its_goal_has_proven_it(name):
    """By itself, without anybody asking for the proof."""
    problem = CASES[name]
    loop = ProvenPath(constraints_of(problem), Quick(problem), 1e-8)
    bounds = loop.run()
    assert bounds.gap <= 1e-8
    assert bounds.proven == bounds.lower > 0
    assert_verified(loop)


def test_quick_faces_are_never_above_exact_ones_and_find_the_same_nearby():
    problem = CASES["8 sites in space"]
    constraints, exact = constraints_of(problem), FacePricing(problem)
    quick, reference = QuickFaces(exact), FacePricing(problem)
    rng = np.random.default_rng(0)
    multipliers = rng.standard_normal(constraints.targets.shape)
    same = 0
    for size in np.repeat([0.0, 1e-3, 1e-2, 0.1], 5):
        multipliers = multipliers + size * rng.standard_normal(multipliers.shape)
        dual = constraints.multipliers(multipliers)
        heights, all_heights = quick.maxima(*dual, 0.3)[1], reference.maxima(*dual, 0.3)[1]
        assert heights[0] <= all_heights[0] * (1 + 1e-12)
        assert (np.abs(heights[:, None] - all_heights).min(axis=1) <= 1e-9 * all_heights[0]).all()
        same += heights[0] >= all_heights[0] * (1 - 1e-12)
        if size <= 1e-3:
            assert heights[0] == pytest.approx(all_heights[0], rel=1e-12)
    assert same >= 18
    far = constraints.multipliers(rng.standard_normal(multipliers.shape))
    assert quick.maxima(*far, 0.3)[1][0] <= reference.maxima(*far, 0.3)[1][0] * (1 + 1e-12)


def test_only_exact_pricers_are_called_so():
    problem = CASES["simplex 3, 0"]
    assert isinstance(FacePricing(problem), ExactPricing)
    assert isinstance(PlanePricing(CASES["plane"]), ExactPricing)
    assert not isinstance(LocalPricing(problem), ExactPricing)
    assert not isinstance(QuickFaces(FacePricing(problem)), ExactPricing)


@pytest.mark.parametrize("method", [ProvenPath, ColumnGeneration])
def test_proposals_prove_nothing(method):
    """The believed bound is the optimum, and still none of it is proven or reported."""
    problem = CASES["simplex 3, 1"]
    steps: list[Progress] = []
    loop = method(constraints_of(problem), LocalPricing(problem), 1e-8, report=steps.append)
    bounds = loop.run()
    loop.prove()
    assert bounds.cost == pytest.approx(method_on(problem).run().cost, rel=1e-6)
    assert bounds.lower > 0
    assert bounds.proven == 0.0
    assert not bounds.proof.any()
    assert steps
    assert all(step.lower_bound == 0.0 for step in steps)


# ---------------------------------------------------------------- merging


def hinges_at(biases: Array, patterns: Array) -> Hinges:
    count = len(biases)
    none = np.zeros(count, dtype=np.intp)
    return Hinges(
        np.tile([1.0, 0.0], (count, 1)),
        np.asarray(biases, dtype=float),
        np.asarray(patterns, dtype=bool),
        none,
        none,
        np.ones(count, dtype=bool),
    )


def test_near_hinges_of_one_pattern_hand_their_weights_to_the_heaviest():
    one, other = [True, False], [True, True]
    hinges = hinges_at([0.0, 0.005, 0.3, 0.006, -0.004], [one, one, one, other, one])
    merged_hinges, weights = merged(hinges, np.array([1.0, 3.0, 0.5, 2.0, 0.25]), 0.0095)
    assert merged_hinges.biases.tolist() == [0.005, 0.006, 0.3]
    assert weights.tolist() == [4.25, 2.0, 0.5]


def test_without_room_nothing_merges():
    hinges = hinges_at([0.0, 0.1, 0.2], [[True, False]] * 3)
    kept, weights = merged(hinges, np.array([1.0, 2.0, 3.0]), 1e-3)
    assert sorted(kept.biases) == [0.0, 0.1, 0.2]
    assert sorted(weights) == [1.0, 2.0, 3.0]


def test_a_network_that_needs_its_light_hinges_keeps_them(monkeypatch):
    """Far from the optimum the heavy hinges are tried alone; that they cost too much says nothing
    against the network of all."""
    loop = method_on(CASES["mixed radii"])
    best = loop.run()
    norms = np.linalg.norm(best.weights, axis=1)
    assert norms.min() < 0.5 * norms.max()
    other = method_on(CASES["mixed radii"])
    other.incumbent.cost, other.incumbent.lower = 1.01 * best.cost, 0.9 * best.cost
    monkeypatch.setattr(exchange, "_LIGHT", (0.5, 1e-12))
    other._improve_cost(best.hinges, other.constraints.features(best.hinges), best.weights)
    assert other.incumbent.cost == pytest.approx(best.cost, rel=1e-9)
