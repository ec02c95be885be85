"""What is wrong by a little is rejected, and the check that fails says what."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hand_made import (
    CROSS,
    OBTUSE,
    THREE,
    TRIANGLE,
    TWO,
    Exact,
    assert_verified,
)
from numpy.typing import NDArray
from oracles import random_multipliers

from convexden.certificate import Certificate
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.verification import verify, verify_certificate

Array = NDArray[np.float64]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def failed(solution: Solution) -> set[str]:
    result = verify_certificate(solution)
    assert not result.passed
    assert result.reasons
    assert all(reason and "\n" not in reason for reason in result.reasons)
    return {check.name for check in result.checks if not check.passed}


def with_network(solution: Solution, **arrays: Array) -> Solution:
    """Change the network and restate its cost, so that only the change itself is wrong."""
    network = replace(solution.network, **arrays)
    cost = network.representation_cost
    gap = (cost - solution.lower_bound) / cost
    return replace(solution, network=network, cost=cost, relative_gap=gap)


def with_certificate(solution: Solution, **changes: object) -> Solution:
    return replace(solution, certificate=replace(solution.certificate, **changes))  # type: ignore[arg-type]


@pytest.fixture(params=["plain", "moved", "tiny", "huge", "mixed"])
def good(request: pytest.FixtureRequest, rng: np.random.Generator) -> Solution:
    exact = {
        "plain": OBTUSE,
        "moved": OBTUSE.moved(rng, 5),
        "tiny": THREE.moved(rng, None, 1e-6, 1e-6),
        "huge": TRIANGLE.moved(rng, 3, 1e6, 1e6),
        "mixed": CROSS.moved(rng, None, 1e6, 1e-6),
    }[request.param]
    return exact.solution()


def test_wrong_output_weight(good: Solution) -> None:
    a = good.network.output_weights.copy()
    a[0] *= 1 + 1e-6
    assert {"values at the centers", "Jacobians on the balls", "error on the balls"} <= failed(
        with_network(good, output_weights=a)
    )


def test_bias_shifted_into_a_ball(good: Solution) -> None:
    b = good.network.biases.copy()
    b[0] += 1e-5 * good.problem.input_spread  # the foot of a ramp, toward the ball it touches
    spoiled = with_network(good, biases=b)
    assert {"hinges inside balls", "error on the balls"} <= failed(spoiled)
    assert "a hinge cuts the ball of site" in "\n".join(verify_certificate(spoiled).reasons)


def test_wrong_offset_and_wrong_skip(good: Solution) -> None:
    c = good.network.offset + 1e-7 * good.problem.target_spread
    assert failed(with_network(good, offset=c)) == {"values at the centers", "error on the balls"}
    tilt = 1e-7 * good.problem.target_spread / good.problem.input_spread
    assert "Jacobians on the balls" in failed(with_network(good, skip=good.network.skip + tilt))


def test_errors_are_refused_from_one_billionth_of_the_spread_on(good: Solution) -> None:
    """Errors of some 3e-9 spreads fail each of the four checks, errors of some 1e-10 pass them."""
    spread, weights = good.problem.target_spread, good.network.output_weights
    shares = np.linalg.norm(weights, axis=1) * good.problem.input_spread / spread
    k = int(shares.argmin())
    slope = weights[k] / np.linalg.norm(weights[k]) * spread / good.problem.input_spread

    def spoiled(share: float) -> tuple[Solution, Solution, Solution]:
        offset = np.zeros_like(good.network.offset)
        offset[0] = share * spread
        skip = share * np.outer(slope, good.network.input_weights[k])
        biases = good.network.biases.copy()
        biases[k] += share * good.problem.input_spread / shares[k]
        return (
            with_network(good, offset=good.network.offset + offset),
            with_network(good, skip=good.network.skip + skip),
            with_network(good, biases=biases),
        )

    shifted, tilted, cut = (failed(solution) for solution in spoiled(3e-9))
    assert shifted == {"values at the centers", "error on the balls"}
    assert "Jacobians on the balls" in tilted
    assert "hinges inside balls" in cut
    for solution in spoiled(1e-10):
        errors = [check for check in verify_certificate(solution).checks if check.limit == 1e-9]
        assert all(check.passed for check in errors), errors


def test_network_that_is_too_cheap(good: Solution) -> None:
    halved = with_network(good, output_weights=0.5 * good.network.output_weights)
    assert {"values at the centers", "weak duality"} <= failed(halved)


def test_multiplier_off_the_equalities(good: Solution) -> None:
    values = good.certificate.values.copy()
    values[1] *= 1 + 1e-4
    assert "dual equalities" in failed(with_certificate(good, values=values))
    jacobians = good.certificate.jacobians.copy()
    jacobians[1] *= 1 + 1e-4
    assert "dual equalities" in failed(with_certificate(good, jacobians=jacobians))


def test_multipliers_moved_along_the_equalities_raise_the_pricing_maximum(good: Solution) -> None:
    # Opposite changes of two Jacobian multipliers keep both sums.
    jacobians = good.certificate.jacobians.copy()
    change = 1e-3 * jacobians[1]
    jacobians[1] += change
    jacobians[0] -= change
    spoiled = with_certificate(good, jacobians=jacobians)
    assert failed(spoiled) == {
        "stated pricing maximum",
        "stated lower bound",
        "gap of a certified solution",
    }
    result = verify_certificate(spoiled)
    assert result.pricing_maximum > 1 + 1e-6
    assert result.lower_bound < good.lower_bound * (1 - 1e-6)
    assert any("understates" in reason for reason in result.reasons)


def test_multipliers_scaled_up_do_not_raise_the_bound(good: Solution) -> None:
    scaled = with_certificate(
        good,
        values=2 * good.certificate.values,
        jacobians=2 * good.certificate.jacobians,
        pricing_maximum=2.0,
    )
    result = assert_verified(scaled)
    assert result.pricing_maximum == pytest.approx(2.0, rel=1e-11)


def test_lower_bound_inflated(good: Solution) -> None:
    bound = good.lower_bound * (1 + 1e-8)
    gap = (good.cost - bound) / good.cost
    inflated = replace(good, lower_bound=bound, relative_gap=gap)
    assert failed(inflated) == {"stated lower bound", "weak duality", "stated gap"}
    assert failed(with_certificate(good, lower_bound=bound)) == {
        "stated lower bound",
        "weak duality",
    }


def test_pricing_maximum_misstated(good: Solution) -> None:
    assert failed(with_certificate(good, pricing_maximum=1 - 1e-6)) == {"stated pricing maximum"}
    assert failed(with_certificate(good, pricing_maximum=1 + 1e-6)) == {"stated pricing maximum"}
    assert failed(with_certificate(good, pricing_maximum=np.nan)) == {"stated pricing maximum"}


def test_cost_and_gap_misstated(good: Solution) -> None:
    cost = good.cost * (1 + 1e-7)
    gap = (cost - good.lower_bound) / cost
    assert failed(replace(good, cost=cost, relative_gap=gap)) == {"stated cost"}
    assert failed(replace(good, relative_gap=good.relative_gap + 1e-6)) == {"stated gap"}
    assert "stated cost" in failed(replace(good, cost=np.nan))


def test_a_cost_below_a_bound_is_refused_however_little(good: Solution) -> None:
    """By less than the rounding that a stated cost may have: below the stated bound, and below the
    one that the multipliers prove, of which only half is stated."""
    cost = good.cost * (1 - 5e-10)
    for bound in (good.lower_bound, 0.5 * good.lower_bound):
        stated = replace(
            with_certificate(good, lower_bound=bound),
            cost=cost,
            lower_bound=bound,
            relative_gap=max(0.0, (cost - bound) / cost),
        )
        assert "weak duality" in failed(stated)
        assert "stated cost" not in failed(stated)


def test_certified_gap_must_be_within_the_tolerance(good: Solution) -> None:
    bound = good.lower_bound * (1 - 1e-6)
    weak = replace(
        with_certificate(
            good,
            values=(1 - 1e-6) * good.certificate.values,
            jacobians=(1 - 1e-6) * good.certificate.jacobians,
            pricing_maximum=1 - 1e-6,
            lower_bound=bound,
        ),
        lower_bound=bound,
        relative_gap=(good.cost - bound) / good.cost,
    )
    assert failed(weak) == {"gap of a certified solution"}
    assert verify_certificate(weak, tolerance=1e-5).passed
    assert verify_certificate(replace(weak, status="not-certified")).passed


def test_jacobian_multiplier_at_a_sample() -> None:
    # The rays' origin becomes a sample: its Jacobian multiplier must then vanish.
    good = OBTUSE.solution()
    radii = np.array([0.0, 0.2, 0.2])
    problem = Interpolation(good.problem.centers, good.problem.targets, radii)
    assert "stray G_n" in failed(replace(good, problem=problem))


def test_jacobian_multipliers_across_the_hull(rng: np.random.Generator) -> None:
    # In three dimensions: opposite changes keep the sums but reward hinges that tilt.
    good = OBTUSE.moved(rng, 3).solution()
    y = good.problem.centers
    normal = np.cross(y[1] - y[0], y[2] - y[0])
    change = 0.1 * np.outer(normal, normal)
    jacobians = good.certificate.jacobians + np.stack([change, -change, 0 * change])
    assert failed(with_certificate(good, jacobians=jacobians)) == {"stray G_n"}


def test_rotten_shapes_are_one_line(good: Solution) -> None:
    certificate = good.certificate
    for spoil in (
        lambda: with_certificate(good, values=certificate.values[:-1]),
        lambda: with_certificate(good, jacobians=certificate.jacobians[:, :, :1]),
        lambda: with_certificate(good, values=certificate.values * np.nan),
        lambda: with_certificate(good, values="nothing"),
        lambda: replace(good, network=TWO.solution().network),
    ):
        with pytest.raises(InvalidProblem) as error:
            verify_certificate(spoil())
        assert "\n" not in str(error.value)


def test_what_is_too_large_to_verify_is_a_check_that_fails(rng: np.random.Generator) -> None:
    """Every other check is made, and the reason is given; no bound follows."""
    centers = rng.standard_normal((64, 3))
    problem = Interpolation(centers, np.tile([1.0, 2.0], (64, 1)), 1e-3)
    network = ShallowNetwork(
        np.zeros((0, 2)), np.zeros((0, 3)), np.zeros(0), np.zeros((2, 3)), [1.0, 2.0]
    )
    values, jacobians = random_multipliers(problem, rng)
    for pricing in ("none", "semidefinite", "exact-faces"):
        proof = Certificate(values, jacobians, 0.0, 5.0, pricing)
        checked = verify(problem, network, proof)
        assert not checked.passed
        assert {check.name for check in checked.checks if not check.passed} == {
            "stated pricing maximum"
        }
        (reason,) = checked.reasons
        assert reason.startswith("stated pricing maximum 5 could not be verified: 64 sites")
        assert "FAILED" in checked.table()
        assert checked.lower_bound == 0.0
        assert checked.pricing_maximum == np.inf
        assert all(np.isfinite(check.limit) for check in checked.checks)
    bad = ShallowNetwork(
        np.zeros((0, 2)), np.zeros((0, 3)), np.zeros(0), np.zeros((2, 3)), [1.0, 3.0]
    )
    names = {check.name for check in verify(problem, bad, proof).checks if not check.passed}
    assert "values at the centers" in names


def test_the_table_shows_what_failed(good: Solution) -> None:
    text = str(verify_certificate(good))
    assert "FAILED" not in text
    assert text.endswith("verified")
    text = verify_certificate(with_certificate(good, pricing_maximum=0.5)).table()
    assert "understates" in text
    assert max(len(row) for row in text.splitlines() if "FAILED:" not in row) < 80


def test_error_on_a_ball_bounds_the_error_at_its_points(rng: np.random.Generator) -> None:
    apart = np.array([[3.0, 0.0], [-3.0, 0.0]])
    for _ in range(20):
        network = ShallowNetwork(
            rng.normal(size=(5, 2)),
            rng.normal(size=(5, 2)),
            rng.normal(size=5),
            rng.normal(size=(2, 2)),
            rng.normal(size=2),
        )
        problem = Interpolation(rng.normal(size=(2, 2)) + apart, np.eye(2), np.array([1.0, 2.0]))
        zero = Certificate(np.zeros((2, 2)), np.zeros((2, 2, 2)), 0.0, 0.0, "exact-line")
        bound = verify(problem, network, zero).feasibility * problem.target_spread
        for n in range(2):
            directions = rng.normal(size=(500, 2))
            directions /= np.linalg.norm(directions, axis=1)[:, None]
            reach = problem.radii[n] * np.sqrt(rng.random((500, 1)))
            points = problem.centers[n] + directions * reach
            errors = np.linalg.norm(network(points) - problem.targets[n], axis=1)
            assert errors.max() <= bound * (1 + 1e-12)


def test_thousands_of_samples_in_the_plane(rng: np.random.Generator) -> None:
    # Two clusters, mapped to -1 and 1.  q is piecewise linear in the first coordinate, with kinks
    # at four samples: 0 up to -1, 1 at -0.4, -1 at 0.4, 0 from 1 on.
    n = 9000
    support = np.array([-1.0, -0.4, 0.4, 1.0])
    first = np.concatenate([support, rng.uniform(0.4, 1.0, n) * rng.choice([-1, 1], n)])
    second = np.concatenate([np.zeros(4), rng.normal(size=n)])
    values = np.zeros(n + 4)
    values[:4] = np.diff([0.0, 1 / 0.6, -2.5, 1 / 0.6, 0.0])
    exact = Exact(
        np.column_stack([first, second]),
        np.sign(first)[:, None],
        np.zeros(n + 4),
        np.array([[2.5], [-2.5]]),
        np.array([[1.0, 0.0], [1.0, 0.0]]),
        np.array([0.4, -0.4]),
        np.array([-1.0]),
        values[:, None],
        np.zeros((n + 4, 1, 2)),
    )
    assert 5.0 <= assert_verified(exact.solution()).cost <= 5.0 * (1 + 1e-11)
    assert_verified(exact.moved(rng, 3).solution())
    halfway = Exact(**{**vars(exact), "b": np.array([0.41, -0.4])})
    assert "values at the centers" in failed(halfway.solution())


def test_verification_loads_no_solver() -> None:
    code = (
        "import sys, convexden.verification as v;"
        "bad = [m for m in sys.modules if m.startswith(('cvxpy', 'clarabel', 'convexden.sol'))"
        " and m != 'convexden.solution'];"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
