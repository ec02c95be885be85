"""Affine targets: decided in integers, and taken out exactly where they are large."""

from fractions import Fraction

import numpy as np
import pytest

import convexden as cd
from convexden import Interpolation, solve, verify_certificate
from convexden.solving.affine_part import AffinePart
from convexden.verification.exact.affine import AffineFit, affine_fit, affine_interpolant

SECONDS = np.array([0, 3600e9, 7200e9, 14400e9, 40000e9, 86400e9])
DEGREES = np.array([12.1, 12.9, 14.2, 17.5, 15.0, 11.0])

# Six samples on a line, t = 4e13 y + f: the optimum is in [34.4354, 34.4652].
NEARLY_AFFINE = (
    [
        0.4438383494851198,
        0.6546893875902005,
        0.7366246372686707,
        0.06276055900283338,
        -1.0736076059494362,
        0.12560498738625936,
    ],
    [
        18125812083401.55,
        26736709043331.676,
        30082843825063.902,
        2563064007547.9043,
        -43844813633891.83,
        5129553137404.004,
    ],
)


def rounded_values(centers, slope, offset):
    """An affine map in rational arithmetic, every value rounded once."""
    exact = [
        [
            sum(Fraction(float(a)) * Fraction(float(y)) for a, y in zip(row, center, strict=True))
            + Fraction(float(c))
            for row, c in zip(slope, offset, strict=True)
        ]
        for center in centers
    ]
    return np.array(exact, dtype=float)


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(
    ("centers", "targets"),
    [
        ([[0, 0], [1, 2**-41], [2, 0]], [0, 1, 0]),
        ([[1e8, 0], [1e8 + 1, 2**-25], [1e8 + 2, 0]], [0, 1, 0]),
        ([[1.7e9, 0], [1.7e9 + 1, 2**-21], [1.7e9 + 2, 0]], [0, 1, 0]),
        ([[0, 0], [1, 1 + 2**-32], [2, 2]], [0, 1, 0]),
        (np.column_stack([SECONDS, DEGREES]), 90 - 2 * DEGREES),
        (1e13 + np.arange(3.0), [0, 1, 2]),
        (random(0, 21, 20), random(1, 21)),
        (random(2, 60, 2), 2 * random(2, 60, 2) + 1),
        (random(3, 500, 3), rounded_values(random(3, 500, 3), random(4, 2, 3), random(5, 2))),
    ],
)
def test_affine_targets_cost_nothing(centers, targets):
    solution = solve(Interpolation(centers, targets))
    assert solution.certified
    assert solution.cost == solution.lower_bound == 0
    assert solution.neurons == 0
    assert verify_certificate(solution).passed


@pytest.mark.parametrize("method", [None, "local", "ramps", "column-generation"])
def test_images_are_decided_before_anything_is_enumerated(method):
    pytest.importorskip("sklearn")
    digits = cd.data.digits(range(12))
    solution = solve(Interpolation(digits, np.eye(12)), method=method)
    assert solution.certified
    assert solution.cost == 0
    clean = digits[:3]
    noisy = clean[:, None] + 0.05 * random(0, 3, 5, 64)
    assert solve(cd.denoising(clean, noisy=noisy), method=method).cost == 0


def test_what_is_off_by_more_than_rounding_costs_something():
    solution = solve(Interpolation(1e13 + np.arange(3.0), [0, 1, 2.002]))
    assert solution.certified
    assert solution.cost == pytest.approx(0.002, rel=1e-9)
    centers = random(6, 40, 2)
    targets = rounded_values(centers, random(7, 1, 2), [1.0])
    assert affine_fit(centers, targets) is not None
    largest = np.abs(targets).argmax()
    targets[largest] = np.nextafter(np.nextafter(targets[largest], 9), 9)
    assert affine_fit(centers, targets) is None


def test_the_last_digits_of_a_turned_line_do_not_make_targets_affine():
    line = random(8, 8, 1) @ np.linalg.qr(random(9, 7, 1))[0].T
    assert affine_interpolant(Interpolation(line, np.arange(8.0) ** 2)) is None
    assert affine_interpolant(Interpolation(line, line @ random(10, 7))) is None
    exact = np.outer(np.arange(8.0), [3, -1, 2])
    assert affine_interpolant(Interpolation(exact, exact @ [1, 2, 5])) is not None


@pytest.mark.parametrize(
    ("centers", "radii"),
    [([0, 1], 0.6), ([[0, 0], [1, 0]], 0.9), (random(11, 30, 3), 1e-4), ([[0, 0], [1, 1]], [0, 1])],
)
def test_with_a_ball_only_equal_targets_are_free(centers, radii):
    targets = np.tile([1.0, 2.0], (len(centers), 1))
    solution = solve(Interpolation(centers, targets, radii))
    assert solution.certified
    assert solution.cost == 0
    far = Interpolation(centers, np.arange(len(centers)), np.minimum(radii, 1e-5))
    assert affine_interpolant(far) is None


def test_the_penalized_fit_of_affine_targets_is_free():
    problem = Interpolation(np.column_stack([SECONDS, DEGREES]), 90 - 2 * DEGREES)
    solution = cd.regularize(problem, 1e13)
    assert solution.certified
    assert solution.cost == solution.lower_bound == 0
    assert solution.objective < 1e-24
    assert cd.largest_penalty(problem) == 0


def test_a_forged_network_without_neurons_is_refused():
    problem = Interpolation([0, 1, 2], [0, 1, 2.0 + 1e-12])
    free = solve(Interpolation([0, 1, 2], [0, 1, 2]))
    found = cd.verification.verify(problem, free.network, free.certificate, status="certified")
    assert not found.passed


@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize("size", [1e2, 1e6, 1e10])
def test_large_affine_parts_leave_the_optimum_to_the_last_places(dimension, size):
    rng = np.random.default_rng(dimension)
    centers = rng.normal(size=(dimension + 5, dimension))
    targets = rng.normal(size=(len(centers), 2)) + size * (
        centers @ rng.normal(size=(dimension, 2)) + 3
    )
    solution = solve(Interpolation(centers, targets), 1e-11)
    assert solution.certified
    part = AffinePart.of(Interpolation(centers, targets))
    assert part.fit is None or np.abs(part.problem.targets).max() < 20
    rest = solve(part.problem, 1e-11)
    assert solution.cost == pytest.approx(rest.cost, rel=1e-11)


def test_the_bound_of_nearly_affine_targets_is_below_the_optimum():
    solution = solve(Interpolation(*NEARLY_AFFINE), 1e-12)
    assert solution.certified
    assert 34.4354 < solution.lower_bound <= solution.cost < 34.4652


def test_what_a_fit_misses_is_exact_and_rounded_once():
    centers, targets = random(12, 9, 2), 1e12 * random(13, 9, 2)
    fit = AffineFit.least_squares(centers, targets)
    slope = sum(np.vectorize(Fraction, otypes=[object])(part) for part in fit.slopes)
    rational = np.vectorize(Fraction, otypes=[object])
    steps = rational(centers) - rational(centers[0])
    exact = rational(targets) - rational(targets[0]) - steps @ slope.T
    np.testing.assert_array_equal(fit.misses(), exact.astype(float))


def test_small_affine_parts_and_balls_stay_as_they_are():
    centers = random(14, 6, 2)
    assert AffinePart.of(Interpolation(centers, random(15, 6))).fit is None
    assert AffinePart.of(Interpolation(centers, 1e9 * centers, 1e-3)).fit is None


@pytest.mark.parametrize("dimension", [1, 2])
def test_points_far_from_the_origin_are_certified_or_the_cause_is_named(dimension):
    near = 1e-3 * random(16, 6, dimension)
    for offset in (1e3, 1e6):
        solution = solve(Interpolation(near + offset, random(17, 6)))
        reasons = verify_certificate(solution).reasons
        assert solution.certified == ((dimension, offset) != (2, 1e6))
        assert solution.certified or "from the origin: subtract their mean" in reasons[0]
