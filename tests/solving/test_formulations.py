"""Formulations: exact ones meet the certified optimum, bounds keep to their side of it."""

from __future__ import annotations

from dataclasses import replace

import clarabel
import cvxpy as cp
import numpy as np
import pytest
from oracles import equilateral, random_problem, random_sites, unit_vectors

from convexden import (
    InfeasibleProblem,
    Interpolation,
    InvalidInput,
    InvalidProblem,
    NotCertified,
    NotSupported,
    TooLarge,
    denoising,
    solve,
    verify_certificate,
)
from convexden.data import regular_simplex
from convexden.solvers.programs.program import Program
from convexden.solving import formulations

EXACT = 1e-8
NAMES = (
    "column-generation",
    "scalar-exact",
    "completely-positive",
    "copositive",
    "edges",
    "semidefinite",
    "ramps",
)
OF_SAMPLES = tuple(name for name in NAMES if name != "edges")
CASES = {
    "balls": random_problem(2, "balls", sites=5, outputs=2),
    "mixed": random_problem(5, "mixed", sites=6, outputs=2),
    "samples": random_problem(1, "samples", sites=6, outputs=2),
    "in space": random_sites(0, 5, 3, "balls", 2),
    "mixed in space": random_sites(1, 6, 3, "mixed", 4),
    "samples in space": random_sites(3, 6, 3, "samples", 2),
    "tetrahedron": denoising([(0, 0, 0), (1, 2, 2), (0, 0, 1), (2, 2, 1)], radius=0.05),
}


@pytest.mark.parametrize("name", CASES)
def test_the_optimum_is_between(name):
    sandwich, exact = solve(CASES[name], method="semidefinite"), solve(CASES[name])
    assert exact.certified
    assert sandwich.certificate.pricing == "semidefinite"
    assert sandwich.lower_bound <= exact.cost * (1 + 1e-10)
    assert sandwich.cost >= exact.lower_bound * (1 - 1e-10)
    assert 0 < sandwich.lower_bound <= sandwich.cost
    assert verify_certificate(sandwich).passed, verify_certificate(sandwich).reasons
    assert sandwich.status == ("certified" if sandwich.relative_gap <= 1e-8 else "not-certified")


@pytest.mark.parametrize(
    "problem",
    [
        denoising(equilateral(), radius=0.1),
        denoising(regular_simplex(4), radius=0.05),
        denoising(np.vstack([np.zeros(2), unit_vectors(np.deg2rad([90, 200, 325]))]), radius=0.1),
    ],
    ids=["equilateral", "simplex", "rays"],
)
def test_where_both_meet_it_is_certified_by_itself(problem):
    solution = solve(problem, 1e-6, method="semidefinite")
    assert solution.certified
    assert solution.relative_gap <= 1e-6


@pytest.mark.parametrize("name", ["tetrahedron", "mixed in space"])
def test_a_semidefinite_maximum_may_be_too_large_but_not_too_small(name):
    solution = solve(CASES[name], method="semidefinite")
    stated = solution.certificate.pricing_maximum

    def failed(maximum: float, pricing: str = "semidefinite") -> set[str]:
        proof = replace(solution.certificate, pricing_maximum=maximum, pricing=pricing)
        checked = verify_certificate(replace(solution, certificate=proof))
        return {check.name for check in checked.checks if not check.passed}

    exact = verify_certificate(solution).pricing_maximum
    assert failed(stated) == failed(1.1 * stated) == failed(exact) == set()
    assert failed(0.999 * exact) == failed(0.0) == {"stated pricing maximum"}
    # Only a relaxation may.
    assert failed(1.1 * stated, "exact-faces") == {"stated pricing maximum"}


AFFINE = np.random.default_rng(0).standard_normal((5, 2))


@pytest.mark.parametrize(
    "problem",
    [
        Interpolation(AFFINE, np.ones((5, 2)), 0.05),
        Interpolation(AFFINE, AFFINE @ [[1.0, 2.0], [0.0, 1.0]] + [3.0, 4.0]),
        random_sites(3, 4, 3, "samples", 2),
    ],
    ids=["constant on balls", "affine on samples", "samples of a simplex"],
)
def test_affine_targets_cost_nothing(problem):
    solution = solve(problem, method="semidefinite")
    assert solution.certified
    assert solution.cost == solution.lower_bound == solution.relative_gap == 0.0
    assert solution.neurons == 0
    np.testing.assert_allclose(solution.network(problem.centers), problem.targets, atol=1e-12)


def test_both_masters_give_the_same_interval():
    one = solve(CASES["mixed"], method="semidefinite")
    other = solve(CASES["mixed"], method="semidefinite", master="cvxpy")
    assert one.cost == pytest.approx(other.cost, rel=1e-7)
    assert one.lower_bound == pytest.approx(other.lower_bound, rel=1e-9)


def test_what_has_no_network_says_so():
    with pytest.raises(InfeasibleProblem, match="lower the radii"):
        solve(denoising(equilateral(), radius=0.8), method="semidefinite")


def test_too_many_patterns_are_not_supported():
    points = np.random.default_rng(0).standard_normal((64, 3))
    with pytest.raises(TooLarge, match="64 sites"):
        solve(denoising(points, radius=1e-3), method="semidefinite")
    with pytest.raises(TooLarge, match="10 sites .* have 511 activation patterns"):
        solve(denoising(regular_simplex(9), radius=0.01), method="semidefinite")


def instance(number: int, kind: str) -> Interpolation:
    """Small, in the plane and in space, of one output and of two."""
    outputs = 1 + number // 2 % 2
    if number % 2:
        return random_sites(number, 5, 3, kind, outputs)
    return random_problem(number, kind, sites=5 + number % 3, outputs=outputs)


@pytest.mark.parametrize("kind", ["samples", "balls", "mixed"])
@pytest.mark.parametrize("number", range(4))
def test_every_formulation_agrees_with_the_optimum_on_its_side(number, kind):
    problem = instance(number, kind)
    optimum = solve(problem)
    assert optimum.certified
    unsuited = set()
    for entry in formulations.registry.values():
        try:
            entry.check(problem)
        except (NotSupported, TooLarge):
            unsuited.add(entry.name)
            continue
        reading = entry.build(problem).solve()
        assert (reading.network is None) == (entry.kind == "lower bound")
        assert (reading.certificate is None) == (entry.kind == "upper bound")
        assert reading.cost >= optimum.lower_bound * (1 - 1e-10)
        assert 0 <= reading.lower_bound <= optimum.cost * (1 + 1e-10)
        if entry.kind == "exact":
            assert reading.cost <= optimum.cost * (1 + EXACT)
            assert reading.lower_bound >= optimum.cost * (1 - EXACT)
        elif entry.kind == "lower bound":
            share = {"edges": 0.2, "completely-positive": 0.3}.get(entry.name, 0.95)
            assert reading.lower_bound >= share * optimum.cost
        else:
            assert reading.cost <= 5 * optimum.cost
        if reading.network is not None:
            errors = reading.network(problem.centers) - problem.targets
            assert np.abs(errors).max() <= 1e-9 * problem.target_spread
    assert unsuited == {
        name
        for name, missing in {
            "scalar-exact": problem.output_dimension > 1,
            "copositive": kind != "samples",
            "completely-positive": kind != "samples",
            "edges": kind == "samples",
        }.items()
        if missing
    }


@pytest.mark.parametrize("kind", ["samples", "balls", "mixed"])
@pytest.mark.parametrize("seed", range(2))
def test_the_scalar_program_is_certified(seed, kind):
    for problem in (
        random_problem(seed, kind, sites=9, outputs=1),
        random_sites(seed, 6, 3, kind, 1),
    ):
        exact, other = solve(problem), solve(problem, method="scalar-exact")
        assert other.certified, other.relative_gap
        assert verify_certificate(other).passed
        assert other.cost == pytest.approx(exact.cost, rel=1e-8)


def scalar_value(problem: Interpolation) -> float:
    """The scalar program as the paper writes it, over all sign vectors that need not be cells."""
    (n, d), y = problem.centers.shape, problem.centers
    skip, offset, cost = cp.Variable(d), cp.Variable(), 0.0
    values, slopes, rows = y @ skip + offset, [skip] * n, []
    for pattern in np.ndindex(*(2,) * n):
        active = np.array(pattern, dtype=float)
        for sign in (1, -1):
            w, b, size = cp.Variable(d), cp.Variable(), cp.Variable()
            rows += [
                cp.norm(w) <= size,
                cp.multiply(2 * active - 1, y @ w + b) >= problem.radii * size,
            ]
            values = values + sign * cp.multiply(active, y @ w + b)
            slopes = [slope + sign * on * w for slope, on in zip(slopes, active, strict=True)]
            cost = cost + size
    rows.append(values == problem.targets[:, 0])
    rows += [slopes[m] == 0 for m in np.flatnonzero(problem.radii)]
    program = cp.Problem(cp.Minimize(cost), rows)
    program.solve(solver=cp.CLARABEL)
    return float(program.value)


@pytest.mark.parametrize("kind", ["samples", "balls", "mixed"])
def test_the_scalar_program_is_that_of_the_paper(kind):
    problem = random_problem(3, kind, sites=5, outputs=1)
    model = formulations.get("scalar-exact").build(problem)
    reading = model.solve()
    assert model.program.value * model.scale == pytest.approx(reading.cost, rel=1e-6)
    assert reading.cost == pytest.approx(scalar_value(problem), rel=1e-6)


def copositive_value(problem: Interpolation, *, cones: bool = True) -> float:
    """The relaxed program of Sahiner et al. as they write it: the primal, over all patterns.

    minimize 1/2 sum_D tr(G_D) + tr(U_D of w)   with  [[G_D, Z_D], [Z_D^T, U_D]] >= 0,
    A_D U_D A_D^T >= 0 (the cones) and sum_D D_n Z_D (y_n, 1) + V y_n + c = t_n.
    """
    (n, d), p = problem.centers.shape, problem.output_dimension
    rows = np.column_stack([problem.centers, np.ones(n)])
    values, cost, constraints = rows @ cp.Variable((d + 1, p)), 0.0, []
    for pattern in formulations.activation_patterns(problem.centers):
        matrix = cp.Variable((p + d + 1, p + d + 1), PSD=True)
        inner, outer = matrix[p:, p:], matrix[:p, p:]
        signed = rows * np.where(pattern, 1.0, -1.0)[:, None]
        if cones:
            constraints.append(signed @ inner @ signed.T >= 0)
        values = values + (rows * pattern[:, None]) @ outer.T
        cost = cost + (cp.trace(matrix[:p, :p]) + cp.trace(inner[:d, :d])) / 2
    program = cp.Problem(cp.Minimize(cost), [*constraints, values == problem.targets])
    program.solve(solver=cp.CLARABEL)
    return float(program.value)


@pytest.mark.parametrize("seed", range(2))
def test_the_copositive_program_is_that_of_the_paper(seed):
    problem = random_problem(seed, "samples", sites=5, outputs=2)
    reading = formulations.get("copositive").build(problem).solve()
    assert reading.lower_bound == pytest.approx(copositive_value(problem), rel=1e-5)


def test_the_completely_positive_relaxation_is_a_bound_of_its_value():
    """Half the optimum or more; its value is that of the multipliers, whose P is at most 1."""
    for outputs in (1, 2):
        problem = random_problem(1, "samples", sites=6, outputs=outputs)
        model = formulations.get("completely-positive").build(problem)
        reading = model.solve()
        assert reading.certificate.pricing_maximum <= 1 + 1e-6
        assert reading.lower_bound == pytest.approx(model.program.value * model.scale, rel=1e-5)
        assert 0.3 < reading.lower_bound / solve(problem).cost <= 1 + 1e-7


def test_without_its_cones_it_would_prove_nothing():
    """With a free bias the nuclear norm alone is zero: w may be small where b is large."""
    problem = random_problem(0, "samples", sites=5, outputs=2)
    assert copositive_value(problem, cones=False) <= 1e-3 * copositive_value(problem)


def test_the_registry_says_what_each_is():
    assert tuple(formulations.registry) == NAMES
    for name, entry in formulations.registry.items():
        assert entry.name == name
        text = str(entry)
        for part in (entry.title, entry.formula, entry.reference, entry.applies, entry.cost):
            assert part
            assert part in text
    kinds = [entry.kind for entry in formulations.registry.values()]
    assert kinds == ["exact"] * 2 + ["lower bound"] * 4 + ["upper bound"]
    with pytest.raises(InvalidInput, match="did you mean 'copositive'"):
        formulations.get("coposit")


@pytest.mark.parametrize(
    ("name", "problem", "message"),
    [
        ("scalar-exact", CASES["samples"], "needs one output, these targets span 2: give one"),
        ("copositive", CASES["mixed"], "copositive needs samples, 3 of these sites are balls"),
        (
            "scalar-exact",
            Interpolation(np.random.default_rng(0).normal(size=(300, 2)), np.arange(300.0)),
            "89700 for 300 sites that span 2 dimensions .at most 20000.: give fewer sites",
        ),
        (
            "copositive",
            Interpolation(np.random.default_rng(0).normal(size=(40, 2)), np.arange(40.0)),
            "40 sites that span 2 dimensions have 780 activation patterns",
        ),
        ("semidefinite", denoising(regular_simplex(9), radius=0.01), "have 511 activation"),
        ("ramps", denoising(regular_simplex(14), radius=0.01), "too many for the ramps"),
        ("column-generation", denoising(regular_simplex(14), radius=0.01), "faces, too many"),
    ],
)
def test_what_is_missing_is_said_beforehand(name, problem, message):
    for attempt in (formulations.get(name).check, formulations.get(name).build):
        with pytest.raises((NotSupported, TooLarge), match=message) as caught:
            attempt(problem)
        assert "\n" not in str(caught.value)
    with pytest.raises(type(caught.value), match=message):
        solve(problem, method=name)


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_to_state_a_problem_solves_nothing(monkeypatch, name):
    def solver(*arguments, **options):
        raise AssertionError("something was solved")

    monkeypatch.setattr(cp.Problem, "solve", solver)
    monkeypatch.setattr(clarabel, "DefaultSolver", solver)
    model = formulations.get(name).build(random_problem(1, "samples", sites=6, outputs=1))
    with pytest.raises(AssertionError, match="something was solved"):
        model.solve()


@pytest.mark.parametrize("kind", ["samples", "balls", "mixed"])
@pytest.mark.parametrize("number", range(4))
def test_the_first_master_of_column_generation_gives_both_bounds(number, kind):
    """As it is stated; solved, it goes on to the optimum."""
    problem = instance(number, kind)
    model, optimum = formulations.get("column-generation").build(problem), solve(problem)
    model.program.solve(solver=cp.CLARABEL)
    first = model.read()
    assert model.program.value * model.scale >= optimum.cost * (1 - 1e-7)
    assert first.cost >= optimum.lower_bound * (1 - 1e-10)
    assert 0 < first.lower_bound <= optimum.cost * (1 + 1e-10)
    last = model.solve()
    assert model.program.value * model.scale == pytest.approx(last.cost, rel=1e-7)
    assert last.cost == pytest.approx(optimum.cost, rel=EXACT)


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_a_line_and_affine_targets(name):
    line = Interpolation([0.0, 1.0, 2.5, 4.0], [0.0, 1.0, 0.5, 2.0])
    entry, optimum = formulations.get(name), solve(line)
    reading = entry.build(line).solve()
    assert reading.cost >= optimum.cost * (1 - 1e-9)
    assert reading.lower_bound <= optimum.cost * (1 + 1e-9)
    if entry.kind == "exact":
        assert reading.cost == pytest.approx(optimum.cost, rel=1e-8)
    model = entry.build(Interpolation(AFFINE, AFFINE @ [1.0, 2.0]))
    assert model.program is None
    assert model.solve().cost == model.read().lower_bound == 0.0


def test_the_first_master_is_not_stated_for_any_number_of_sites():
    points = np.random.default_rng(0).normal(size=(301, 2))
    entry = formulations.get("column-generation")
    with pytest.raises(TooLarge, match="301 are too many .at most 300."):
        entry.build(Interpolation(points, np.sign(points[:, 0])))


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_a_program_is_read_whatever_solved_it(name):
    problem = random_problem(1, "samples", sites=6, outputs=1)
    model, optimum = formulations.get(name).build(problem), solve(problem)
    with pytest.raises(NotCertified, match="None"):
        model.read()
    model.program.solve(solver=cp.SCS, eps=1e-5)
    reading = model.read()
    assert reading.cost >= optimum.cost * (1 - 1e-10)
    assert reading.lower_bound <= optimum.cost * (1 + 1e-10)
    assert (reading.certificate is None) == (reading.lower_bound == 0.0)
    if name in ("scalar-exact", "copositive", "semidefinite"):  # not of a first master alone
        assert reading.lower_bound >= 0.9 * optimum.cost


def test_repeated_and_unneeded_sites_change_nothing():
    centers = np.array([[0, 0], [1, 0], [0, 0], [1, 1], [0, 1], [0.05, 0.0]])
    problem = Interpolation(centers, [0, 1, 0, 0, 1, 0], [0.2, 0, 0.1, 0, 0, 0])
    solution = solve(problem, method="scalar-exact")
    assert solution.certified
    assert verify_certificate(solution).passed
    assert solution.cost == pytest.approx(solve(problem).cost, rel=1e-8)


def test_balls_that_no_line_separates():
    problem = Interpolation(equilateral(), [0.0, 1.0, 3.0], 0.8)
    for name in ("scalar-exact", "semidefinite", "ramps"):
        with pytest.raises(NotCertified, match="lower the radii"):
            formulations.get(name).build(problem).solve()


def test_a_lower_bound_without_ramps_says_how_to_read_it(monkeypatch):
    monkeypatch.setattr("convexden.solvers.programs.ramps.solve_ramps", lambda *_: None)
    with pytest.raises(NotCertified, match=r"get\('semidefinite'\).build\(problem\).solve\(\)"):
        solve(CASES["balls"], method="semidefinite")


def test_patterns_in_public():
    assert formulations.activation_patterns(AFFINE).shape[1] == len(AFFINE)
    assert len(formulations.activation_patterns([[0, 0], [4, 0], [0, 4]], 0.5)) == 8
    with pytest.raises(InvalidProblem):
        formulations.activation_patterns([[0, 0], [0, np.nan]])


@pytest.mark.parametrize("second", ["better", "worse", "none"])
def test_the_better_of_two_attempts_counts(monkeypatch, second):
    """On clusters Clarabel may stop short, with equilibration or without."""
    problem = random_problem(8, "samples", sites=7, outputs=1)

    def roughly(program, *rest):
        program.solve(solver=cp.SCS, eps=1e-2 if rest else 1e-4)
        program.unpack(replace_status(program.solution))

    def replace_status(solution):
        solution.status = cp.OPTIMAL_INACCURATE
        return solution

    def fail(*arguments):
        raise NotCertified("nothing")

    monkeypatch.setattr(Program, "solve", lambda program: roughly(program.problem))
    if second != "better":
        attempt = roughly if second == "worse" else fail
        monkeypatch.setattr("convexden.solvers.programs.scalar.solve_accurately", attempt)
    gap = solve(problem, method="scalar-exact").relative_gap
    if second == "better":
        assert gap < 1e-8
    else:
        assert 1e-8 < gap < 1e-3
