"""Patterns and faces: all that random hinges have, as many as a simplex has, none made up."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from oracles import Array, Lines, common_tangents, random_problem, random_sites, tangent_lines

from convexden import Interpolation, TooLarge, denoising
from convexden.data import regular_simplex, triangular_lattice
from convexden.reduction import Reduction
from convexden.solvers.patterns.faces import Faces, enumerate_faces, frames

COLLINEAR = np.array([[0, 0], [1, 1], [2, 2], [0, 1], [3, 1.5]])
CASES = {
    "balls": Reduction.of(random_problem(0, "balls", sites=6)).problem,
    "samples": Reduction.of(random_problem(1, "samples", sites=6)).problem,
    "mixed": Reduction.of(random_problem(2, "mixed", sites=7)).problem,
    "balls in space": Reduction.of(random_sites(0, 6, 3, "balls")).problem,
    "mixed in space": Reduction.of(random_sites(1, 6, 3, "mixed")).problem,
    "samples in space": Reduction.of(random_sites(2, 6, 3, "samples")).problem,
    "grid": denoising([[i, j] for i in range(3) for j in range(3)], radius=0.15),
    "grid of samples": Interpolation(
        [[i, j] for i in range(3) for j in range(3)], np.arange(9.0) % 4
    ),
    "grid of both": Interpolation(
        [[i, j] for i in range(3) for j in range(3)], np.arange(9.0), np.tile([0.1, 0.0], 5)[:9]
    ),
    "collinear triples": denoising(COLLINEAR, radius=0.1),
    "collinear samples": Interpolation(COLLINEAR, np.arange(5.0)),
    "cube": denoising(np.array(list(np.ndindex(2, 2, 2)), dtype=float), radius=0.1),
}


def rows(patterns: Array) -> set[bytes]:
    return {row.tobytes() for row in np.asarray(patterns, dtype=bool)}


def half(patterns: Array) -> Array:
    """Of every pattern and its complement the one with site 0 active."""
    return patterns == patterns[:, :1]


def separated(problem: Interpolation, pattern: Array) -> bool:
    """Whether some hinge has the balls on these sides: the widest, a cone program."""
    if pattern.all():
        return True
    w, b = cp.Variable(problem.input_dimension), cp.Variable()
    signs = np.where(pattern, 1.0, -1.0)
    least = cp.min(cp.multiply(signs, problem.centers @ w + b) - problem.radii)
    program = cp.Problem(cp.Maximize(least), [cp.norm(w) <= 1])
    program.solve(solver=cp.CLARABEL)
    return float(program.value) >= -1e-7 and float(np.linalg.norm(w.value)) > 1e-3


def random_lines(problem: Interpolation, count: int) -> Lines:
    """Hinges that touch a site, most of them no other."""
    rng = np.random.default_rng(0)
    normals = rng.standard_normal((count, problem.input_dimension))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    if problem.input_dimension == 2:
        normals = np.vstack([normals, common_tangents(problem)])
    return tangent_lines(problem, normals, slack=1e-12)


def listed(problem: Interpolation) -> tuple[Array, list[Faces], set[tuple[bytes, frozenset[int]]]]:
    patterns, levels = enumerate_faces(problem)
    faces = set()
    for level in levels:
        for chosen, number in zip(level.sets, level.patterns, strict=True):
            members = frozenset(int(n) for n in level.frames.members[chosen])
            faces.add((patterns[number].tobytes(), members))
    return patterns, levels, faces


@pytest.mark.parametrize("name", CASES)
def test_random_hinges_have_listed_patterns_and_faces(name):
    """A hinge that touches one site alone is on the face of its pattern and that site."""
    problem = CASES[name]
    lines = random_lines(problem, 4000)
    patterns, _, faces = listed(problem)
    assert len(rows(patterns)) == len(patterns)
    assert patterns[:, 0].all()
    z = lines.w @ problem.centers.T + lines.b[:, None]
    gaps = np.abs(z) - problem.radii
    gaps[np.arange(len(z)), lines.pivots] = np.inf
    clear = gaps.min(axis=1) > 1e-6
    assert clear.any()
    sides = z > 0
    # A touched ball is where the hinge leaves it; a touched sample on either side, as it likes.
    seen = set()
    for active in (True, False):
        lifted = sides.copy()
        touched = np.flatnonzero(problem.radii[lines.pivots] == 0)
        lifted[touched, lines.pivots[touched]] = active
        oriented = half(lifted)
        for row, pivot in zip(oriented[clear], lines.pivots[clear], strict=True):
            if problem.radii[pivot] > 0 or pivot == 0 or not row[pivot]:
                seen.add((row.tobytes(), frozenset([int(pivot)])))
    assert seen <= faces
    assert {pattern for pattern, _ in seen} <= rows(patterns)
    # And nearly all of them are seen: none is made up.
    alone = {face for face in faces if len(face[1]) == 1}
    assert len(seen) >= 0.4 * len(alone)


@pytest.mark.parametrize("name", CASES)
def test_listed_patterns_are_those_that_a_program_separates(name):
    """All of the 2^(N-1) one after the other, where these are few; else those that are listed."""
    problem = CASES[name]
    patterns = enumerate_faces(problem)[0]
    known = rows(patterns)
    n = len(problem)
    every = patterns
    if n <= 7:
        codes = 2 * np.arange(2 ** (n - 1))[:, None] + 1
        every = (codes >> np.arange(n)) & 1 == 1
    for pattern in every:
        # Samples are separated by lines through them as well: the program cannot tell.
        if not problem.radii.all():
            continue
        exists = separated(problem, pattern)
        assert exists == (pattern.tobytes() in known), pattern


@pytest.mark.parametrize("name", CASES)
def test_every_face_has_a_hinge(name):
    """Random points of its sphere: of most faces some is feasible; all lie on the sphere."""
    problem = CASES[name]
    patterns, levels, faces = listed(problem)
    rng = np.random.default_rng(0)
    hit, total = 0, 0
    for level in levels:
        for chosen, number in zip(level.sets, level.patterns, strict=True):
            members, pattern = level.frames.members[chosen], patterns[number]
            signs = np.where(pattern, 1.0, -1.0)
            heights = (signs * problem.radii)[members]
            c = level.frames.centers(heights[None], np.array([chosen]))[0]
            across = level.frames.across[chosen]
            assert c @ c <= 1 + 1e-8
            u = rng.standard_normal((400, across.shape[1]))
            u /= np.linalg.norm(u, axis=1, keepdims=True)
            w = c + np.sqrt(max(0.0, 1 - c @ c)) * u @ across.T
            b = heights[0] - w @ problem.centers[members[0]]
            z = w @ problem.centers.T + b[:, None]
            np.testing.assert_allclose(z[:, members], np.tile(heights, (400, 1)), atol=1e-8)
            hit += bool((signs * z >= problem.radii - 1e-8).all(axis=1).any())
            total += 1
    assert total == len(faces)
    assert hit >= 0.7 * total


@pytest.mark.parametrize("r", [2, 3, 4, 5])
def test_counts_of_simplices(r):
    """Every half pattern, and for each every set of sites that is neither empty nor all."""
    n = r + 1
    for problem in (denoising(regular_simplex(r), radius=0.05), random_sites(r, n, r, "balls")):
        small = Interpolation(problem.centers, problem.targets, 1e-3)
        patterns, levels = enumerate_faces(small)
        two_sided = {number for number, row in enumerate(patterns) if not row.all()}
        assert len(two_sided) == 2 ** (n - 1) - 1
        faces = sum(int(np.isin(level.patterns, list(two_sided)).sum()) for level in levels)
        assert faces == (2 ** (n - 1) - 1) * (2**n - 2)


def test_balls_that_almost_touch_have_fewer_patterns():
    lattice = triangular_lattice(4, 4)
    wide = enumerate_faces(denoising(lattice, radius=0.45))[0]
    assert rows(wide) == rows(np.ones((1, 16), dtype=bool))
    narrow = enumerate_faces(denoising(lattice, radius=0.1))[0]
    assert len(narrow) > 20


def test_dependent_sets_have_no_frame():
    problem = CASES["collinear triples"]
    space = Interpolation(np.column_stack([COLLINEAR, [0, 0, 0, 1, 2]]), np.arange(5.0), 0.1)
    members = frames(space, 3).members.tolist()
    assert [0, 1, 2] not in members
    assert len(members) == 9
    assert len(frames(problem, 2).members) == 10


@pytest.mark.parametrize(
    ("sites", "dimension", "message"),
    [
        (63, 3, "63 sites that span 3 dimensions: exact pricing looks at 62 at the most"),
        (62, 6, r"62 sites that span 6 dimensions have \d+ tangent hyperplanes, too many"),
        (12, 11, "12 sites that span 11 dimensions have 8380418 faces, too many"),
    ],
)
def test_budgets_name_the_count(sites, dimension, message):
    points = np.random.default_rng(0).standard_normal((sites, dimension))
    with pytest.raises(TooLarge, match=message):
        enumerate_faces(denoising(points, radius=1e-4))


def test_a_budget_of_faces_found_on_the_way(monkeypatch):
    monkeypatch.setattr("convexden.solvers.patterns.faces.MOST_FACES", 30)
    with pytest.raises(TooLarge, match="more than 30 faces"):
        enumerate_faces(CASES["samples in space"])
