"""What `prove` proves, against floats that share no code with it."""

from __future__ import annotations

import json
import time
from fractions import Fraction

import numpy as np
import pytest
from proof_examples import example

import convexden as cd
from convexden.proofs import checker
from convexden.proofs.prove import prove_infeasible

WIDTH = 1e-10
# The triangle of integers at the radius at which a line touches all balls, and no ramp is left.
EDGE = [[0, 0], [4, 0], [1, 3]], 1.5


def _array(node):
    """Numbers of a proof file as floats."""
    if isinstance(node, list):
        return np.array([_array(part) for part in node])
    return float(Fraction(node))


def _balls(rng, count, dimension=2):
    """Balls around random points, of a radius up to 99 % of contact."""
    points = rng.normal(size=(count, dimension))
    distances = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(count)
    return cd.denoising(points, radius=rng.uniform(0.02, 0.99) * distances.min() / 2)


def _checked(proof):
    """The proof, which the checker accepts as it reads from a file."""
    lower, upper, _ = checker.check(json.loads(json.dumps(proof.to_dict())))
    assert (lower, upper) == (proof.lower, proof.upper)
    return proof


def _samples(seed, count=6, outputs=1):
    rng = np.random.default_rng(seed)
    return cd.Interpolation(rng.normal(size=(count, 2)), rng.normal(size=(count, outputs)))


def _mixed(seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(6, 2))
    distances = np.linalg.norm(points[:, None] - points, axis=2) + 9 * np.eye(6)
    radii = np.where(rng.random(6) < 0.5, 0.0, rng.uniform(0, 0.45, 6) * distances.min(axis=1))
    return cd.Interpolation(points, rng.normal(size=(6, 2)), radii)


def _clusters(seed):
    clean = np.array([[0.0, 0.0], [3.0, 1.0]])
    noise = np.random.default_rng(seed).normal(size=(2, 4, 2))
    return cd.denoising(clean, noisy=clean[:, None] + 0.1 * noise)


PROBLEMS = {
    "line": lambda: cd.denoising([0.0, 1.0, 2.5, 7.0], radius=[0.1, 0.0, 0.3, 1.0]),
    "samples on a line": lambda: cd.Interpolation([0.0, 1.0, 2.5, 7.0], [0.3, 1.0, -0.5, 2.0]),
    "obtuse": lambda: cd.denoising([[0, 0], [4, 1], [-2, 1]], radius=0.3),
    "square": lambda: cd.denoising([[0, 0], [1, 0], [0, 1], [1, 1]], radius=0.1),
    "samples": lambda: _samples(0),
    "vector samples": lambda: _samples(1, outputs=3),
    "mixed": lambda: _mixed(2),
    "clusters": lambda: cd.denoising(
        [[0, 0], [3, 1]],
        noisy=np.random.default_rng(3).normal(size=(2, 4, 2)) * 0.1 + [[[0, 0]], [[3, 1]]],
    ),
    "one target for two": lambda: cd.Interpolation(
        [[0, 0], [0.3, 0.1], [2, 1], [2.2, 1.4]], [0, 0, 1, 1], [0.05, 0.0, 0.1, 0.1]
    ),
    "the same sample": lambda: cd.Interpolation([[0, 0], [1, 0], [0, 1], [1, 0]], [0, 1, 1, 1]),
    "affine": lambda: cd.Interpolation([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 2, 3]),
    "one value": lambda: cd.Interpolation([[0, 0], [1, 0], [0, 1], [1, 1]], [2, 2, 2, 2], 0.2),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_proven_interval_is_that_of_the_solution(name):
    solution = cd.solve(PROBLEMS[name]())
    proof = _checked(cd.prove(solution, WIDTH))
    assert proof.proven, proof.reason
    assert proof.relative_width <= WIDTH
    assert float(proof.lower) == pytest.approx(solution.cost, rel=1e-9, abs=1e-12)
    assert float(proof.upper) == pytest.approx(solution.cost, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", ["obtuse", "square", "vector samples", "mixed", "clusters"])
def test_a_second_cone_solver_leads_to_the_same_intervals(name):
    problem = PROBLEMS[name]()
    one, other = (
        cd.solve(problem, method="column-generation", master=master)
        for master in ("clarabel", "qoco")
    )
    assert one.certified
    assert other.certified
    assert other.cost == pytest.approx(one.cost, rel=1e-10)
    assert other.lower_bound == pytest.approx(one.lower_bound, rel=1e-10)
    first, second = cd.prove(one, WIDTH), _checked(cd.prove(other, WIDTH))
    assert first.proven
    assert second.proven
    # Both enclose the optimum.
    assert max(first.lower, second.lower) <= min(first.upper, second.upper)


def _forms(document):
    """Radii, centers, values and Jacobian multipliers of a file in the plane, as floats."""
    return tuple(_array(document[key]) for key in ("radii", "centers", "values", "jacobians"))


@pytest.mark.parametrize("name", ["obtuse", "samples", "mixed", "one target for two"])
def test_no_hinge_of_a_dense_grid_exceeds_the_bound(name):
    document = cd.prove(cd.solve(PROBLEMS[name]()), WIDTH).to_dict()
    radii, centers, values, jacobians = _forms(document)
    largest = 0.0
    for angle in np.linspace(0, 2 * np.pi, 3001):
        w = np.array([np.cos(angle), np.sin(angle)])
        places = centers @ w
        biases = np.concatenate([-places - radii, -places + radii, np.linspace(-9, 9, 50)])
        heights = places + biases[:, None]
        feasible = (np.abs(heights) >= radii * (1 - 1e-9)).all(axis=1)
        terms = heights[..., None] * values + (jacobians @ w)
        sums = (terms * (heights > 0)[..., None]).sum(axis=1)[feasible]
        largest = max(largest, np.linalg.norm(sums, axis=1).max(initial=0.0))
    assert 0.99 < largest <= 1 + 1e-8


@pytest.mark.parametrize("name", ["obtuse", "samples", "mixed", "one target for two", "square"])
def test_the_network_of_the_file_meets_its_targets_at_its_cost(name):
    proof = cd.prove(cd.solve(PROBLEMS[name]()), WIDTH)
    document = proof.to_dict()
    radii, centers, *_ = _forms(document)
    network, targets = document["network"], _array(document["targets"])
    w = np.array([_array(hinge[0]) for hinge in network["hinges"]])
    b = np.array([_array(hinge[1]) for hinge in network["hinges"]])
    weights = _array(network["weights"])
    cost = np.linalg.norm(weights[3:], axis=1) @ np.linalg.norm(w, axis=1)
    assert float(proof.upper) == pytest.approx(cost, rel=1e-10)
    rng = np.random.default_rng(0)
    for _ in range(50):
        turns = rng.normal(size=centers.shape)
        points = centers + turns / np.linalg.norm(turns, axis=1)[:, None] * radii[:, None]
        steps = points - centers[0]
        found = np.column_stack([np.ones(len(steps)), steps, np.maximum(steps @ w.T + b, 0)])
        assert np.abs(found @ weights - targets).max() < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_plane_problems_are_proven_or_infeasible_with_proof(part):
    rng = np.random.default_rng([16, part])
    for _ in range(12):
        problem = _balls(rng, int(rng.integers(3, 13)))
        try:
            solution = cd.solve(problem)
        except cd.InfeasibleProblem as error:
            infeasible = error.proof
        else:
            infeasible = None
        start = time.process_time()
        if infeasible is not None:
            proof = prove_infeasible(problem, infeasible)
        else:
            proof = cd.prove(solution, WIDTH)
        assert time.process_time() - start < 2.0
        assert proof.proven, (problem, proof.reason)


@pytest.mark.slow
def test_forty_balls_in_the_plane():
    problem = _balls(np.random.default_rng(40), 40)
    solution = cd.solve(problem)
    start = time.process_time()
    assert cd.prove(solution, WIDTH).proven
    assert time.process_time() - start < 10.0


def test_data_in_a_smaller_hull_are_proven_as_they_are():
    points = [[0, 0, 1, 5], [1, 2, 1, 5], [3, 1, 4, 5], [1, 1, 0, 5]]
    proof = _checked(cd.prove(cd.solve(cd.denoising(points, radius=0.2)), 1e-6))
    assert proof.proven
    assert proof.document["moved"] is None
    assert len(proof.document["basis"]) == 3


def test_a_plane_in_space_is_proven_as_one_in_the_plane():
    # No vector of the plane x + y + z = 0 has a rational length: none of its bases is orthonormal.
    rng = np.random.default_rng(7)
    points = rng.integers(-9, 10, size=(12, 2)) @ [[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]]
    proof = _checked(cd.prove(cd.solve(cd.denoising(points, radius=0.3)), WIDTH))
    assert proof.proven
    assert proof.document["lower"] == ["plane"]
    assert proof.document["moved"] is None


def test_a_basis_that_is_not_orthonormal_bounds_less():
    document = example("plane in space")
    base = np.array([[float(Fraction(x)) for x in row] for row in document["basis"]])
    assert np.abs(base @ base.T - np.eye(2)).max() < 1e-15
    # The same plane in another basis: H is off by a quarter, and then by more than is allowed.
    for stretch, reason in ((Fraction(15, 16), "above 1"), (Fraction(1, 2), "orthonormal")):
        other = json.loads(json.dumps(document))
        other["basis"][0] = [str(Fraction(x) / stretch) for x in document["basis"][0]]
        for row in other["coordinates"]:
            row[0] = str(Fraction(row[0]) * stretch)
        for rows in other["jacobians"]:
            for row in rows:
                row[0] = str(Fraction(row[0]) * stretch)
        with pytest.raises(ValueError, match=reason):
            checker.check(other)


def test_data_that_are_flat_up_to_rounding_are_moved_and_it_is_said():
    rng = np.random.default_rng(5)
    points = rng.normal(size=(5, 2)) @ rng.normal(size=(2, 6)) + rng.normal(size=6)
    proof = _checked(cd.prove(cd.solve(cd.denoising(points, radius=0.05)), 1e-6))
    assert proof.proven
    assert 0 < float(Fraction(proof.document["moved"])) < 1e-14
    assert "coordinates moved" in str(proof)


def test_images_are_proven_in_the_space_that_they_span():
    images = np.random.default_rng(6).integers(0, 17, size=(4, 8, 8)) / 16
    proof = _checked(cd.prove(cd.solve(cd.denoising(images.reshape(4, -1), radius=0.3)), 1e-6))
    assert proof.proven
    assert proof.document["coordinates"][1:] == np.eye(3, dtype=int).tolist()


def test_a_thin_direction_is_data():
    # An affine map interpolates them, however thin the triangle is.
    problem = cd.Interpolation([[0, 0], [1, 2.0**-41], [2, 0]], [0, 1, 0])
    proof = cd.prove(cd.solve(problem))
    assert proof.proven
    assert proof.upper == 0


def test_a_width_that_is_not_reached_is_said_with_the_best():
    proof = cd.prove(cd.solve(PROBLEMS["obtuse"]()), 1e-16)
    assert not proof.proven
    assert "best relative width" in proof.reason
    assert proof.document is not None
    _checked(proof)


def test_multipliers_that_are_not_optimal_prove_a_wider_interval():
    solution = cd.solve(PROBLEMS["mixed"](), method="ramps", tolerance=1e-2)
    exact = cd.solve(PROBLEMS["mixed"]())
    proof = cd.prove(cd.Solution(**{**_fields(exact), "network": solution.network}), 1e-8)
    assert not proof.proven
    assert proof.lower <= Fraction(exact.cost) <= proof.upper


def _fields(solution):
    """The fields of a solution that its constructor takes."""
    names = [name for name, part in solution.__dataclass_fields__.items() if part.init]
    return {name: getattr(solution, name) for name in names}


def test_a_run_can_be_stopped():
    solution = cd.solve(_balls(np.random.default_rng(1), 4, 3))

    def stop(step):
        raise StopIteration

    for proof in (
        cd.prove(solution, 1e-7, progress=stop),
        cd.prove(solution, 1e-7, time_limit=1e-9),
    ):
        assert not proof.proven
        assert "stopped" in proof.reason
        assert proof.document is None
        with pytest.raises(cd.InvalidProblem, match="no proof"):
            proof.to_dict()


def test_what_the_format_cannot_prove_is_said():
    # Only the two middle lines separate the balls, so that the equations depend on each other.
    problem = cd.denoising([[0, 0], [1, 0], [0, 1], [1, 1]], radius=0.45)
    proof = cd.prove(cd.solve(problem))
    assert not proof.proven
    assert "no hinges were found" in proof.reason


def test_infeasible_problems_are_proven_so():
    lattice = [[i + 0.5 * j, 0.75**0.5 * j] for i in range(4) for j in range(4)]
    proof = _checked(cd.prove(cd.denoising(lattice, radius=0.45)))
    assert proof.proven
    assert proof.kind == "infeasible"
    assert "no network" in str(proof)


def test_hinges_that_are_left_alone():
    # A line touches all balls, and is the only one with its pattern.
    problem = cd.denoising(EDGE[0], radius=EDGE[1])
    proof = _checked(cd.prove(problem))
    assert proof.proven
    document = proof.to_dict()
    nodes = document["infeasible"]["tree"]
    (alone,) = (node for node in nodes if node[0] == "touching")
    for change, reason in (
        ({"radii": [x * (1 - 1e-9) for x in document["radii"]]}, "is wrong"),
        ({"targets": [[1.0]] * 3}, "sum to 0"),
    ):
        with pytest.raises(ValueError, match=reason):
            checker.check({**document, **change})
    alone[0] = "crossing"
    with pytest.raises(ValueError, match="is wrong"):
        checker.check(document)


def test_a_claim_that_is_optimal_is_not_refuted():
    solution = cd.solve(PROBLEMS["obtuse"]())
    proof = cd.prove(solution, claim=solution.network)
    assert proof.kind == "optimum"
    assert "claim" in proof.reason


def test_proofs_are_stored_and_read(tmp_path):
    proof = cd.prove(cd.solve(PROBLEMS["obtuse"]()))
    cd.save(proof, tmp_path / "proof.json")
    again = cd.load(tmp_path / "proof.json")
    assert isinstance(again, cd.Proof)
    assert (again.lower, again.upper) == (proof.lower, proof.upper)
    document = json.loads((tmp_path / "proof.json").read_text(encoding="utf-8"))
    document["values"][0] = [0, 0]
    (tmp_path / "proof.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(cd.InvalidProblem, match="not proven: the dual equalities"):
        cd.load(tmp_path / "proof.json")


@pytest.mark.parametrize(
    "arguments",
    [{"width": 0}, {"width": "1"}, {"jobs": 0}, {"time_limit": -1}, {"claim": 3}, {"progress": 3}],
)
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(cd.InvalidInput):
        cd.prove(cd.solve(PROBLEMS["obtuse"]()), **arguments)
    with pytest.raises(cd.InvalidInput):
        cd.prove("solution.json")


@pytest.mark.parametrize("unit", [1e-30, 1e-3, 1e30])
def test_the_units_of_the_data_do_not_matter(unit):
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.4, 0.9]]) * unit
    assert _checked(cd.prove(cd.solve(cd.denoising(points, radius=0.1 * unit)), WIDTH)).proven


def test_a_triangle_next_to_its_edge_is_proven():
    points = [[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]]
    solution = cd.solve(cd.denoising(points, radius=0.75**0.5 / 2 * (1 - 1e-6)))
    proof = _checked(cd.prove(solution, 1e-8))
    assert proof.proven
    assert float(proof.lower) > 3.69e6


@pytest.mark.parametrize("gap", [1e-6, 1e-12])
def test_samples_that_nearly_coincide_are_proven(gap):
    rng = np.random.default_rng(11)
    points, targets = rng.normal(size=(5, 2)), rng.normal(size=5)
    points = np.vstack([points, points[0] + [gap, gap / 3]])
    solution = cd.solve(cd.Interpolation(points, np.append(targets, targets[0])))
    assert _checked(cd.prove(solution, WIDTH)).proven
