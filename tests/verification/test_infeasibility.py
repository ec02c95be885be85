"""Proofs that no network interpolates: found where there is none, checked in integers, and those
that prove nothing are rejected."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import product

import cvxpy as cp
import numpy as np
import pytest
from oracles import (
    common_tangents,
    equilateral,
    random_problem,
    random_sites,
    tangent_lines,
    unit_vectors,
)
from scipy.spatial.distance import pdist

from convexden.data import regular_simplex, triangular_lattice
from convexden.errors import InfeasibleProblem, InvalidProblem, NotCertified
from convexden.infeasibility import (
    Branch,
    Crossing,
    InfeasibilityProof,
    Mirror,
    Orthogonal,
    Touching,
)
from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.solvers.infeasibility import Undecided, find_proof
from convexden.solvers.patterns.separation import Separator
from convexden.solving import formulations
from convexden.solving.interpolation import solve
from convexden.verification import check_infeasibility, infeasibility_certificate

LATTICE = triangular_lattice(4, 4)


# ---------------------------------------------------------------- brute force


def brute_force(problem: Interpolation) -> bool | None:
    """Whether balls can be interpolated: the rank of all patterns that have a hinge, with the
    targets and without.  None if some pattern is too close to call.

    The widest hinge of a pattern is a cone program: the largest m with s_n (w.y_n + b) >= r_n + m
    and |w| <= 1.
    """
    n, d = problem.centers.shape
    signs, w, b, margin = cp.Parameter(n), cp.Variable(d), cp.Variable(), cp.Variable()
    heights = cp.multiply(signs, problem.centers @ w + b)
    program = cp.Problem(
        cp.Maximize(margin), [heights >= problem.radii + margin, cp.norm(w) <= 1, cp.abs(b) <= 1e3]
    )
    columns = [np.ones(n)]
    for rest in product((-1, 1), repeat=n - 1):
        signs.value = np.array([1, *rest])
        if -1 in rest:
            program.solve(solver=cp.CLARABEL)
            if abs(margin.value) < 1e-6:
                return None
            if margin.value > 0:
                columns.append(signs.value > 0)
    span = np.array(columns, dtype=float).T
    both = np.column_stack([span, problem.targets])
    return bool(np.linalg.matrix_rank(both, 1e-9) == np.linalg.matrix_rank(span, 1e-9))


def crowded(seed: int, dimension: int, sites: int) -> Interpolation:
    """Balls of radii of their own, as large as they may be without meeting, or nearly."""
    rng = np.random.default_rng([seed, dimension])
    centers = rng.normal(size=(sites, dimension))
    radii = np.zeros(sites)
    for n in rng.permutation(sites):
        distances = np.linalg.norm(centers - centers[n], axis=1) - radii
        distances[n] = np.inf
        radii[n] = rng.uniform(0.3, 0.999) * distances.min() * (1.0 if radii.any() else 0.5)
    outputs = rng.normal(size=(sites, 1 + seed % 2))
    return Interpolation(centers, outputs, radii)


def decided(problem: Interpolation) -> bool:
    """Whether the search finds no proof; a proof that it finds must hold."""
    proof = find_proof(problem)
    if proof is not None:
        assert check_infeasibility(problem, proof) == []
    return proof is None


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_the_verdict_is_that_of_all_patterns(seed, dimension):
    problem = crowded(seed, dimension, 4 + seed % 3)
    assert brute_force(problem) in (None, decided(problem))


def test_both_verdicts_occur_among_the_crowded():
    verdicts = [decided(crowded(seed, 2, 6)) for seed in range(40)]
    assert 5 <= sum(verdicts) <= 35


# ---------------------------------------------------------------- both sides of the edge

TRIANGLES = {
    "equilateral": ([[0, 0], [2, 0], [1, np.sqrt(3)]], np.sqrt(3) / 2),
    "integers": ([[0, 0], [4, 0], [1, 3]], 1.5),
    "isosceles": ([[0, 0], [6, 0], [3, 4]], 2.4),
    "far away": ([[1000, 1000], [1004, 1000], [1001, 1003]], 1.5),
}


@pytest.mark.parametrize("apart", [1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("name", TRIANGLES)
def test_both_sides_of_the_edge_of_triangles(name, apart):
    """The edge of an acute triangle is half its second height."""
    points, edge = TRIANGLES[name]
    assert decided(denoising(points, radius=edge * (1 - apart)))
    assert not decided(denoising(points, radius=edge * (1 + apart)))


@pytest.mark.parametrize("apart", [1e-4, 1e-8, 1e-12])
def test_both_sides_of_the_edge_of_a_lattice(apart):
    edge = np.sqrt(3) / 4
    assert decided(denoising(LATTICE, radius=edge * (1 - apart)))
    assert not decided(denoising(LATTICE, radius=edge * (1 + apart)))


@pytest.mark.parametrize("apart", [1e-4, 1e-8, 1e-12, 1e-15])
def test_right_triangles_are_feasible_up_to_contact(apart):
    """Each ball of the legs' ends is separated from the other two: rays interpolate."""
    problem = denoising([[0, 0], [1, 0], [0, 1]], radius=0.5 * (1 - apart))
    assert decided(problem)


@pytest.mark.parametrize("apart", [1e-4, 1e-8, 1e-12])
def test_no_feasible_triangle_is_called_infeasible(apart):
    for points in ([[0, 0], [1, 0], [0, 1]], TRIANGLES["integers"][0]):
        points = np.array(points, dtype=float)
        heights = np.sort(2 * area(points) / pdist(points))
        edge = min(heights[1], pdist(points).min()) / 2
        with suppress(NotCertified):
            solution = solve(denoising(points, radius=edge * (1 - apart)))
            assert solution.lower_bound <= solution.cost


def area(points):
    (a, b), (c, d) = points[1:] - points[0]
    return abs(a * d - b * c) / 2


@pytest.mark.parametrize("apart", [1e-4, 1e-8, 1e-12])
def test_infeasible_triangles_are_proven_to_be(apart):
    points, edge = TRIANGLES["integers"]
    problem = denoising(points, radius=edge * (1 + apart))
    with pytest.raises(InfeasibleProblem, match="lower the radii") as caught:
        solve(problem)
    assert check_infeasibility(problem, caught.value.proof) == []


def test_hinges_that_are_alone():
    """At the edge of the triangle of integers one line touches all balls, too few for a ramp."""
    points, edge = TRIANGLES["integers"]
    pattern = {0: False, 1: False, 2: True}
    signs = [
        Separator(denoising(points, radius=radius)).decide(pattern).sign
        for radius in (np.nextafter(edge, 0), edge, np.nextafter(edge, 2))
    ]
    assert signs == [1, 0, -1]
    problem = denoising(points, radius=edge)
    proof = find_proof(problem)
    assert InfeasibilityProof.from_dict(proof.to_dict()) == proof
    assert [type(node) for node in proof.tree].count(Touching) == 1
    assert check_infeasibility(problem, proof) == []
    with pytest.raises(InfeasibleProblem):
        solve(problem)
    for radius in (np.nextafter(edge, 0), np.nextafter(edge, 2)):
        assert check_infeasibility(denoising(points, radius=radius), proof) != [] or radius > edge


def rows_that_touch(targets: list[float]) -> Interpolation:
    """Three rows of balls, one line between every two, which touches them, and no other line."""
    points = [[3.01 * i + 1.505 * (j % 2), 3 * j] for j in range(3) for i in range(3)]
    return Interpolation(points, np.repeat(targets, 3), 1.5)


def test_parallel_hinges_that_are_alone():
    """The weights of the proof may see one of them, but not both."""
    problem = rows_that_touch([0, 1, 2])
    proof = find_proof(problem)
    assert check_infeasibility(problem, proof) == []
    problem = rows_that_touch([0, 0, 1])
    with pytest.raises(Undecided, match="only one hyperplane"):
        find_proof(problem)
    with pytest.raises(NotCertified, match="could not be decided"):
        solve(problem)
    # Two leaves with one normal are not independent: a site that was open splits the leaf.
    k = next(k for k, node in enumerate(proof.tree) if isinstance(node, Touching))
    split = (*proof.tree[:k], Branch(7), proof.tree[k], *proof.tree[k:])
    problem = rows_that_touch([0, 1, 2])
    assert "depend on each other" in check_infeasibility(problem, replace(proof, tree=split))[0]


# ---------------------------------------------------------------- samples


def test_samples_have_no_proof():
    for seed in range(4):
        assert find_proof(random_problem(seed, "samples")) is None
        assert find_proof(random_sites(seed, 6, 3, "samples")) is None


def surrounded(radius: float, target: float, center: tuple[float, float] = (0.0, 0.0)):
    """Three balls with one target round a sample."""
    return Interpolation(
        np.vstack([equilateral(), [center]]), [0, 0, 0, target], [radius] * 3 + [0.0]
    )


def test_a_sample_between_balls_takes_their_value():
    problem = surrounded(0.86, 1.0)
    proof = find_proof(problem)
    assert check_infeasibility(problem, proof) == []
    assert proof.weights[3] != 0
    certificate = infeasibility_certificate(problem, proof)
    assert not certificate.jacobians[3].any()
    moments = certificate.values[:, :, None] * problem.centers[:, None] + certificate.jacobians
    np.testing.assert_allclose(moments.sum(axis=0), 0.0, atol=1e-14)
    assert decided(surrounded(0.86, 0.0))
    assert not decided(surrounded(0.86, 1.0, (0.0, -1.35)))
    assert decided(surrounded(0.86, 1.0, (0.0, -1.37)))  # below two of the balls


def test_weights_may_touch_one_sample_only():
    """Two samples between the balls: their values are those of the balls, one by one."""
    problem = Interpolation(
        np.vstack([equilateral(), [[0, 0], [0.01, 0]]]),
        [0, 0, 0, 1, 2],
        [0.86, 0.86, 0.86, 0, 0],
    )
    proof = find_proof(problem)
    assert check_infeasibility(problem, proof) == []
    both = replace(proof, weights=(0, 0, 0, 1, -1))
    assert "more than one sample" in check_infeasibility(problem, both)[0]


def interpolated(problem: Interpolation, rng: np.random.Generator) -> float:
    """How much of the targets is left by the best network over many lines that cut no ball."""
    balls = np.flatnonzero(problem.radii > 0)
    normals = np.vstack([common_tangents(problem), unit_vectors(rng.uniform(0, 7, 400))])
    lines = tangent_lines(problem, normals)
    heights = lines.w @ problem.centers.T + lines.b[:, None]
    slopes = lines.patterns[:, balls, None] * lines.w[:, None, :]
    features = np.hstack([lines.patterns * heights, slopes.reshape(len(heights), -1)])
    affine = np.hstack(
        [
            np.column_stack([np.ones(len(problem)), problem.centers]).T,
            np.vstack([np.zeros(2 * balls.size), np.tile(np.eye(2), balls.size)]),
        ]
    )
    columns = np.vstack([features, affine]).T
    targets = np.append(problem.targets[:, 0], np.zeros(2 * balls.size))
    weights = np.linalg.lstsq(columns, targets, rcond=1e-9)[0]
    return float(np.abs(columns @ weights - targets).max() / np.abs(targets).max())


def crowded_with_samples(rng: np.random.Generator, alike: bool) -> Interpolation:
    """Balls, all with one target or each with its own, and samples between them."""
    count = int(rng.integers(2, 6))
    balls = crowded(int(rng.integers(1000)), 2, count)
    samples: list[np.ndarray] = []
    while len(samples) < 2:
        point = rng.dirichlet(np.ones(count)) @ balls.centers + 0.1 * rng.normal(size=2)
        if (np.linalg.norm(balls.centers - point, axis=1) > 1.02 * balls.radii).all():
            samples.append(point)
    targets = rng.normal(size=count + 2)
    targets[:count] = targets[0] if alike else targets[:count]
    return Interpolation(
        np.vstack([balls.centers, samples]), targets, np.append(balls.radii, [0.0, 0.0])
    )


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_the_verdict_on_balls_and_samples_is_that_of_many_lines(seed, alike):
    rng = np.random.default_rng(seed)
    problem = crowded_with_samples(rng, alike)
    left = interpolated(problem, rng)
    assert not 1e-9 < left < 1e-4
    assert decided(problem) == (left <= 1e-9)


# ---------------------------------------------------------------- forgeries

PROBLEM = denoising(LATTICE, radius=0.45)
PROOF = find_proof(PROBLEM)


def test_the_proof_of_the_lattice_holds_in_rationals():
    """Once more, leaf by leaf, with fractions."""
    assert PROOF is not None
    centers = [[Fraction(x) for x in row] for row in PROBLEM.centers.tolist()]
    radius = Fraction(0.45)
    crossings = [node for node in PROOF.tree if isinstance(node, Crossing)]
    assert crossings
    for node in crossings:
        assert sum(c for _, c in node.weights) == 0
        apart = [sum(c * centers[n][axis] for n, c in node.weights) for axis in (0, 1)]
        reach = sum(abs(c) for _, c in node.weights) * radius
        assert apart[0] ** 2 + apart[1] ** 2 < reach**2


def forgeries():
    tree, weights = PROOF.tree, PROOF.weights
    support = [n for n, weight in enumerate(weights) if weight]
    other = next(n for n in range(16) if not weights[n])
    leaf = next(k for k, node in enumerate(tree) if isinstance(node, Crossing))
    (n, c), *rest = tree[leaf].weights

    def with_node(k, node):
        return replace(PROOF, tree=(*tree[:k], node, *tree[k + 1 :]))

    moved = list(weights)
    moved[other] += 1
    yield "do not sum to zero", replace(PROOF, weights=tuple(moved))
    moved[support[0]] -= 1
    yield "not orthogonal", replace(PROOF, weights=tuple(moved))
    yield "16 sites", replace(PROOF, weights=weights[:-1])
    yield "not integers", replace(PROOF, weights=tuple(float(w) for w in weights))
    yield "not integers", replace(PROOF, weights=tuple(bool(w) for w in weights))
    yield "prove nothing", replace(PROOF, weights=(0,) * 16)
    yield "missing", replace(PROOF, tree=tree[:-1])
    yield "missing", replace(PROOF, tree=())
    yield "belongs to no site", replace(PROOF, tree=(*tree, Orthogonal()))
    yield "not orthogonal", with_node(leaf, Orthogonal())
    yield "mirror", with_node(leaf, Mirror())
    yield "decides no site", with_node(0, Branch(16))
    yield "decides no site", with_node(0, Branch(-1))
    yield "decides no site", with_node(leaf, Branch(tree[0].site))
    cannot = "cannot be separated"
    yield cannot, with_node(leaf, Crossing(()))
    yield cannot, with_node(leaf, Crossing(((n, -c), *((m, -e) for m, e in rest))))
    yield cannot, with_node(leaf, Crossing(((n, c + 1), *rest)))
    yield cannot, with_node(leaf, Crossing(((n, float(c)), *rest)))
    yield cannot, with_node(leaf, Crossing(((n, c), (n, c), *rest)))
    yield cannot, with_node(leaf, Crossing(((other + 100, c), *rest)))
    yield cannot, with_node(leaf, Crossing(tuple((m, 0) for m, _ in tree[leaf].weights)))


@pytest.mark.parametrize(("fault", "forged"), list(forgeries()))
def test_forged_proofs_are_rejected(fault, forged):
    (found,) = check_infeasibility(PROBLEM, forged)
    assert fault in found


def test_a_proof_is_one_of_its_own_problem():
    assert check_infeasibility(PROBLEM, PROOF) == []
    assert check_infeasibility(denoising(LATTICE, radius=0.43), PROOF)
    assert check_infeasibility(Interpolation(LATTICE, np.ones(16), 0.45), PROOF)


def test_single_changes_of_a_proof_prove_nothing_false():
    """At a radius at which there is a network, nothing is accepted."""
    feasible = denoising(LATTICE, radius=np.sqrt(3) / 4 * (1 - 1e-9))
    proof = find_proof(denoising(LATTICE, radius=np.sqrt(3) / 4 * (1 + 1e-9)))
    for k, node in enumerate(proof.tree):
        nodes = [Orthogonal(), Mirror(), *(Branch(n) for n in range(16))]
        if isinstance(node, Crossing):
            for change in (-1, 1):
                (n, c), (m, e), *rest = node.weights
                nodes.append(Crossing(((n, c + change), (m, e - change), *rest)))
        for other in nodes:
            forged = replace(proof, tree=(*proof.tree[:k], other, *proof.tree[k + 1 :]))
            assert check_infeasibility(feasible, forged)


# ---------------------------------------------------------------- as data


def test_proofs_are_stored_as_json():
    record = json.loads(json.dumps(PROOF.to_dict()))
    assert InfeasibilityProof.from_dict(record) == PROOF


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"weights": [1, -1]},
        {"weights": [1.0, -1], "tree": []},
        {"weights": [1, True], "tree": []},
        {"weights": 3, "tree": []},
        {"weights": [1, -1], "tree": [["leaf"]]},
        {"weights": [1, -1], "tree": [["site"]]},
        {"weights": [1, -1], "tree": [["site", "0"]]},
        {"weights": [1, -1], "tree": [["mirror", 1]]},
        {"weights": [1, -1], "tree": [["crossing", [0]]]},
        {"weights": [1, -1], "tree": [[]]},
        {"weights": [1, -1], "tree": [3]},
    ],
)
def test_what_is_no_proof_is_refused(record):
    with pytest.raises(InvalidProblem, match="give what InfeasibilityProof"):
        InfeasibilityProof.from_dict(record)


# ---------------------------------------------------------------- solve


def test_balls_that_touch_but_for_rounding():
    """In a plane of space, which is rotated, some meet; nothing is said of the data then."""
    rng = np.random.default_rng(3)
    met = None
    for _ in range(60):
        points = np.eye(3)[:, :2] @ np.linalg.qr(rng.normal(size=(3, 3)))[0][:2]
        points += rng.normal(size=3)
        radius = np.nextafter(pdist(points).min() / 2, 0)
        try:
            problem = denoising(points, radius=radius)
        except InvalidProblem:
            continue  # they do meet
        try:
            Reduction.of(problem)
        except NotCertified:
            met = problem
    assert met is not None
    with pytest.raises(NotCertified, match="rounding makes them meet"):
        solve(met)


@pytest.mark.parametrize("method", [None, "column-generation", "semidefinite", "ramps", "local"])
def test_every_method_ends_with_the_proof(method):
    problem = denoising(regular_simplex(3), radius=0.48 * pdist(regular_simplex(3)).min())
    with pytest.raises(InfeasibleProblem, match="lower the radii") as caught:
        solve(problem, method=method)
    assert check_infeasibility(problem, caught.value.proof) == []
    certificate = caught.value.certificate
    assert np.sum(certificate.values * problem.targets) == pytest.approx(1.0)
    assert certificate.pricing_maximum == 0.0


def test_a_formulation_has_the_proof_of_the_problem():
    """Stated in the plane that the points span, with the proof for the points as they are."""
    points = 10 * LATTICE @ np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0][:2] + 1
    problem = denoising(points, radius=4.5)
    with pytest.raises(InfeasibleProblem) as caught:
        formulations.get("column-generation").build(problem).solve()
    assert check_infeasibility(problem, caught.value.proof) == []


def test_a_search_has_a_limit():
    with pytest.raises(Undecided, match="too long"):
        find_proof(PROBLEM, most=3)
