"""Proof trees, read by the checker and compared with hinges tried one by one."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

import convexden as cd
from convexden.proofs import checker
from convexden.proofs.checker import Data
from convexden.proofs.hinge_cells import HingeCells
from convexden.proofs.leaf_oracle import propose, remainder
from convexden.proofs.rational_data import multipliers_of, numbers, rational, sites_of
from convexden.proofs.tree import lower_tree

DELTA = Fraction(5, 10**7)


@cache
def _solved(name):
    """A problem with a certificate."""
    problem = PROBLEMS[name]()
    return problem, cd.solve(problem, tolerance=1e-9).certificate


def _document(name, factor=1):
    """The parts of a proof file that `Data` reads, with multipliers times a factor."""
    problem, certificate = _solved(name)
    document = sites_of(problem)
    points = checker.numbers(document["coordinates"], len(problem), len(document["coordinates"][0]))
    centers = rational(problem.centers.tolist())
    rows = [[x - y for x, y in zip(centers[j], centers[0], strict=True)] for j in document["basis"]]
    values, jacobians = multipliers_of(
        certificate, rational(document["radii"]), points, rows or None, problem.hull
    )
    times = Fraction(factor)
    document["values"] = numbers([[times * x for x in row] for row in values])
    document["jacobians"] = numbers([[[times * x for x in row] for row in g] for g in jacobians])
    return document


def _simplex(seed, dimension=3, count=None, outputs=None, mixed=False):
    """Balls around random points; targets are the points, or random."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count or dimension + 1, dimension))
    contact = min(np.linalg.norm(x - y) for x, y in itertools.combinations(points, 2)) / 2
    radii = np.full(len(points), rng.uniform(0.1, 0.8) * contact)
    if mixed:
        radii *= rng.uniform(size=len(points))
        radii[0] = 0.0
    targets = points if outputs is None else rng.normal(size=(len(points), outputs))
    return cd.Interpolation(points, targets, radii)


def _flat():
    """A tetrahedron in five dimensions, of small integers."""
    rng = np.random.default_rng(3)
    return cd.denoising(rng.integers(-4, 5, size=(4, 5)).astype(float), radius=0.3)


PROBLEMS = {
    "tetrahedron": lambda: _simplex(1),
    "one output": lambda: _simplex(2, outputs=1),
    "mixed radii": lambda: _simplex(3, mixed=True),
    "samples": lambda: cd.Interpolation(*np.random.default_rng(4).normal(size=(2, 6, 3))),
    "six balls in space": lambda: _simplex(1, count=6, outputs=2),
    "four dimensions": lambda: _simplex(6, dimension=4, outputs=1),
    "in five dimensions": _flat,
}


def _accepts(document, node, delta=DELTA):
    """Whether the checker takes a tree, as it reads from a file."""
    try:
        checker.check_tree(Data(document), (1 + delta) ** 2, json.loads(json.dumps(node)))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", PROBLEMS)
def test_trees_prove_the_bound(name):
    document = _document(name)
    found = lower_tree(Data(document), DELTA)
    assert found.reason == ""
    assert _accepts(document, found.node)
    assert found.nodes >= found.leaves > 0


def _largest(problem, document, draws=2000):
    """The largest |F| / |w| of tangent hinges that cut no ball, in random directions."""
    radii = problem.radii
    values = np.array(checker.numbers(document["values"], *problem.targets.shape), dtype=float)
    shape = (*problem.targets.shape, problem.input_dimension)
    jacobians = np.array(checker.numbers(document["jacobians"], *shape), dtype=float)
    normals = np.random.default_rng(0).normal(size=(draws, problem.input_dimension))
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    best = 0.0
    for normal in normals:
        across = problem.centers @ normal
        for height in np.concatenate([radii - across, -radii - across]):
            z = across + height
            if (np.abs(z) < radii - 1e-12).any():
                continue
            on = (z >= radii - 1e-12) & (z > -radii)
            image = values[on].T @ z[on] + jacobians[on].sum(axis=0) @ normal
            best = max(best, float(np.linalg.norm(image)))
    return best


def test_no_hinge_is_above_what_is_proven():
    problem, document = _solved("tetrahedron")[0], _document("tetrahedron")
    assert lower_tree(Data(document), DELTA).node is not None
    largest = _largest(problem, document)
    assert 0.99 < largest <= 1 + float(DELTA) + 1e-12


@pytest.mark.parametrize("name", ["tetrahedron", "mixed radii", "in five dimensions"])
def test_multipliers_that_are_too_large_are_not_proven(name):
    document = _document(name, factor=1 + Fraction(1, 10**4))
    found = lower_tree(Data(document), DELTA, node_limit=100)
    assert found.node is None
    size = float(found.reason.split("has |F| = ")[1].split()[0])
    assert 1 + 5e-5 < size < 1 + 1e-4 + 1e-8


def test_a_tree_does_not_prove_a_smaller_bound():
    document = _document("tetrahedron")
    found = lower_tree(Data(document), DELTA)
    assert not _accepts(document, found.node, delta=-DELTA)


def test_one_part_in_a_hundred_million():
    document = _document("tetrahedron")
    found = lower_tree(Data(document), Fraction(5, 10**9))
    assert found.node is not None
    assert _accepts(document, found.node, Fraction(5, 10**9))


def test_patterns_without_hinges_are_one_leaf():
    """Five sites of six can decide that there is no hinge, whatever the sixth is."""
    document = _document("six balls in space")
    found = lower_tree(Data(document), DELTA)
    assert _accepts(document, found.node)

    def shallow(node, depth=0):
        if node[0] == "site":
            return any(shallow(child, depth + 1) for child in node[2:] if child != "mirror")
        return node[0] == "leaf" and depth < 6

    assert shallow(found.node)


def test_balls_without_multipliers_only_restrict_hinges():
    """Three balls that the multipliers leave out: hinges must not cut them either."""
    document = _document("tetrahedron")
    more = [[5.0 + n, 0.5 * n, -1.0] for n in range(3)]
    first = document["centers"][0]
    document["centers"] = document["centers"] + more
    document["targets"] = document["targets"] + more
    document["radii"] = document["radii"] + [0.01] * 3
    steps = [[Fraction(x) - Fraction(y) for x, y in zip(row, first, strict=True)] for row in more]
    document["coordinates"] = document["coordinates"] + numbers(steps)
    document["values"] = document["values"] + [[0, 0, 0]] * 3
    document["jacobians"] = document["jacobians"] + [[[0, 0, 0]] * 3] * 3
    data = Data(document)
    assert len(data.active) < len(data.present)
    found = lower_tree(data, DELTA)
    assert _accepts(document, found.node)


def test_limits_are_said():
    data = Data(_document("six balls in space"))
    few = lower_tree(data, DELTA, node_limit=3)
    assert few.node is None
    assert few.reason.startswith("site pattern -")
    assert few.reason.endswith("not proven after 3 nodes")
    assert lower_tree(data, DELTA, time_limit=0.0).node is None

    def stop(step):
        if step.done == 2:
            raise StopIteration

    assert "ended" in lower_tree(data, DELTA, progress=stop).reason


def test_processes_find_the_same():
    data = Data(_document("tetrahedron"))
    steps = []
    found = lower_tree(data, DELTA, jobs=2, progress=steps.append)
    assert found == lower_tree(data, DELTA)
    assert [step.done for step in steps] == list(range(8))


def test_leaves_of_the_oracle_are_positive_definite():
    data = Data(_document("tetrahedron"))
    cells = HingeCells(data, (1 + DELTA) ** 2)
    cell = cells.cell(((0, False), (1, True), (2, False), (3, True)))
    for part in (cell, cells.touching(cell, 1)):
        objective = cells.objective(part, empty=False)
        found = propose(objective, part.floats, cells.k)
        matrix = remainder(objective, part.floats, found.mu, found.products, found.cones)
        assert found.margin == pytest.approx(np.linalg.eigvalsh(matrix)[0])
        assert (found.products >= 0).all()
        assert (np.linalg.norm(found.cones[:, 1:], axis=1) <= found.cones[:, 0]).all()


def test_cells_in_floats_are_the_exact_ones():
    """Forms and |F| of a cell at a hinge, in rationals and in floats."""
    data = Data(_document("in five dimensions"))
    cells = HingeCells(data, (1 + DELTA) ** 2)
    cell = cells.cell(((0, True), (1, True), (2, False), (3, False)))
    hinge = np.random.default_rng(0).normal(size=data.k + 2)
    exact = cells.units @ hinge
    forms = np.array(cell.forms, dtype=float) @ exact
    assert cell.floats @ hinge * cell.sizes == pytest.approx(forms)
    image = sum(np.array(data.terms[n], dtype=float) @ exact for n in (0, 1))
    assert cells.image(cell) @ hinge == pytest.approx(image)
    length = exact[1:-1] @ np.array(data.inverse, dtype=float) @ exact[1:-1]
    assert length == pytest.approx(hinge[1:-1] @ hinge[1:-1])
