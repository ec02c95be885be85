"""Numbers of two floats: where one is not enough, in files, and forged."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from fractions import Fraction
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convexden as cd
from convexden.arithmetic.two_part import TwoPart, affine_values
from convexden.errors import InvalidInput


def near_duplicates(distance: float, seed: int) -> cd.Interpolation:
    """Samples of the plane, the last of which nearly coincides with the first of its target."""
    rng = np.random.default_rng(seed)
    points, targets = rng.normal(size=(7, 2)), rng.normal(size=(7, 2))
    angle = rng.uniform(0, 2 * np.pi)
    twin = points[0] + distance * np.array([np.cos(angle), np.sin(angle)])
    return cd.Interpolation(np.vstack([points, twin]), np.vstack([targets, targets[0]]))


def touching(distance: float, dimension: int = 1) -> cd.Interpolation:
    """Two balls so far apart on an oblique line, with targets of two dimensions."""
    direction = np.arange(1.0, dimension + 1) / 7
    centers = np.stack([0.3 * direction, 1.7 * direction])
    radius = np.linalg.norm(centers[1] - centers[0]) * (1 - distance) / 2
    return cd.Interpolation(centers, [[0.0, 1.0], [2.0, 0.0]], radius)


def gap_of(problem: cd.Interpolation) -> Fraction:
    """The distance between the first two balls less their radii; to 60 digits."""
    steps = [Fraction(b) - Fraction(a) for a, b in problem.centers.T.tolist()]
    square = sum(step * step for step in steps)
    scale = 10**60
    root = Fraction(isqrt(int(square * scale * scale)), scale)
    return root - Fraction(problem.radii[0]) - Fraction(problem.radii[1])


@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize("distance", [1e-6, 1e-8, 1e-10, 1e-13])
def test_balls_on_a_line_next_to_contact(distance: float, dimension: int) -> None:
    problem = touching(distance, dimension)
    solution = cd.solve(problem)
    assert solution.certified
    assert solution.relative_gap < 1e-13
    length = float(np.linalg.norm(problem.targets[1] - problem.targets[0]))
    exact = 2 * length / float(gap_of(problem))
    assert solution.cost == pytest.approx(exact, rel=1e-14)
    assert solution.lower_bound <= exact * (1 + 1e-15)
    assert cd.verify_certificate(solution).passed
    for center, radius, target in zip(problem.centers, problem.radii, problem.targets, strict=True):
        along = problem.centers[1] - problem.centers[0]
        along = along / np.linalg.norm(along) * radius * (1 - 4e-15)  # inside, when rounded
        points = center + np.outer([-1.0, 0.0, 0.5], along)
        np.testing.assert_allclose(solution.network(points), np.tile(target, (3, 1)), atol=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
@pytest.mark.parametrize("distance", [1e-8, 1e-10, 1e-12])
def test_samples_of_one_target_that_nearly_coincide(distance: float, seed: int) -> None:
    solution = cd.solve(near_duplicates(distance, seed))
    assert solution.certified
    assert solution.relative_gap < 1e-13
    assert solution.certificate.values_low is not None
    assert solution.network.biases_low is not None


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_near_duplicates_lose_their_cost_without_low_parts(seed: int) -> None:
    solution = cd.solve(near_duplicates(1e-12, seed))
    checked = cd.verify_certificate(solution)
    assert checked.cost <= solution.network.representation_cost * (1 + 1e-13)
    # Without low parts a correction costs more.
    plain = replace(solution.network, biases_low=None)
    coarse = cd.verification.verify(solution.problem, plain, solution.certificate)
    assert coarse.cost > checked.cost * (1 + 1e-9)


def test_files_keep_both_floats(tmp_path: Path) -> None:
    solution = cd.solve(touching(1e-9, 2))
    path = tmp_path / "two.json"
    cd.save(solution, path)
    document = json.loads(path.read_text())
    assert document["version"] == 2
    assert "biases_low" in document["network"]
    assert "jacobians_low" in document["certificate"]
    again = cd.load(path)
    for part, name in (
        ("network", "output_weights_low"),
        ("network", "biases_low"),
        ("certificate", "values_low"),
        ("certificate", "jacobians_low"),
    ):
        stored, given = (getattr(getattr(each, part), name) for each in (again, solution))
        assert (stored is None) == (given is None)
        if given is not None:
            np.testing.assert_array_equal(stored, given)
    assert cd.verify_certificate(again).relative_gap == cd.verify_certificate(solution).relative_gap


def test_files_without_low_parts_stay_as_they_were(tmp_path: Path) -> None:
    solution = cd.solve(cd.denoising([0.0, 1.0, 3.0], radius=0.1))
    cd.save(solution, tmp_path / "one.json")
    assert json.loads((tmp_path / "one.json").read_text())["version"] == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda low: low[:-1],  # too few
        lambda low: [2.0 for _ in low],  # larger than the numbers they belong to
        lambda low: ["1" for _ in low],
        lambda low: None,
    ],
)
def test_bad_low_parts_are_refused_in_one_line(change: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    cd.save(cd.solve(touching(1e-9)), path)
    document = json.loads(path.read_text())
    document["network"]["biases_low"] = change(document["network"]["biases_low"])
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidInput) as caught:
        cd.load(path)
    assert "\n" not in str(caught.value)


def test_low_parts_are_read_only_and_checked() -> None:
    certificate = cd.solve(touching(1e-9)).certificate
    low = certificate.jacobians_low
    assert low is not None
    with pytest.raises(ValueError, match="read-only"):
        low[0] = 0.0
    with pytest.raises(InvalidInput, match="low parts"):
        replace(certificate, jacobians_low=certificate.jacobians)
    with pytest.raises(InvalidInput, match="shape"):
        replace(certificate, jacobians_low=low[:1])
    with pytest.raises(InvalidInput, match="NaN"):
        replace(certificate, jacobians_low=low * np.nan)
    assert replace(certificate, jacobians_low=0.0 * low).jacobians_low is None
    again = pickle.loads(pickle.dumps(certificate))
    np.testing.assert_array_equal(again.jacobians_low, low)
    assert "two-part" in repr(certificate)


def test_a_low_part_cannot_fake_a_bound() -> None:
    """Multipliers that satisfy the equalities with their low parts and prove what these say."""
    problem = touching(1e-9)
    good = cd.solve(problem)
    exact = 2 * np.linalg.norm([2.0, 1.0]) / float(gap_of(problem))
    rng = np.random.default_rng(0)
    for _ in range(30):
        values = good.certificate.values
        low = rng.uniform(-0.5, 0.5, values.shape) * np.spacing(np.abs(values))
        low = np.where(values + low == values, low, 0.0)
        jacobians = good.certificate.jacobians
        other = rng.uniform(-0.5, 0.5, jacobians.shape) * np.spacing(np.abs(jacobians))
        other = np.where(jacobians + other == jacobians, other, 0.0)
        forged = replace(good.certificate, values_low=low, jacobians_low=other)
        checked = cd.verification.verify(problem, good.network, forged)
        assert checked.lower_bound <= exact * (1 + 1e-15)
        network = good.network
        weights = rng.uniform(-0.5, 0.5, network.biases.shape) * np.spacing(np.abs(network.biases))
        weights = np.where(network.biases + weights == network.biases, weights, 0.0)
        changed = replace(network, biases_low=weights)
        checked = cd.verification.verify(problem, changed, good.certificate)
        assert checked.cost >= exact * (1 - 1e-14)


def test_sums_of_two_floats_keep_twice_the_digits() -> None:
    rng = np.random.default_rng(0)
    a, b = (TwoPart.sum(rng.normal(size=9), 1e-17 * rng.normal(size=9)) for _ in range(2))

    def exact(number: TwoPart, i: int) -> Fraction:
        return Fraction(float(number.high[i])) + Fraction(float(number.low[i]))

    for i in range(9):
        x, y = exact(a, i), exact(b, i)
        for found, wanted in (
            (a.plus(b), x + y),
            (a.minus(b), x - y),
            (a.times(b), x * y),
            (a.over(b), x / y),
        ):
            assert abs(exact(found, i) - wanted) <= abs(wanted) * Fraction(1, 2**98)
    total = a.total()
    whole = sum(exact(a, i) for i in range(9))
    assert abs(Fraction(float(total.high)) + Fraction(float(total.low)) - whole) < Fraction(
        1, 2**95
    )


def test_affine_values_of_points_far_away() -> None:
    points, slopes = np.array([[1e8 + 1.0, -1e8]]), np.array([[1 / 3, 1 / 3]])
    found = affine_values(points, slopes, TwoPart.of(np.zeros(1)))
    third = Fraction(1 / 3)
    wanted = third * Fraction(1e8 + 1.0) - third * Fraction(1e8)
    assert found.high.shape == (1, 1)
    assert abs(Fraction(float(found.high[0, 0])) - wanted) <= Fraction(1, 2**53)
