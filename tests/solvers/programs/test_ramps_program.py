"""The ramp program: a network that interpolates, at the cost of the formula, above the optimum."""

from __future__ import annotations

from itertools import product

import cvxpy as cp
import numpy as np
import pytest
from numpy.typing import NDArray
from oracles import (
    Lines,
    dual_vectors,
    equilateral,
    random_problem,
    random_sites,
    unit_vectors,
)

from convexden import (
    InfeasibleProblem,
    Interpolation,
    NotCertified,
    TooLarge,
    denoising,
    solve,
)
from convexden.data import regular_simplex
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.hinges import Hinges
from convexden.solvers.patterns.ramps import widest_ramps
from convexden.solvers.programs.ramps import RampSolution, solve_ramps
from convexden.solvers.programs.restricted_master import solve_with_cvxpy
from convexden.verification import site_errors

Flags = NDArray[np.bool_]


def every_pattern(sites: int) -> Flags:
    """Of every pattern and its complement the one with site 0 active, but the trivial one."""
    others = [row for row in product([False, True], repeat=sites - 1) if not all(row)]
    return np.array([(True, *row) for row in others])


def on(problem: Interpolation, patterns: Flags | None = None, **options) -> RampSolution | None:
    every = every_pattern(len(problem)) if patterns is None else patterns
    return solve_ramps(constraints_of(problem), widest_ramps(problem, every), **options)


def gap_of(problem: Interpolation, pattern: Flags) -> float:
    """Distance of the convex hulls of the balls on either side: a program over their points."""
    y, r = problem.centers, problem.radii
    sides = []
    conditions = []
    for members in (np.flatnonzero(pattern), np.flatnonzero(~pattern)):
        shares, offsets = cp.Variable(len(members)), cp.Variable((len(members), y.shape[1]))
        conditions += [shares >= 0, cp.sum(shares) == 1]
        conditions.append(cp.norm(offsets, 2, axis=1) <= cp.multiply(r[members], shares))
        sides.append(shares @ y[members] + cp.sum(offsets, axis=0))
    program = cp.Problem(cp.Minimize(cp.norm(sides[0] - sides[1])), conditions)
    program.solve(solver=cp.CLARABEL)
    return float(program.value)


def cost_as_written(problem: Interpolation) -> float:
    """min sum_D 2 |j_D| / m_D subject to t_n = c + sum_D D_n j_D, with its own gaps; samples alone
    leave the skip connection free as well."""
    every = every_pattern(len(problem))
    gaps = np.array([gap_of(problem, pattern) for pattern in every])
    wide = gaps > 1e-5
    heights = cp.Variable((int(wide.sum()), problem.output_dimension))
    offset = cp.Variable((1, problem.output_dimension))
    cost = cp.sum(cp.multiply(2 / gaps[wide], cp.norm(heights, 2, axis=1)))
    reached = every[wide].T.astype(float) @ heights + np.ones((len(problem), 1)) @ offset
    if not problem.radii.any():
        reached += problem.centers @ cp.Variable(
            (problem.input_dimension, problem.output_dimension)
        )
    program = cp.Problem(cp.Minimize(cost), [reached == problem.targets])
    program.solve(solver=cp.CLARABEL)
    return float(program.value)


def assert_feasible(problem: Interpolation, found: RampSolution) -> None:
    """The network is the target all over every site, and costs what it says."""
    network = constraints_of(problem).network(found.hinges, found.weights)
    assert network.representation_cost == pytest.approx(found.cost, rel=1e-12)
    if problem.radii.any():
        np.testing.assert_allclose(network.skip, 0.0, atol=1e-9 * found.cost)
    rng = np.random.default_rng(0)
    for center, radius, target in zip(problem.centers, problem.radii, problem.targets, strict=True):
        u = rng.standard_normal((200, problem.input_dimension))
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        points = center + (1 - 1e-12) * radius * u * rng.random((200, 1)) ** 0.2
        assert np.abs(network(np.vstack([center, points])) - target).max() <= 1e-10 * found.cost


def lines_of(hinges: Hinges) -> Lines:
    return Lines(hinges.normals, hinges.biases, hinges.patterns, hinges.pivots)


# ---------------------------------------------------------------- by hand


@pytest.mark.parametrize(("distance", "radius"), [(1.0, 0.2), (5.0, 1.0), (2.0, 0.99)])
def test_a_segment(distance, radius):
    ends = np.array([[0.3, -0.1], [0.3 + 0.6 * distance, -0.1 + 0.8 * distance]])
    problem = denoising(ends, radius=radius)
    found = on(problem)
    assert found is not None
    assert found.cost == pytest.approx(2 * distance / (distance - 2 * radius), rel=1e-12)
    assert_feasible(problem, found)
    # From the edge of the one ball to that of the other, along the segment.
    first, last = widest_ramps(problem, every_pattern(2))
    np.testing.assert_allclose(first.normals, [[-0.6, -0.8]], atol=1e-12)
    inner = ends[[1, 0]] + radius * np.array([[-0.6, -0.8], [0.6, 0.8]])
    for hinges, point in zip((first, last), inner, strict=True):
        np.testing.assert_allclose(hinges.normals @ point + hinges.biases, 0.0, atol=1e-12)


@pytest.mark.parametrize("r", [2, 3, 4])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.7])
def test_a_regular_simplex(r, share):
    """2 (r + 1) R / (H - 2 rho): a ramp from every facet to the vertex opposite."""
    points = equilateral(1.7) if r == 2 else regular_simplex(r)
    R = np.linalg.norm(points[0] - points.mean(axis=0))
    H = R * (r + 1) / r
    radius = share * H / 4
    problem = Reduction.of(denoising(points, radius=radius))
    found = on(problem.problem)
    assert found is not None
    assert problem.cost_scale == pytest.approx(1.0)
    assert found.cost == pytest.approx(2 * (r + 1) * R / (H - 2 * radius), rel=1e-9)
    assert_feasible(problem.problem, found)


def test_the_integer_tetrahedron():
    problem = denoising([(0, 0, 0), (1, 2, 2), (0, 0, 1), (2, 2, 1)], radius=0.05)
    found = on(problem)
    assert found is not None
    assert found.cost == pytest.approx(5.93753115, rel=1e-8)
    assert_feasible(problem, found)


# ---------------------------------------------------------------- against the program as written

CASES = {
    "balls": random_problem(3, "balls", sites=5, outputs=2),
    "samples": random_problem(3, "samples", sites=5, outputs=2),
    "mixed": random_problem(5, "mixed", sites=6, outputs=3),
    "scalar": random_problem(4, "balls", sites=5, outputs=1),
    "in space": random_sites(0, 5, 3, "balls", 2),
    "in space, mixed": random_sites(1, 6, 3, "mixed", 4),
    "simplex": random_sites(2, 5, 4, "balls", 5),
    "samples in space": random_sites(3, 6, 3, "samples", 2),
}


@pytest.mark.parametrize("name", CASES)
def test_the_cost_is_that_of_the_program_as_written(name):
    problem = Reduction.of(CASES[name]).problem
    found = on(problem)
    assert found is not None
    assert_feasible(problem, found)
    assert found.cost == pytest.approx(cost_as_written(problem), rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_it_is_an_upper_bound_of_the_optimum(name):
    reduction = Reduction.of(CASES[name])
    found, solution = on(reduction.problem), solve(CASES[name])
    assert found is not None
    assert solution.certified
    assert found.cost * reduction.cost_scale >= solution.lower_bound * (1 - 1e-10)


def test_both_masters_agree():
    problem = Reduction.of(CASES["in space, mixed"]).problem
    one, other = on(problem), on(problem, master=solve_with_cvxpy)
    assert one is not None
    assert other is not None
    assert one.cost == pytest.approx(other.cost, rel=1e-13)


# ---------------------------------------------------------------- as a method of its own


@pytest.mark.parametrize("name", CASES)
def test_alone_it_is_an_upper_bound_and_says_so(name):
    solution, sandwich = (solve(CASES[name], method=way) for way in ("ramps", "semidefinite"))
    assert (solution.status, solution.certificate.pricing) == ("upper-bound", "none")
    assert (solution.lower_bound, solution.relative_gap) == (0.0, 1.0)
    assert not solution.certificate.values.any()
    assert solution.cost == pytest.approx(sandwich.cost, rel=1e-12)
    assert site_errors(CASES[name], solution.network).totals.max() <= 1e-12


def test_special_cases_of_the_method():
    line = solve(denoising([0.0, 1.0, 3.0], radius=0.1), method="ramps")
    assert line.certified
    constant = solve(Interpolation(equilateral(), np.ones(3), 0.1), method="ramps")
    assert (constant.cost, constant.certified) == (0.0, True)
    # Beyond contact with the lines through the others no network interpolates; just short of it
    # there are networks, but no ramps that floats could tell from a step.
    with pytest.raises(InfeasibleProblem) as caught:
        solve(denoising(equilateral(), radius=0.8), method="ramps")
    assert caught.value.proof is not None
    with pytest.raises(NotCertified, match="ramps alone do not interpolate these targets"):
        solve(denoising(equilateral(), radius=0.75 * (1 - 1e-14)), method="ramps")
    with pytest.raises(TooLarge, match="15 sites .* have 16383 activation patterns"):
        solve(denoising(regular_simplex(14), radius=0.01), method="ramps")


def test_a_simplex_needs_no_faces(monkeypatch):
    """Its patterns are known, so that the ramps reach further than exact pricing."""

    def enumerate_faces(*_):
        raise AssertionError("faces were enumerated")

    monkeypatch.setattr("convexden.solvers.programs.ramps.enumerate_faces", enumerate_faces)
    points = np.random.default_rng(0).standard_normal((6, 5))
    solution = solve(denoising(points, radius=0.1), method="ramps")
    assert solution.cost == pytest.approx(cost_as_written(solution.problem), rel=1e-6)


# ---------------------------------------------------------------- hinges and multipliers


@pytest.mark.parametrize("name", CASES)
def test_the_multipliers_are_dual_to_the_ramps(name):
    """Every ramp's two hinges see a vector and its opposite, of length one at most; together with
    the objective, which is the cost, this proves the optimum among ramps."""
    problem = Reduction.of(CASES[name]).problem
    found = on(problem)
    assert found is not None
    values, jacobians = constraints_of(problem).multipliers(found.multipliers)
    assert np.sum(values * problem.targets) == pytest.approx(found.cost, rel=1e-12)
    starts, ends = (
        lines_of(hinges) for hinges in widest_ramps(problem, every_pattern(len(problem)))
    )
    steps = dual_vectors(problem, starts, values, jacobians)
    steps -= dual_vectors(problem, ends, values, jacobians)
    assert np.linalg.norm(steps, axis=1).max() / 2 <= 1 + 1e-11
    # On a ramp that is used, in the direction of its height, of length one.
    assert np.linalg.norm(steps, axis=1).max() / 2 >= 1 - 1e-12


def test_narrow_gaps_take_high_prices():
    """Two gaps that are about to close make ramps a thousand times as costly as the distances."""
    points = [[0, 0, 0], [1000000, 0, 0], [1127075, -1662976, 0], [254152, -1100274, -21612]]
    problem = Reduction.of(denoising(points, radius=413896)).problem
    found = on(problem)
    assert found is not None
    assert found.cost > 1e5
    assert_feasible(problem, found)
    constraints = constraints_of(problem)
    starts, ends = widest_ramps(problem, every_pattern(4))
    steps = (constraints.features(starts) - constraints.features(ends)) / 2
    seen = np.linalg.norm(steps @ found.multipliers, axis=1).max()
    assert seen == pytest.approx(1, abs=1e-11)
    assert np.sum(constraints.targets * found.multipliers) == pytest.approx(found.cost, rel=1e-10)


@pytest.mark.parametrize("seed", [2, 4, 5])
@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_the_multipliers_vanish_half_way_up_each_ramp(seed, dimension):
    """On simplices with up to five vertices, all at once."""
    problem = Reduction.of(random_sites(seed, dimension + 1, dimension, "balls", dimension)).problem
    found = on(problem)
    assert found is not None
    values, jacobians = constraints_of(problem).multipliers(found.multipliers)
    starts, ends = (
        lines_of(hinges) for hinges in widest_ramps(problem, every_pattern(len(problem)))
    )
    middle = Lines(starts.w, (starts.b + ends.b) / 2, starts.patterns, starts.pivots)
    size = np.abs(values).sum() + np.abs(jacobians).sum()
    assert np.abs(dual_vectors(problem, middle, values, jacobians)).max() <= 1e-10 * size
    # Without the part of the Jacobians they would not.
    bare = dual_vectors(problem, middle, values, np.zeros_like(jacobians))
    assert np.abs(bare).max() >= 1e-3


@pytest.mark.parametrize("name", CASES)
def test_hinges_touch_both_sides_of_the_widest_gap(name):
    problem = Reduction.of(CASES[name]).problem
    every = every_pattern(len(problem))
    starts, ends = widest_ramps(problem, every)
    known = {pattern.tobytes(): gap for pattern, gap in ((p, gap_of(problem, p)) for p in every)}
    assert len(starts) == len(ends) == sum(gap > 1e-5 for gap in known.values())
    for hinges, active in ((starts, False), (ends, True)):
        z = hinges.normals @ problem.centers.T + hinges.biases[:, None]
        assert (np.where(hinges.patterns, z, -z) >= problem.radii - 1e-12).all()
        at = np.arange(len(hinges)), hinges.pivots
        np.testing.assert_allclose(np.abs(z[at]), problem.radii[hinges.pivots], atol=1e-12)
        assert (hinges.patterns[at] == active).all()
    np.testing.assert_array_equal(starts.normals, ends.normals)
    gaps = [known[pattern.tobytes()] for pattern in starts.patterns]
    np.testing.assert_allclose(starts.biases - ends.biases, gaps, atol=1e-6)


# ---------------------------------------------------------------- none


def test_ramps_that_do_not_span_the_targets_are_none():
    problem = Reduction.of(denoising(equilateral(), radius=0.1)).problem
    every = every_pattern(3)
    for few in (every[:1], every[:0]):
        assert on(problem, few) is None
    # Two ramps reach three targets.
    assert on(problem, every[:2]) is not None


def test_gaps_that_are_closed_make_no_ramps():
    """Balls of a triangle from which the last separating lines have just vanished, and before."""
    height = 1.5
    for share, count in ((0.99, 3), (1.01, 0)):
        problem = denoising(equilateral(), radius=share * height / 2)
        assert len(widest_ramps(problem, every_pattern(3))[0]) == count
        assert (on(problem) is None) == (count == 0)


def test_crossed_pairs_have_no_ramp():
    """The diagonals of a square are on no two sides of a line."""
    square = denoising(unit_vectors(np.pi / 2 * np.arange(4)), radius=0.1)
    starts, _ = widest_ramps(square, every_pattern(4))
    assert len(starts) == 6
    assert [True, False, True, False] not in starts.patterns.tolist()
