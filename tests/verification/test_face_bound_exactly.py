"""The pricing maximum by faces of many sites, and in exact arithmetic."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from multipliers_in_space import Dual, below_threshold, rotation
from numpy.typing import NDArray

from convexden.data import regular_simplex
from convexden.errors import TooLarge
from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.pricing.faces import FacePricing
from convexden.verification.exact.dual import close_dual
from convexden.verification.faces.bound import face_interval
from convexden.verification.faces.sign_patterns import sign_patterns
from convexden.verification.pricing_bound import pricing_interval

Array = NDArray[np.float64]


@pytest.mark.parametrize("factor", [1e-120, 1e120])
def test_multipliers_of_any_size_are_priced(factor: float) -> None:
    dual = Dual.of(below_threshold(4, 0.7))
    expected = dual.interval()
    scaled = replace(dual, values=factor * dual.values, jacobians=factor * dual.jacobians)
    assert scaled.interval().upper == pytest.approx(factor * expected.upper, rel=1e-13)


def test_too_many_faces_are_refused() -> None:
    with pytest.raises(TooLarge, match="8380418 faces"):
        Dual.random(0, 11, "balls").interval()


def test_too_many_patterns_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(TooLarge, match="40 sites that span 8 dimensions"):
        sign_patterns(rng.normal(size=(40, 8)))


@pytest.mark.parametrize(("count", "dimension"), [(4, 3), (9, 3), (14, 3), (8, 4), (9, 5)])
def test_patterns_in_general_position(count: int, dimension: int) -> None:
    found = sign_patterns(np.random.default_rng(1).normal(size=(count, dimension)))
    assert len(found) == sum(comb(count - 1, k) for k in range(1, dimension + 1))


def test_patterns_of_a_grid_are_those_that_hinges_have() -> None:
    grid = np.array(list(np.ndindex(2, 2, 2)), dtype=float)
    found = set(sign_patterns(grid).tolist())
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(20_000, 3))
    heights = normals @ grid.T
    inside = rng.uniform(heights.min(axis=1), heights.max(axis=1))
    active = heights > inside[:, None]
    active ^= active[:, -1:]
    seen = set((active @ (1 << np.arange(8))).tolist())
    assert seen <= found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("samples", [0, 3])
@pytest.mark.parametrize(("count", "dimension"), [(7, 3), (10, 3), (7, 4)])
def test_more_sites_than_a_simplex_agree_with_the_solver(
    count: int, dimension: int, samples: int, seed: int
) -> None:
    """Two ways to find patterns and two ways to find stationary points."""
    rng = np.random.default_rng([count, dimension, samples, seed])
    centers = rng.normal(size=(count, dimension))
    apart = np.linalg.norm(centers[:, None] - centers, axis=2) + 1e9 * np.eye(count)
    radii = rng.uniform(0.1, 0.9, count) * apart.min() / 2
    radii[:samples] = 0.0
    problem = Reduction.of(Interpolation(centers, rng.normal(size=(count, 2)), radii)).problem
    constraints = constraints_of(problem)
    values, jacobians = constraints.multipliers(rng.normal(size=constraints.targets.shape))
    _, heights = FacePricing(problem).maxima(values, jacobians, 0.0)
    dual = close_dual(problem.centers, problem.targets, problem.radii, values, jacobians)
    assert pricing_interval(dual).lower == pytest.approx(heights[0], rel=1e-11)


def test_coplanar_sites_in_space_agree_with_the_solver() -> None:
    """Four corners of a square and two points off its plane: dependent tangent sets."""
    centers = np.array(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0.5, 0.5, 1], [0.5, 0.5, -1]], dtype=float
    )
    rng = np.random.default_rng(3)
    problem = Reduction.of(Interpolation(centers, rng.normal(size=(6, 2)), 0.1)).problem
    constraints = constraints_of(problem)
    values, jacobians = constraints.multipliers(rng.normal(size=constraints.targets.shape))
    _, heights = FacePricing(problem).maxima(values, jacobians, 0.0)
    dual = close_dual(problem.centers, problem.targets, problem.radii, values, jacobians)
    assert pricing_interval(dual).lower == pytest.approx(heights[0], rel=1e-11)


def degenerate(name: str, rng: np.random.Generator) -> Dual:
    """Sites on which floats cannot decide, with random multipliers closed on a ball or a sample."""
    k = 3
    if name == "cluster":
        centers = rng.normal(size=(6, k))
        centers[:3] = centers[0] + 10.0 ** rng.uniform(-11, -3) * rng.normal(size=(3, k))
    elif name == "thin":
        centers = rng.normal(size=(5, k)) * [1.0, 1.0, 10.0 ** rng.uniform(-13, -3)]
        centers = centers @ rotation(rng, k)
    elif name == "line":  # three sites on a line, up to rounding
        centers = rng.normal(size=(5, k))
        centers[1] = 0.25 * centers[0] + 0.75 * centers[2]
    elif name == "cube":
        centers = np.array(list(np.ndindex(2, 2, 2)), dtype=float)[rng.permutation(8)[:6]]
        centers = centers @ (rotation(rng, k) if rng.random() < 0.5 else np.eye(k))
    else:
        centers = rng.normal(size=(5, k))
    centers = centers - centers.mean(axis=0)
    apart = np.linalg.norm(centers[:, None] - centers, axis=2) + 9 * np.eye(len(centers))
    radii = np.full(len(centers), apart.min() / 2) * rng.uniform(0.3, 0.9)
    if name == "cluster":
        radii[:3], radii[3:] = 0.0, 0.1 * apart[3:].min()
    elif name == "touching":
        m, n = np.unravel_index(apart.argmin(), apart.shape)
        radii[[m, n]] = apart.min() / 2
        radii[np.arange(5) % 2 == 0] *= rng.uniform(0.5, 1.0)
    elif name == "nested":
        centers[1] = centers[0] + 0.1 * radii[0]
        radii[1] = 0.5 * radii[0]
    elif rng.random() < 0.5:
        radii[::2] = 0.0
    values = rng.normal(size=(len(centers), 2))
    jacobians = rng.normal(size=(len(centers), 2, k)) * (radii > 0)[:, None, None]
    return Dual(centers, radii, values, jacobians).projected()


def exact_square(dual: Dual, w: Array, b: float, active: NDArray[np.bool_]) -> Fraction:
    """The square of g over that of w in rationals; 0 if the hinge cuts a ball by any amount."""
    exact = np.vectorize(Fraction, otypes=[object])
    normal, square = exact(w), sum(Fraction(x) ** 2 for x in w)
    total = np.full(dual.p, Fraction(0))
    for n, center in enumerate(exact(dual.centers)):
        z = center @ normal + Fraction(b)
        if z**2 < Fraction(dual.radii[n]) ** 2 * square or (z != 0 and (z > 0) != active[n]):
            return Fraction(0)
        if active[n]:
            total = total + exact(dual.values[n]) * z + exact(dual.jacobians[n]) @ normal
    return Fraction(total @ total) / square


@pytest.mark.parametrize("name", ["cluster", "thin", "line", "cube", "touching", "nested"])
@pytest.mark.parametrize("seed", range(4))
def test_no_hinge_exceeds_the_bound_in_exact_arithmetic(name: str, seed: int) -> None:
    rng = np.random.default_rng([seed, len(name)])
    dual = degenerate(name, rng)
    lower, upper = face_interval(dual.centers, dual.radii, dual.values, dual.jacobians)
    best, tried = Fraction(0), 0
    for w, b, active in dual.hinges(rng, count=2_000, most=4):
        # Local maxima enter balls by rounding: from there toward hinges inside the pattern.
        inside = dual.inside(w, b, active)
        for share in (0.0, 1e-15, 1e-14, 1e-13, 1e-11, 1e-8, 1e-5):
            mixed = (1 - share) * np.append(w, b) + share * inside
            square = exact_square(dual, mixed[:-1], float(mixed[-1]), active)
            best, tried = max(best, square), tried + (square > 0)
    assert best <= Fraction(upper) ** 2
    assert tried > 0
    if name != "touching":  # there a single hinge may be the largest
        assert float(best) ** 0.5 >= lower * (1 - 1e-5)
    # Multipliers satisfy the equalities up to rounding, which counts where they are large.
    rounding = 1e-12 * float(np.abs(dual.values).max() + np.abs(dual.jacobians).max())
    assert upper - lower <= 2e-12 * lower + rounding


def test_four_samples_close_together() -> None:
    """Samples 1e-10 apart with multipliers of 1e10: P is 2.12, and 1 with these faces left out."""
    centers = np.array(
        [
            [0.185146903693453, 0.5672366128042708, 0.5540981612838256],
            [0.18514690360968, 0.5672366127739694, 0.5540981612162689],
            [0.18514690370124312, 0.5672366128315279, 0.5540981611879279],
            [0.18514690378501614, 0.5672366128618294, 0.5540981612554846],
            [0.4258972456964002, 0.3396461423222334, 0.07010269088873901],
            [-0.5892241988824469, -0.1262267267663373, 0.25279834793519407],
            [0.7901359385961138, 0.44484826594084403, 0.35179941549366844],
            [0.0006300512164967658, 0.026379802505533595, 0.20505950843643778],
        ]
    )
    values = np.array(
        [
            -20271848578.880707,
            27029131438.50761,
            -20271848578.880707,
            13514565719.253805,
            -0.26133579147432495,
            -0.07080793782343262,
            1.5885460634489548,
            -1.2564023341511965,
        ]
    )[:, None]
    lower, upper = face_interval(centers, np.zeros(8), values, np.zeros((8, 1, 3)))
    assert lower == pytest.approx(2.12262768, abs=1e-8)
    # These multipliers miss the equalities by rounding, 1e-16 of their size.
    assert lower < upper < lower + 1e-4


def test_numbers_that_are_not_finite_have_no_bound() -> None:
    dual = Dual.random(0, 3, "balls")
    dual.jacobians[0, 0, 0] = np.inf
    assert face_interval(dual.centers, dual.radii, dual.values, dual.jacobians) == (0.0, np.inf)


@pytest.mark.parametrize("j", [2, 4, 6, 8, 12])
def test_nearly_touching_balls(j: int) -> None:
    """Orthogonal edges, symmetric multipliers: whole spheres of maximizers, all infeasible."""
    centers = np.vstack([np.zeros(4), np.eye(4)])
    centers -= centers.mean(axis=0)
    u = centers / np.linalg.norm(centers, axis=1)[:, None]
    jacobians = 0.3 * u[:, :, None] * u[:, None, :] + 0.7 * np.eye(4)
    values = 0.9 * u
    dual = Dual(centers, np.full(5, 0.5 * (1 - 10.0**-j)), values, jacobians).projected()
    lower, upper = face_interval(dual.centers, dual.radii, dual.values, dual.jacobians)
    assert lower <= upper <= lower * (1 + 1e-11)


def test_without_feasible_hinges_the_maximum_is_zero() -> None:
    points = regular_simplex(4)
    radius = 0.49 * float(np.linalg.norm(points[0] - points[1]))
    rng = np.random.default_rng(0)
    dual = Dual(points, np.full(5, radius), rng.normal(size=(5, 2)), rng.normal(size=(5, 2, 4)))
    dual = dual.projected()
    lower, upper = face_interval(dual.centers, dual.radii, dual.values, dual.jacobians)
    assert lower == 0.0
    assert upper < 1e-12


@pytest.mark.parametrize("power", [0, 20, 45])
def test_patterns_do_not_change_under_affine_maps(power: int) -> None:
    """Scaling an axis by a power of two is exact; floats see a plane."""
    rng = np.random.default_rng(power)
    grid = rng.integers(-2, 3, (7, 3)).astype(float)
    expected = sign_patterns(grid)
    assert (sign_patterns(grid * [1.0, 1.0, 2.0**-power]) == expected).all()
    assert (sign_patterns(grid @ [[1, 0, 1], [0, 1, -1], [0, 0, 2.0**-power]]) == expected).all()
    # A coordinate that depends on the others does not count.
    assert (sign_patterns(np.column_stack([grid[:, :1], grid])) == expected).all()
