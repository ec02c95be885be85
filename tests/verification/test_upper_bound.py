"""The proven upper bound: against optima known as rationals, and networks corrected exactly."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracles import random_network, random_problem, random_sites

import convexden as cd
from convexden import theorems
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification.exact.rationals import root_above
from convexden.verification.exact.rigid_hinges import cuts_nothing, nearest_integers
from convexden.verification.exact.upper_bound import upper_bound

Array = NDArray[np.float64]
Matrix = list[list[Fraction]]

TIGHT = 1e-11  # the correction of a solution, relative to its cost


# ---------------------------------------------------------------- optima known exactly


def line_optimum(problem: Interpolation) -> Fraction:
    """The optimum of balls or samples on a line, one output: the slope jumps between the gaps."""
    sites = sorted(
        (Fraction(float(y)), Fraction(float(r)), Fraction(float(t)))
        for y, r, t in zip(problem.centers[:, 0], problem.radii, problem.targets[:, 0], strict=True)
    )
    slopes = []
    for (y, r, t), (z, s, u) in pairwise(sites):
        slopes.append((u - t) / (z - s - y - r))
        slopes.append(Fraction(0) if s else slopes[-1])
    slopes.pop()
    jumps = [abs(b - a) for a, b in pairwise(slopes)]
    ends = (sites[0][1] > 0) * abs(slopes[0]) + (sites[-1][1] > 0) * abs(slopes[-1])
    return sum(jumps, Fraction(0)) + ends


def line_problem(seed: int) -> Interpolation:
    """Balls, samples or both on a line, in any scale and far from zero."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    y = rng.choice(np.arange(-40, 40), n, replace=False) * 10.0 ** rng.integers(-6, 6)
    y = y + rng.choice([0.0, 1.0, 1e3]) * np.abs(y).max()
    gap = np.diff(np.sort(y)).min()
    radii = gap * rng.choice([0.0, 0.2, 0.45], n)
    slope = rng.choice([0.0, 0.0, 1e6])
    targets = rng.integers(-5, 5, n) * 0.1 + slope * y * (radii == 0).all()
    return Interpolation(y, targets, radii)


def damaged(network: ShallowNetwork, rng: np.random.Generator) -> ShallowNetwork:
    """The network with one thing changed a little, much or altogether."""
    parts = {name: np.array(part) for name, part in vars(network).items() if part is not None}
    filled = [name for name, part in parts.items() if part.size]
    name = filled[int(rng.integers(len(filled)))]
    part = parts[name].reshape(-1)
    index = int(rng.integers(part.size))
    size = 10.0 ** rng.integers(-16, 1)
    part[index] *= rng.choice([0.0, 1 - size, -1.0 if name.endswith("_low") else 1 + size, -1.0])
    parts.pop(f"{name}_low", None)  # which would be too large for some numbers
    return ShallowNetwork(**parts)


@pytest.mark.parametrize("seed", range(60))
def test_no_network_on_a_line_is_said_to_prove_less_than_the_optimum(seed: int) -> None:
    problem = line_problem(seed)
    optimum = line_optimum(problem)
    network = cd.solve(problem).network
    rng = np.random.default_rng(seed)
    for _ in range(12):
        bound = upper_bound(problem, network)
        assert bound.cost == math.inf or Fraction(bound.cost) >= optimum
        assert (bound.reason == "") == (bound.cost < math.inf)
        network = damaged(network, rng)


@pytest.mark.parametrize("seed", range(20))
def test_solutions_on_a_line_are_corrected_by_little(seed: int) -> None:
    problem = line_problem(seed)
    network = cd.solve(problem).network
    bound = upper_bound(problem, network)
    optimum = float(line_optimum(problem))
    far = float(np.abs(problem.centers).max() / problem.input_spread)
    steep = float(np.abs(problem.targets).max() / problem.target_spread)
    assert bound.cost <= optimum * (1 + TIGHT * max(1.0, far * steep)) + 1e-13 * steep


@pytest.mark.parametrize("direction", [(3.0, 4.0), (2.0, 3.0, 6.0)])
@pytest.mark.parametrize("seed", range(12))
def test_a_line_in_space_has_the_optimum_of_the_line(
    seed: int, direction: tuple[float, ...]
) -> None:
    rng = np.random.default_rng(seed)
    steps = np.sort(rng.choice(np.arange(-30, 30), 5, replace=False)).astype(float)
    along = np.array(direction)
    length = float(np.linalg.norm(along))  # 5 or 7
    targets, radii = rng.normal(size=5), length * 0.25 * (rng.random(5) < 0.7)
    optimum = line_optimum(Interpolation(steps * length, targets, radii))
    problem = Interpolation(np.outer(steps, along), targets, radii)
    solution = cd.solve(problem)
    bound = upper_bound(problem, solution.network)
    assert Fraction(bound.cost) >= optimum
    assert bound.increase <= TIGHT * solution.cost
    for _ in range(10):
        network = damaged(solution.network, rng)
        assert upper_bound(problem, network).cost >= float(optimum) * (1 - 1e-15)


# ---------------------------------------------------------------- networks corrected exactly


def fractions(array: Array) -> Matrix:
    """The rows of an array as rationals."""
    return [[Fraction(float(x)) for x in row] for row in np.atleast_2d(array)]


def dot(a: list[Fraction], b: list[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def widest(problem: Interpolation, signs: Array) -> list[Fraction]:
    """The hinge (w, b) with these sides that is farthest from all sites, rounded."""
    import cvxpy as cp

    w, b, slack = cp.Variable(problem.input_dimension), cp.Variable(), cp.Variable()
    rows = [cp.norm(w, 2) <= 1]
    rows += [
        s * (y @ w + b) - r * cp.norm(w, 2) >= slack
        for s, y, r in zip(signs, problem.centers, problem.radii, strict=True)
    ]
    cp.Problem(cp.Maximize(slack), rows).solve(solver=cp.CLARABEL)
    return fractions(np.append(w.value, b.value))[0]


class ExactNetwork:
    """A network in rationals that interpolates a problem of balls, built from one in floats."""

    def __init__(self, problem: Interpolation, network: ShallowNetwork) -> None:
        self.problem, self.d, self.p = problem, problem.input_dimension, problem.output_dimension
        self.y, self.t = fractions(problem.centers), fractions(problem.targets)
        self.r = [Fraction(float(r)) for r in problem.radii]
        stored = fractions(np.column_stack([network.input_weights, network.biases]))
        self.stored = len(stored)
        self.hinges: Matrix = []
        extra: Matrix = []
        seen: set[tuple[int, ...]] = set()
        for hinge in stored:
            signs = [1 if dot(hinge[:-1], y) + hinge[-1] > 0 else -1 for y in self.y]
            inner = widest(problem, np.array(signs))
            mix = Fraction(1, 2**60)
            moved = hinge
            while not self.feasible(moved, signs):
                moved = [x + mix * m for x, m in zip(hinge, inner, strict=True)]
                mix *= 2
            self.hinges.append(moved)
            if tuple(signs) not in seen:
                seen.add(tuple(signs))
                extra += self.around(inner, signs)
        self.weights = fractions(network.output_weights)
        self.weights += [[Fraction(0)] * self.p for _ in extra]
        self.hinges += extra
        self.free = fractions(np.vstack([network.skip.T, network.offset]))
        self.correct()

    def feasible(self, hinge: list[Fraction], signs: list[int]) -> bool:
        """Whether the hinge has all balls on these sides."""
        w, b = hinge[:-1], hinge[-1]
        heights = [s * (dot(w, y) + b) for s, y in zip(signs, self.y, strict=True)]
        return all(
            z >= 0 and z * z >= r * r * dot(w, w) for z, r in zip(heights, self.r, strict=True)
        )

    def around(self, inner: list[Fraction], signs: list[int]) -> Matrix:
        """The hinge and one next to it for each of its numbers."""
        found = [inner]
        for i in range(self.d + 1):
            step = Fraction(1, 2)
            moved = inner
            while moved is inner or not self.feasible(moved, signs):
                moved = [x + step * (i == j) for j, x in enumerate(inner)]
                step /= 2
            found.append(moved)
        return found

    def map_at(self, n: int, weights: Matrix, free: Matrix) -> Matrix:
        """The affine map (d + 1, p) on ball n."""
        total = [list(row) for row in free]
        for hinge, weight in zip(self.hinges, weights, strict=True):
            if dot(hinge[:-1], self.y[n]) + hinge[-1] > 0:
                for i, h in enumerate(hinge):
                    for j, a in enumerate(weight):
                        total[i][j] += h * a
        return total

    def correct(self) -> None:
        """Solve the equalities exactly by elimination on the free columns and the added hinges.

        Those of the network can be almost dependent, and then their weights change a lot.
        """
        count, size = len(self.y), self.d + 1
        columns = []
        for i in range(size):
            columns.append([Fraction(int(i == k)) for _ in range(count) for k in range(size)])
        for hinge in self.hinges[self.stored :]:
            on = [dot(hinge[:-1], y) + hinge[-1] > 0 for y in self.y]
            columns.append([h if active else Fraction(0) for active in on for h in hinge])
        right = []
        for n in range(count):
            now = self.map_at(n, self.weights, self.free)
            goal = [[Fraction(0)] * self.p for _ in range(self.d)] + [self.t[n]]
            right += [
                [g - x for g, x in zip(a, b, strict=True)] for a, b in zip(goal, now, strict=True)
            ]
        rows = [[c[i] for c in columns] + right[i] for i in range(count * size)]
        pivots = []
        for column in range(len(columns)):
            done = len(pivots)
            lead = next((i for i in range(done, len(rows)) if rows[i][column] != 0), None)
            if lead is None:
                continue
            rows[done], rows[lead] = rows[lead], rows[done]
            rows[done] = [x / rows[done][column] for x in rows[done]]
            for i, row in enumerate(rows):
                if i != done and row[column] != 0:
                    rows[i] = [x - row[column] * z for x, z in zip(row, rows[done], strict=True)]
            pivots.append(column)
        assert all(not any(row[len(columns) :]) for row in rows[len(pivots) :])
        for i, column in enumerate(pivots):
            part = self.free if column < size else self.weights
            k = column if column < size else column - size + self.stored
            part[k] = [x + z for x, z in zip(part[k], rows[i][len(columns) :], strict=True)]

    def misses(self) -> bool:
        """Whether a hinge cuts a ball or a map is not constantly the target."""
        for hinge in self.hinges:
            signs = [1 if dot(hinge[:-1], y) + hinge[-1] > 0 else -1 for y in self.y]
            if not self.feasible(hinge, signs):
                return True
        goals = [[[Fraction(0)] * self.p] * self.d + [t] for t in self.t]
        maps = [self.map_at(n, self.weights, self.free) for n in range(len(self.y))]
        return maps != goals

    def cost(self) -> float:
        """Its representation cost, rounded up."""
        terms = [
            root_above(dot(a, a)) * root_above(dot(h[:-1], h[:-1]))
            for a, h in zip(self.weights, self.hinges, strict=True)
        ]
        return math.fsum(terms) * (1 + 1e-15)


@pytest.mark.parametrize(
    ("points", "share"),
    [
        ([[0, 0], [1, 0], [0.3, 0.8]], 0.5),
        ([[0, 0], [1, 0.1], [0.3, 0.8], [-0.7, 0.4]], 0.9),
        ([[0, 0, 0], [1, 2, 2], [0, 0, 1], [2, 2, 1]], 0.3),
        ([[1e3, 0], [1e3 + 1, 0], [1e3, 1.5]], 0.7),
    ],
)
def test_the_bound_is_that_of_a_network_corrected_in_rationals(
    points: list[list[float]], share: float
) -> None:
    y = np.array(points)
    distances = np.linalg.norm(y[:, None] - y, axis=2)
    radius = share * distances[np.triu_indices(len(y), 1)].min() / 2
    solution = cd.solve(cd.denoising(y, radius=radius))
    exact = ExactNetwork(solution.problem, solution.network)
    assert not exact.misses()
    bound = upper_bound(solution.problem, solution.network)
    assert bound.cost == pytest.approx(exact.cost(), rel=1e-10)
    assert min(bound.cost, exact.cost()) >= solution.lower_bound * (1 - 1e-11)
    assert bound.increase <= TIGHT * solution.cost


# ---------------------------------------------------------------- solutions and theorems


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
@pytest.mark.parametrize("seed", range(4))
def test_solutions_in_the_plane_are_corrected_by_little(seed: int, kind: str) -> None:
    problem = random_problem(seed, kind)
    solution = cd.solve(problem)
    bound = upper_bound(problem, solution.network)
    assert 0 <= bound.increase <= TIGHT * solution.cost
    assert bound.cost >= solution.lower_bound
    rng = np.random.default_rng(seed)
    for _ in range(10):
        changed = upper_bound(problem, damaged(solution.network, rng))
        assert changed.cost >= solution.lower_bound


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
@pytest.mark.parametrize("dimension", [3, 4, 5])
def test_solutions_in_space_are_corrected_by_little(dimension: int, kind: str) -> None:
    problem = random_sites(0, dimension + 1, dimension, kind)
    solution = cd.solve(problem)
    bound = upper_bound(problem, solution.network)
    assert bound.increase <= TIGHT * max(solution.cost, 1e-3)
    assert bound.cost >= solution.lower_bound


@pytest.mark.parametrize(
    "name", ["rays", "equilateral", "univariate", "obtuse-simplex", "collinear"]
)
@pytest.mark.parametrize("index", range(3))
def test_closed_forms_are_corrected_by_little(name: str, index: int) -> None:
    theorem = theorems.get(name)
    claim = theorem.closed_form(**theorem.draw(1, index))
    bound = upper_bound(claim.problem, claim.network)
    assert -1e-14 * claim.cost <= bound.cost - claim.cost <= TIGHT * claim.cost


@pytest.mark.parametrize(("gap", "limit"), [(1e-2, 1e-9), (1e-4, 1e-7), (1e-6, 1e-5)])
def test_near_contact(gap: float, limit: float) -> None:
    """The weights near contact are large, and so are their roundings."""
    claim = theorems.get("rays").closed_form([[0, 0], [1, 0], [0, 1]], (1 - gap) / 2)
    bound = upper_bound(claim.problem, claim.network)
    assert claim.cost * (1 - 1e-12) <= bound.cost <= claim.cost * (1 + limit)


@pytest.mark.parametrize(("shift", "limit"), [(1e3, 1e-10), (1e6, 1e-7)])
@pytest.mark.parametrize("kind", ["balls", "samples"])
def test_far_from_the_origin(kind: str, shift: float, limit: float) -> None:
    """What is left is the rounding of the stored biases."""
    near = random_problem(1, kind)
    problem = Interpolation(near.centers + shift, near.targets, near.radii)
    solution = cd.solve(problem)
    bound = upper_bound(problem, solution.network)
    assert bound.increase <= limit * solution.cost
    assert bound.cost >= solution.lower_bound


# ---------------------------------------------------------------- inputs that defeat floats


def affine(slope: list[list[float]], offset: list[float]) -> ShallowNetwork:
    """An affine map without neurons."""
    d = len(slope[0])
    return ShallowNetwork(np.zeros((0, len(slope))), np.zeros((0, d)), [], slope, offset)


def test_a_map_that_meets_the_targets_exactly_costs_nothing() -> None:
    thin = Interpolation([[0, 0], [1, 2**-41], [2, 0]], [0, 1, 0])
    assert upper_bound(thin, affine([[0, 2.0**41]], [0])).cost == 0.0
    flat = Interpolation([[0, 0], [1, 0], [0, 1]], [0.1, 0.1, 0.1], 0.2)
    assert upper_bound(flat, affine([[0, 0]], [0.1])).cost == 0.0


def test_no_tolerance_hides_a_site() -> None:
    """Sites 1e-12 apart: an affine map that is within 1e-9 of them proves nothing near zero."""
    problem = Interpolation([0, 1e-12, 1], [0, 1e-10, 1])
    optimum = line_optimum(problem)
    assert float(optimum) == pytest.approx(99, rel=1e-9)
    bound = upper_bound(problem, affine([[1]], [0]))
    assert Fraction(bound.cost) >= optimum
    right = ShallowNetwork([[-99.0]], [[1.0]], [-1e-12], [[100.0]], [0.0])
    bound = upper_bound(problem, right)
    assert optimum <= Fraction(bound.cost) <= optimum * Fraction(1001, 1000)


def test_a_large_affine_part_in_the_targets_is_not_paid_for() -> None:
    """Targets 4e13 y + f, whose skip connection misses them by 1e-3 in floats."""
    y = [0.44383848, 0.65468938, 0.73662463, 0.06276055, -1.0736076, 0.12560498]
    f = np.array([0.5, -1.0, 0.25, 2.0, 0.0, 1.5])
    problem = Interpolation(y, 2.0**45 * np.array(y) + f)
    optimum = line_optimum(problem)
    network = cd.solve(Interpolation(y, f)).network
    steep = ShallowNetwork(
        network.output_weights,
        network.input_weights,
        network.biases,
        network.skip + 2.0**45,
        network.offset,
    )
    bound = upper_bound(problem, steep)
    assert Fraction(bound.cost) >= optimum
    # The targets are rounded to 2^-8, the optimum is that of the rounded ones.
    assert bound.cost <= float(optimum) * 1.01


def test_a_dropped_neuron_is_paid_for() -> None:
    """A bound for a network that misses its targets is the cost of one that does not."""
    claim = theorems.get("equilateral").closed_form(**theorems.get("equilateral").draw(1, 0))
    network = claim.network
    cut = ShallowNetwork(
        network.output_weights[1:],
        network.input_weights[1:],
        network.biases[1:],
        network.skip,
        network.offset,
    )
    assert upper_bound(claim.problem, cut).cost >= claim.cost * (1 - 1e-14)


def test_neurons_without_weights_are_what_they_are() -> None:
    claim = theorems.get("rays").closed_form([[0, 0], [1, 0], [0, 1]], 0.2)
    network = claim.network
    a = np.vstack([network.output_weights, [[1, 2], [0, 0], [3, 1]]])
    w = np.vstack([network.input_weights, [[0, 0], [1, 1], [0, 0]]])
    more = ShallowNetwork(
        a, w, np.append(network.biases, [0.5, 0, -1]), network.skip, network.offset - [0.5, 1]
    )
    bound = upper_bound(claim.problem, more)
    assert claim.cost * (1 - 1e-15) <= bound.cost <= claim.cost * (1 + TIGHT)


def test_a_hinge_through_a_ball_is_moved_or_named() -> None:
    problem = cd.denoising([[0, 0], [1, 0], [0, 1]], radius=0.1)
    network = cd.solve(problem).network
    turned = ShallowNetwork(
        network.output_weights,
        network.input_weights,
        network.biases + 0.05,
        network.skip,
        network.offset,
    )
    assert upper_bound(problem, turned).cost >= network.representation_cost
    # No hinge lies between two balls that touch.
    row = Interpolation([[0, 0], [1, 0], [2, 0.0]], [0, 0, 0], 0.5)
    through = ShallowNetwork([[1.0]], [[1e-9, 1.0]], [-1e-9], [[0, 0]], [0])
    bound = upper_bound(row, through)
    assert bound.cost == math.inf
    assert bound.reason == "the hinge of neuron 0 cuts the ball of site 1 and cannot be moved off"


def test_a_hinge_between_balls_on_alternate_sides_is_decided_exactly() -> None:
    """Three balls touch the line 4 x + 3 y = 35 from alternate sides: it cannot move."""
    row = cd.denoising([[-10.0, 20.0], [20.0, -10.0], [20.0, -20.0], [10.0, 20.0]], radius=3.0)
    sides = np.array([True, False, True, False])
    exact = (row.centers, row.radii, np.array([-4.0, -3.0]), 35.0, sides)
    rounded = (row.centers, row.radii, np.array([-0.8, -0.6]), 6.999999999999992, sides)
    assert cuts_nothing(*exact)
    assert not cuts_nothing(*rounded)
    found = nearest_integers(*rounded)
    assert found is not None
    np.testing.assert_array_equal(found[0], [-4, -3])
    assert found[1] == 35
    turned = np.array([-0.8, -0.6003])
    assert nearest_integers(row.centers, row.radii, turned, 7.0, sides) is None
    network = ShallowNetwork([[1e-3, 0]], [rounded[2]], [rounded[3]], [[0, 0], [0, 0]], [0, 0])
    bound = upper_bound(row, network)
    assert bound.cost < math.inf
    other = upper_bound(row, ShallowNetwork([[1e-3, 0]], [turned], [7.0], [[0, 0]] * 2, [0, 0]))
    assert other.reason.startswith("the hinge of neuron 0 cuts the ball of site")


def test_a_square_whose_fourth_ball_follows_from_the_others() -> None:
    """At this radius only lines along the axes pass between the balls."""
    square = np.array([[0, 0], [0.1, 0], [0, 0.1], [0.1, 0.1]])
    solution = cd.solve(cd.denoising(square, radius=0.045))
    bound = upper_bound(solution.problem, solution.network)
    assert bound.increase <= TIGHT * solution.cost
    # Another target for it cannot be met at all.
    targets = square.copy()
    targets[3, 0] += 1e-15
    assert upper_bound(Interpolation(square, targets, 0.045), solution.network).cost == math.inf


def test_problems_in_many_dimensions_are_seen_in_few() -> None:
    rng = np.random.default_rng(0)
    clean = rng.uniform(size=(4, 300))
    solution = cd.solve(cd.denoising(clean, radius=0.4))
    bound = upper_bound(solution.problem, solution.network)
    assert 0 <= bound.increase <= TIGHT * solution.cost
    samples = Interpolation(clean, rng.normal(size=(4, 2)))
    assert upper_bound(samples, cd.solve(samples).network).cost <= 1e-10


def test_too_large_a_problem_is_refused() -> None:
    rng = np.random.default_rng(0)
    problem = Interpolation(rng.normal(size=(4000, 2)), rng.normal(size=4000))
    bound = upper_bound(problem, random_network(rng, 3, 2, 1))
    assert bound.reason == "4000 equations are too many to enclose a solution"
    bound = upper_bound(problem, random_network(rng, 3000, 2, 1))
    assert bound.cost == math.inf
    assert "too many" in bound.reason


@pytest.mark.filterwarnings("error")
@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_random_networks_prove_no_less_than_the_optimum(seed: int) -> None:
    """And nothing warns, whatever the network."""
    problem = line_problem(seed)
    rng = np.random.default_rng(seed)
    network = random_network(rng, int(rng.integers(0, 6)), 1, 1)
    scaled = ShallowNetwork(
        network.output_weights * 10.0 ** rng.integers(-200, 30),
        network.input_weights * 10.0 ** rng.integers(-200, 140),
        network.biases * problem.input_spread,
        network.skip,
        network.offset,
    )
    bound = upper_bound(problem, scaled)
    assert bound.cost == math.inf or Fraction(bound.cost) >= line_optimum(problem)
