"""The line in integers against a brute force in rationals that shares no code with it."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.solving.interpolation import solve
from convexden.verification.exact.dual import close_dual
from convexden.verification.exact.line import line_maximum
from convexden.verification.exact.line_network import line_cost, line_errors
from convexden.verification.exact.rationals import rational

Array = NDArray[np.float64]
Point = tuple[Fraction, ...]


class Block(NamedTuple):
    """Sites that are connected: the ends of their union and their indices."""

    left: Fraction
    right: Fraction
    sites: list[int]


def blocks_of(centers: Array, radii: Array) -> list[Block]:
    """Unions of sites that meet, one site after the other."""
    found: list[Block] = []
    ends = [
        (Fraction(c) - Fraction(r), Fraction(c) + Fraction(r))
        for c, r in zip(centers, radii, strict=True)
    ]
    for n in sorted(range(len(ends)), key=lambda n: ends[n]):
        left, right = ends[n]
        if found and left <= found[-1].right:
            last = found.pop()
            found.append(Block(last.left, max(last.right, right), [*last.sites, n]))
        else:
            found.append(Block(left, right, [n]))
    return found


def point(vector: Array) -> Point:
    return tuple(Fraction(float(x)) for x in vector)


def root(number: Fraction) -> Fraction:
    """The square root, to 200 bits at least, rounded down."""
    shift = 400 + 2 * number.denominator.bit_length()
    return Fraction(
        math.isqrt((number.numerator << shift) // number.denominator), 1 << (shift // 2)
    )


def length(vector: Point) -> Fraction:
    return root(sum((x * x for x in vector), Fraction(0)))


def minus(a: Point, b: Point) -> Point:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def optimum(problem: Interpolation) -> Fraction:
    """The cost of the function that connects the dots, to 200 bits."""
    blocks = blocks_of(problem.centers[:, 0], problem.radii)
    targets = [point(problem.targets[block.sites[0]]) for block in blocks]
    zero = tuple(Fraction(0) for _ in targets[0])
    slopes = [
        tuple((y - x) / (after.left - before.right) for x, y in zip(s, t, strict=True))
        for before, after, s, t in zip(
            blocks[:-1], blocks[1:], targets[:-1], targets[1:], strict=True
        )
    ]
    cost = Fraction(0)
    for i, block in enumerate(blocks):
        flat = block.right > block.left
        before = slopes[i - 1] if i else None
        after = slopes[i] if i < len(slopes) else None
        if flat:
            cost += length(before or zero) + length(after or zero)
        elif before and after:
            cost += length(minus(after, before))
    return cost


def brute_maximum(
    centers: list[int], radii: list[int], values: list[list[int]], jacobians: list[list[int]]
) -> int:
    """P^2 over all ends of sites that are in no ball, each time over all sites."""
    best = 0
    sites = list(zip(centers, radii, values, jacobians, strict=True))
    for x in [c + s * r for c, r in zip(centers, radii, strict=True) for s in (-1, 1)]:
        if any(abs(c - x) < r for c, r, _, _ in sites):
            continue
        total = [0] * len(values[0])
        for c, r, l, g in sites:  # noqa: E741
            if c - r >= x:
                total = [s + a * (c - x) + b for s, a, b in zip(total, l, g, strict=True)]
        best = max(best, sum(s * s for s in total))
    return best


def value(network: ShallowNetwork, x: Fraction) -> Point:
    """The network at a rational point."""
    total = [
        Fraction(float(c)) + Fraction(float(v)) * x
        for c, v in zip(network.offset, network.skip[:, 0], strict=True)
    ]
    for a, w, b in zip(
        network.output_weights, network.input_weights[:, 0], network.biases, strict=True
    ):
        z = Fraction(float(w)) * x + Fraction(float(b))
        if z > 0:
            total = [s + Fraction(float(y)) * z for s, y in zip(total, a, strict=True)]
    return tuple(total)


def brute_cost(problem: Interpolation, network: ShallowNetwork) -> tuple[Fraction, list[Fraction]]:
    """Total variation of the slope of the corrected network, from its values at the places where it
    bends and beyond, and the misfit of every site."""
    blocks = blocks_of(problem.centers[:, 0], problem.radii)
    knots = {
        -Fraction(float(b)) / Fraction(float(w))
        for w, b in zip(network.input_weights[:, 0], network.biases, strict=True)
        if w != 0
    }
    places = sorted(knots | {end for block in blocks for end in (block.left, block.right)})
    places = [places[0] - 2, places[0] - 1, *places, places[-1] + 1, places[-1] + 2]
    misfits = [Fraction(0)] * len(problem)

    def error(i: int, x: Fraction) -> Point:
        return minus(point(problem.targets[blocks[i].sites[0]]), value(network, x))

    def corrected(x: Fraction) -> Point:
        for block in blocks:
            if block.left <= x <= block.right:
                return point(problem.targets[block.sites[0]])
        following = sum(block.right < x for block in blocks)
        outside = following in (0, len(blocks))
        edge = blocks[0 if following == 0 else -1]
        if outside and edge.right > edge.left:
            i = 0 if following == 0 else len(blocks) - 1
            shift = error(i, edge.left if following == 0 else edge.right)
            return tuple(h + s for h, s in zip(value(network, x), shift, strict=True))
        i = min(max(following, 1), len(blocks) - 1)
        left, right = blocks[i - 1].right, blocks[i].left
        share = (x - left) / (right - left)
        ends = zip(value(network, x), error(i - 1, left), error(i, right), strict=True)
        return tuple(h + (1 - share) * e + share * f for h, e, f in ends)

    for i, block in enumerate(blocks):
        inside = [x for x in places if block.left <= x <= block.right]
        worst = max(length(error(i, x)) for x in inside)
        for n in block.sites:
            misfits[n] = worst
    heights = [corrected(x) for x in places]
    slopes = [
        tuple((v - u) / (y - x) for u, v in zip(g, h, strict=True))
        for x, y, g, h in zip(places[:-1], places[1:], heights[:-1], heights[1:], strict=True)
    ]
    cost = sum((length(minus(t, s)) for s, t in itertools.pairwise(slopes)), Fraction(0))
    return cost, misfits


def degenerate(
    seed: int, kind: str, outputs: int, scale: float = 1.0, offset: float = 0.0
) -> Interpolation:
    """Sites on a coarse grid: repeated, nested, touching, overlapping; targets normal, affine or
    equal, one to each union of sites that meet."""
    rng = np.random.default_rng([seed, outputs])
    while True:
        n = int(rng.integers(2, 12))
        shares = {"balls": 1.0, "samples": 0.0, "mixed": 0.5}
        radii = rng.integers(1, 4, n) / 8 * (rng.random(n) < shares[kind]) * scale
        centers = offset + rng.integers(0, 24, n) / 8 * scale
        if (centers != centers[0]).any():
            break
    targets = rng.normal(size=(n, outputs))
    blocks = blocks_of(centers, radii)
    form = rng.integers(0, 4)
    if form == 0:
        targets[:] = targets[0]
    elif form == 1:
        targets = centers[:, None] / scale + targets[0]
    for block in blocks:
        targets[block.sites] = targets[block.sites[0]]
    return Interpolation(centers, targets, radii)


def enclosed(problem: Interpolation, solution: Solution) -> Fraction:
    """The optimum, which the interval must enclose.  Targets that an affine map meets up to half a
    unit in the last place count as affine: they cost nothing."""
    exact = optimum(problem)
    if solution.cost == 0.0:
        steps = np.diff(np.unique(problem.centers[:, 0])).min()
        ulp = float(np.spacing(np.abs(problem.targets).max()))
        assert exact <= 4 * problem.targets.size * ulp / steps
    else:
        assert Fraction(solution.cost) >= exact
    assert Fraction(solution.lower_bound) <= exact * (1 + Fraction(1, 2**190))
    return exact


@pytest.mark.parametrize("kind", ["balls", "samples", "mixed"])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_interval_encloses_the_optimum(kind: str, outputs: int) -> None:
    for seed in range(40):
        problem = degenerate(seed, kind, outputs)
        solution = solve(problem, 1e-10)
        exact = enclosed(problem, solution)
        assert solution.certified, seed
        assert solution.cost - float(exact) <= 1e-12 * float(exact) + 1e-15


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["balls", "samples", "mixed"]),
    outputs=st.integers(1, 3),
    scale=st.sampled_from([1e-8, 1e-3, 1.0, 1e4, 1e8]),
    offset=st.sampled_from([0.0, 1.0, -1e3, 1e8]),
)
def test_offsets_and_scales(
    seed: int, kind: str, outputs: int, scale: float, offset: float
) -> None:
    """The interval is right, and narrow but where offset and rounding leave next to no gap."""
    try:
        problem = degenerate(seed, kind, outputs, scale, offset)
    except InvalidProblem:  # the offset swallows what differs
        return
    solution = solve(problem, 1e-10)
    enclosed(problem, solution)
    blocks = blocks_of(problem.centers[:, 0], problem.radii)
    gaps = [after.left - before.right for before, after in itertools.pairwise(blocks)]
    if abs(offset) <= 1e4 * scale and min(gaps, default=scale) > 1e-6 * scale:
        assert solution.certified


@given(data=st.data(), count=st.integers(1, 8), outputs=st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_the_pricing_maximum_is_exact(data: st.DataObject, count: int, outputs: int) -> None:
    def draw(low: int, high: int, size: int) -> list[int]:
        return data.draw(st.lists(st.integers(low, high), min_size=size, max_size=size))

    centers, radii = draw(-12, 12, count), draw(0, 4, count)
    radii[0] += 1
    values = [draw(-(2**70), 2**70, outputs) for _ in range(count)]
    jacobians = [draw(-9, 9, outputs) if radius else [0] * outputs for radius in radii]
    for j in range(outputs):
        values[0][j] -= sum(row[j] for row in values)
        moment = sum(c * row[j] for c, row in zip(centers, values, strict=True))
        jacobians[0][j] -= moment + sum(row[j] for row in jacobians)
    given = [np.array(rows, dtype=object) for rows in (centers, radii, values, jacobians)]
    assert line_maximum(*given) == brute_maximum(centers, radii, values, jacobians)


def test_what_is_not_closed_is_refused() -> None:
    centers, radii = np.array([0, 4], dtype=object), np.array([1, 0], dtype=object)
    good = np.array([[1], [-1]], dtype=object), np.array([[4], [0]], dtype=object)
    assert line_maximum(centers, radii, *good) == 9
    for values, jacobians in (
        (good[0] + 1, good[1]),
        (good[0], good[1] + np.array([[1], [0]], dtype=object)),
        (good[0], np.array([[3], [1]], dtype=object)),
    ):
        with pytest.raises(ValueError, match="multiplier"):
            line_maximum(centers, radii, values, jacobians)


@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["balls", "samples", "mixed"]),
    outputs=st.integers(1, 3),
    unit=st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_any_network_is_corrected(seed: int, kind: str, outputs: int, unit: bool) -> None:
    """Knots anywhere, on ends of sites too, weights of any size, facing both ways or nowhere."""
    problem = degenerate(seed, kind, outputs)
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 9))
    places = np.where(
        rng.random(count) < 0.5, rng.integers(-4, 28, count) / 8, rng.uniform(-1, 4, count)
    )
    inputs = rng.choice([-1.0, 1.0], count) if unit else rng.normal(size=count)
    inputs[rng.random(count) < 0.1] = 0.0
    biases = np.where(inputs == 0.0, rng.normal(size=count), -inputs * places)
    network = ShallowNetwork(
        rng.normal(size=(count, outputs)),
        inputs[:, None],
        biases,
        rng.normal(size=(outputs, 1)),
        rng.normal(size=outputs),
    )
    cost, misfits = brute_cost(problem, network)
    found = line_cost(problem.centers[:, 0], problem.radii, problem.targets, network)
    assert found.upper is not None
    assert Fraction(found.upper) * (1 + Fraction(1, 2**190)) >= cost
    exact = [float(misfit) for misfit in misfits]
    np.testing.assert_allclose(found.misfits, exact, rtol=1e-14)
    assert (found.misfits >= np.array(exact) * (1 - 1e-16)).all()
    # Knots that coincide are not merged: the bound may exceed the total variation.
    assert found.upper <= float(cost) + 1e-12 or len(np.unique(places)) < count
    errors, slopes, overlaps = line_errors(
        problem.centers[:, 0], problem.radii, problem.targets, network
    )
    totals = errors + problem.radii * slopes + overlaps
    for n, center in enumerate(problem.centers[:, 0]):
        off = minus(value(network, Fraction(center)), point(problem.targets[n]))
        assert errors[n] == pytest.approx(float(length(off)), rel=1e-14)
        for share in np.linspace(-1, 1, 5):
            x = Fraction(center) + Fraction(share) * Fraction(problem.radii[n])
            off = minus(value(network, x), point(problem.targets[n]))
            assert float(length(off)) <= totals[n] * (1 + 1e-15)


def test_sites_that_meet_with_different_targets_have_no_cost() -> None:
    network = ShallowNetwork(np.zeros((0, 1)), np.zeros((0, 1)), np.zeros(0), [[0.0]], [0.0])
    found = line_cost(
        np.array([0.0, 2.0, 5.0]),
        np.array([1.0, 1.0, 0.0]),
        np.array([[0.0], [1.0], [0.0]]),
        network,
    )
    assert found.upper is None
    assert found.obstacle == "sites 0 and 1 are connected and have different targets"


@pytest.mark.parametrize("radius", [0.6, [0.9, 0.9]])
def test_one_block_costs_nothing(radius: float | list[float]) -> None:
    for centers, targets in (([0, 1], [1, 1]), ([[0, 0], [1, 0]], [[1, 2], [1, 2]])):
        solution = solve(Interpolation(centers, targets, radius))
        assert solution.certified
        assert solution.cost == solution.lower_bound == 0.0
        assert solution.neurons == 0


def test_repeated_samples_of_an_affine_map() -> None:
    problem = Interpolation([0.0, 0.0, 0.0, 1.0, 3.0], [1.0, 1.0, 1.0, 3.0, 7.0])
    solution = solve(problem)
    assert solution.certified
    assert solution.cost == 0.0
    np.testing.assert_allclose(solution.network(problem.centers), problem.targets, atol=1e-14)


@pytest.mark.parametrize("count", [300, 1000, 30000])
@pytest.mark.parametrize("kind", ["balls", "samples", "denoising"])
def test_many_points(count: int, kind: str) -> None:
    rng = np.random.default_rng(count)
    points = rng.random(count)
    radius = 0.0 if kind == "samples" else 0.1 * float(np.diff(np.sort(points)).min())
    targets = points if kind == "denoising" else rng.normal(size=count)
    solution = solve(Interpolation(points, targets, radius), 1e-10)
    assert solution.certified
    assert solution.network.representation_cost == pytest.approx(solution.cost, rel=1e-10)


def test_multipliers_that_are_changed_prove_less() -> None:
    """A forged bound: larger multipliers of one site, the equalities closed by others."""
    problem = degenerate(3, "mixed", 2)
    solution = solve(problem)
    exact = optimum(problem)
    rng = np.random.default_rng(0)
    for _ in range(20):
        values = solution.certificate.values * (1 + rng.normal(size=(len(problem), 1)))
        dual = close_dual(
            problem.centers, problem.targets, problem.radii, values, solution.certificate.jacobians
        )
        square = line_maximum(dual.centers[:, 0], dual.radii, dual.values, dual.jacobians[:, :, 0])
        unit = rational(1, dual.weight + dual.unit) / dual.denominator
        assert dual.objective <= max(Fraction(1), root(square * unit * unit)) * exact * (
            1 + Fraction(1, 2**100)
        )
