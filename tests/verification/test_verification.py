"""Exact solutions made by hand verify; every way to spoil them is noticed; P is what it claims."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from oracles import random_multipliers

from convexden.certificate import Certificate
from convexden.errors import InvalidProblem
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.verification import Verification, examine, judge, verify, verify_certificate
from convexden.verification.exact.dual import close_dual
from convexden.verification.pricing_bound import PricingInterval, pricing_interval

Array = NDArray[np.float64]


# ---------------------------------------------------------------- exact solutions made by hand


@dataclass
class Exact:
    """A problem with its optimal network and optimal multipliers (P = 1)."""

    centers: Array
    targets: Array
    radii: Array
    a: Array
    w: Array
    b: Array
    offset: Array
    l: Array  # noqa: E741  # the name in the formulas
    G: Array

    def moved(
        self,
        rng: np.random.Generator,
        dimension: int | None = None,
        scale: float = 1.0,
        target_scale: float = 1.0,
        shift: float = 1.0,
    ) -> Exact:
        """The same in `dimension` dimensions: rotated, scaled, shifted (by multiples of scale)."""
        k, p = self.centers.shape[1], self.targets.shape[1]
        dimension = dimension or k
        Q = rotation(rng, dimension)[:k]
        F = rotation(rng, dimension)[:p]
        o = shift * scale * rng.normal(size=dimension)
        q = shift * target_scale * rng.normal(size=dimension)
        w = self.w @ Q
        return Exact(
            scale * self.centers @ Q + o,
            target_scale * self.targets @ F + q,
            scale * self.radii,
            target_scale / scale * self.a @ F,
            w,
            scale * self.b - w @ o,
            target_scale * self.offset @ F + q,
            self.l @ F / scale,
            np.einsum("nij,ip,jd->npd", self.G, F, Q),
        )

    def solution(self) -> Solution:
        p, d = self.targets.shape[1], self.centers.shape[1]
        network = ShallowNetwork(self.a, self.w, self.b, np.zeros((p, d)), self.offset)
        cost = float(np.linalg.norm(self.a, axis=1).sum())
        # What the rounding of the multipliers is worth: their P is 1 up to that.
        sizes = np.linalg.norm(self.l, axis=1)
        offsets = np.linalg.norm(self.centers - self.centers.mean(axis=0), axis=1)
        rounding = 4e-15 * float(sizes @ offsets + np.linalg.norm(self.G, axis=(1, 2)).sum())
        bound = float(np.sum(self.l * (self.targets - self.targets.mean(axis=0))))
        bound *= 1 - 4 * rounding
        return Solution(
            problem=Interpolation(self.centers, self.targets, self.radii),
            network=network,
            certificate=Certificate(self.l, self.G, bound, 1 + rounding, "exact-plane"),
            cost=cost,
            lower_bound=bound,
            relative_gap=(cost - bound) / cost,
            status="certified",
            iterations=0,
            seconds=0.0,
            versions={},
        )


def rotation(rng: np.random.Generator, dimension: int) -> Array:
    q, _ = np.linalg.qr(rng.normal(size=(dimension, dimension)))
    return q


def line(x: Array, rho: float, t: Array) -> Exact:
    """Scalar targets on a line: connect the dots.  q is linear on every gap, from 1 to -1."""
    gaps = np.diff(x) - 2 * rho
    slopes = np.diff(t) / gaps
    k = 2 * np.sign(slopes) / gaps
    middle = (x[1:] + x[:-1]) / 2
    values = -np.diff(k, prepend=0.0, append=0.0)
    jacobians = -np.diff(k * middle, prepend=0.0, append=0.0) - values * x
    starts, ends = x[:-1] + rho, x[1:] - rho
    return Exact(
        x[:, None],
        t[:, None],
        np.full(len(x), rho),
        np.concatenate([slopes, -slopes])[:, None],
        np.ones((2 * len(gaps), 1)),
        -np.concatenate([starts, ends]),
        t[:1],
        values[:, None],
        jacobians[:, None, None],
    )


def rays(directions: Array, lengths: Array, rho: float) -> Exact:
    """Denoising of 0 and c u on rays with pairwise obtuse (or right) angles, and its dual."""
    u, c = directions / np.linalg.norm(directions, axis=1)[:, None], lengths
    x = np.vstack([np.zeros((1, u.shape[1])), c[:, None] * u])
    slopes, k = c / (c - 2 * rho), 2 / (c - 2 * rho)
    projectors = u[:, :, None] * u[:, None, :]
    leaves = -(k * c / 2)[:, None, None] * projectors
    spokes = k[:, None] * u
    return Exact(
        x,
        x,
        np.full(len(x), rho),
        np.vstack([slopes[:, None] * u, -slopes[:, None] * u]),
        np.vstack([u, u]),
        np.concatenate([np.full(len(u), -rho), rho - c]),
        np.zeros(u.shape[1]),
        np.vstack([-spokes.sum(axis=0), spokes]),
        np.concatenate([leaves.sum(axis=0)[None], leaves]),
    )


def equilateral(rho: float) -> Exact:
    """Circumradius 1.  The dual is the only one with the symmetry of the triangle."""
    angles = np.pi / 2 + 2 * np.pi / 3 * np.arange(3)
    u = np.column_stack([np.cos(angles), np.sin(angles)])
    k = 2 / (1.5 - 2 * rho)
    slope = 1 / (1.5 - 2 * rho)
    projectors = u[:, :, None] * u[:, None, :]
    return Exact(
        u,
        u,
        np.full(3, rho),
        np.vstack([slope * u, -slope * u]),
        np.vstack([u, u]),
        np.concatenate([np.full(3, 0.5 - rho), np.full(3, rho - 1)]),
        np.zeros(2),
        k * u,
        -0.75 * k * projectors - 0.25 * k * (np.eye(2) - projectors),
    )


TWO = line(np.array([0.0, 1.0]), 0.1, np.array([0.0, 1.0]))
DOTS = line(np.array([0.0, 1.0, 1.7, 4.0, 4.5]), 0.15, np.array([0.0, 1.0, -0.5, 2.0, 2.5]))
OBTUSE = rays(np.array([[1.0, 0.0], [-0.4, 1.0]]), np.array([1.0, 1.6]), 0.2)
RIGHT = rays(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.8]), 0.25)
CROSS = rays(np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]]), np.array([1.0, 0.8, 2, 1]), 0.3)
THREE = rays(np.array([[1.0, 0], [-0.5, 0.8], [-0.5, -0.9]]), np.array([1.0, 3.0, 1.5]), 0.1)
TRIANGLE = equilateral(0.3)
EXACT = {
    "two": TWO,
    "dots": DOTS,
    "obtuse": OBTUSE,
    "right": RIGHT,
    "cross": CROSS,
    "three": THREE,
    "triangle": TRIANGLE,
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def assert_verified(solution: Solution) -> Verification:
    result = verify_certificate(solution, tolerance=1e-9)
    assert result.passed, str(result)
    assert result.reasons == ()
    return result


@pytest.mark.parametrize("name", EXACT)
def test_exact_solutions_verify(name: str) -> None:
    result = assert_verified(EXACT[name].solution())
    assert result.pricing_maximum == pytest.approx(1.0, abs=1e-11)
    assert abs(result.relative_gap) < 1e-11
    assert result.feasibility < 1e-14


def test_ramp_between_two_points_costs_two_over_the_free_gap() -> None:
    result = assert_verified(TWO.solution())
    assert result.cost == pytest.approx(2 / (1 - 0.2), rel=1e-14)
    assert result.lower_bound == pytest.approx(2 / (1 - 0.2), rel=1e-11)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dimension", [3, 20])
def test_exact_solutions_verify_in_any_ambient_dimension(
    name: str, dimension: int, rng: np.random.Generator
) -> None:
    assert_verified(EXACT[name].moved(rng, dimension).solution())


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("target_scale", [1e-6, 1e6])
def test_exact_solutions_verify_at_any_scale(
    name: str, scale: float, target_scale: float, rng: np.random.Generator
) -> None:
    assert_verified(EXACT[name].moved(rng, None, scale, target_scale).solution())


@pytest.mark.parametrize("name", EXACT)
def test_exact_solutions_verify_far_from_the_origin(name: str, rng: np.random.Generator) -> None:
    # The formulas know nothing of the rounding of these coordinates: what is proven is asked for.
    moved = EXACT[name].moved(rng, 3, shift=1e5).solution()
    evidence = examine(moved.problem, moved.network, moved.certificate)
    result = judge(evidence, evidence.restate(moved.certificate))
    assert result.passed, str(result)
    assert 0 <= result.relative_gap < 1e-8
    # What is left is the rounding of the biases themselves.
    assert result.feasibility < 1e-9


@pytest.mark.parametrize("share", [0.05, 0.5, 0.98, 0.9999, 0.999999])
def test_rays_verify_up_to_contact(share: float, rng: np.random.Generator) -> None:
    exact = rays(np.array([[1.0, 0.0], [-0.4, 1.0]]), np.array([1.0, 1.6]), 0.5 * share)
    solution = exact.moved(rng).solution()
    evidence = examine(solution.problem, solution.network, solution.certificate)
    result = judge(evidence, evidence.restate(solution.certificate))
    assert result.passed, str(result)
    # The rounding of network and multipliers is worth more, the narrower the gap.
    assert 0 <= result.relative_gap < max(1e-11, 1e-12 / (1 - share))


def test_equilateral_dual_is_optimal_up_to_its_threshold_and_not_above() -> None:
    threshold = (8 + 2 * np.sqrt(3)) / 13 * 0.75
    below, above = (
        verify_certificate(equilateral(threshold * factor).solution()) for factor in (0.999, 1.001)
    )
    assert below.passed
    assert below.pricing_maximum == pytest.approx(1.0, abs=1e-11)
    assert above.pricing_maximum > 1 + 1e-5
    assert any("understates" in reason for reason in above.reasons)


def test_affine_data_have_cost_zero() -> None:
    y = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    problem = Interpolation(y, y)
    zero = np.zeros((4, 2))
    certificate = Certificate(zero, np.zeros((4, 2, 2)), 0.0, 0.0, "exact-plane")
    network = ShallowNetwork(
        np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0), np.eye(2), np.zeros(2)
    )
    result = verify(problem, network, certificate, cost=0.0, relative_gap=0.0, status="certified")
    assert result.passed, str(result)
    assert (result.cost, result.lower_bound, result.relative_gap) == (0.0, 0.0, 0.0)


def test_equal_targets_may_overlap() -> None:
    problem = Interpolation(
        np.array([[0.0, 0.0], [0.5, 0.0], [0.2, 0.1]]), np.ones(3), np.array([0.6, 0.5, 0.0])
    )
    certificate = Certificate(np.zeros((3, 1)), np.zeros((3, 1, 2)), 0.0, 0.0, "exact-plane")
    constant = ShallowNetwork(
        np.zeros((0, 1)), np.zeros((0, 2)), np.zeros(0), np.zeros((1, 2)), np.ones(1)
    )
    assert verify(problem, constant, certificate).passed


# ---------------------------------------------------------------- what must be rejected


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


# ---------------------------------------------------------------- the pricing maximum


@dataclass
class Dual:
    """Multipliers in the plane that satisfy the equalities."""

    centers: Array
    radii: Array
    values: Array
    jacobians: Array

    @classmethod
    def random(
        cls, rng: np.random.Generator, centers: Array, radii: Array, outputs: int = 2
    ) -> Dual:
        n = len(centers)
        values = rng.normal(size=(n, outputs))
        jacobians = rng.normal(size=(n, outputs, 2)) * (radii > 0)[:, None, None]
        # Take the excess from three sites that span the plane, by their values alone.
        system = np.vstack([np.ones(3), centers[:3].T])
        excess = np.vstack(
            [
                values.sum(axis=0),
                (np.einsum("np,nd->pd", values, centers) + jacobians.sum(axis=0)).T,
            ]
        )
        values[:3] -= np.linalg.solve(system, excess)
        return cls(centers, radii, values, jacobians)

    def interval(self) -> PricingInterval:
        targets = np.zeros((len(self.centers), self.values.shape[1]))
        dual = close_dual(self.centers, targets, self.radii, self.values, self.jacobians)
        assert dual.residual < 1e-11
        return pricing_interval(dual)

    def hinges(self, w: Array, b: Array) -> Array:
        """g of hinges w (H, 2), b (H,) by its definition; 0 where a hinge cuts a ball."""
        z = w @ self.centers.T + b[:, None]
        feasible = (np.abs(z) >= self.radii * (1 - 2e-15)).all(axis=1)
        g = np.maximum(z, 0.0) @ self.values
        g += np.einsum("hn,npd,hd->hp", 1.0 * (z > 0), self.jacobians, w)
        return np.where(feasible, np.linalg.norm(g, axis=1), 0.0)

    def tangents(self, angles: Array) -> Array:
        """g of the hinges with these normals that touch some ball or sample, (angles, 2 N)."""
        w = np.column_stack([np.cos(angles), np.sin(angles)])
        along = w @ self.centers.T
        b = np.concatenate([-along - self.radii, -along + self.radii], axis=1)
        rows = np.repeat(w, b.shape[1], axis=0)
        return self.hinges(rows, b.ravel()).reshape(b.shape)

    def search(self, rng: np.random.Generator) -> float:
        """The best of random hinges, a grid of tangent ones and a search around the best."""
        angles = rng.uniform(0, 2 * np.pi, 4000)
        w = np.column_stack([np.cos(angles), np.sin(angles)])
        best = self.hinges(w, rng.normal(size=4000) * np.abs(self.centers).max()).max()
        grid = np.linspace(0, 2 * np.pi, 1500, endpoint=False)
        for start in grid[np.argsort(self.tangents(grid).max(axis=1))[-12:]]:
            center, step = start, 2 * np.pi / 1500
            for _ in range(8):
                finer = np.linspace(center - step, center + step, 41)
                g = self.tangents(finer).max(axis=1)
                best = max(best, g.max())
                center, step = finer[np.argmax(g)], step / 15
        return float(best)


def mixed_sites(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Samples and disjoint balls of different radii."""
    centers = rng.normal(size=(n, 2))
    distances = np.linalg.norm(centers[:, None] - centers, axis=2) + 9 * np.eye(n)
    radii = distances.min(axis=1) * rng.uniform(0, 0.5, n) * (rng.random(n) < 0.6)
    return centers, radii


@pytest.mark.parametrize("seed", range(16))
def test_no_hinge_exceeds_the_pricing_interval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centers, radii = mixed_sites(rng, int(rng.integers(3, 9)))
    if seed >= 12:  # nearly touching balls, where a wrong end of an arc shows
        radii[:2] = 0.4999 * np.linalg.norm(centers[0] - centers[1])
        radii[2:] = 0.0
    dual = Dual.random(rng, centers, radii, outputs=int(rng.integers(1, 6)))
    interval, found = dual.interval(), dual.search(rng)
    # Between nearly touching balls the rounding of the search itself is magnified.
    assert found <= interval.upper * (1 + (1e-12 if seed < 12 else 1e-9))
    assert found >= interval.lower * (1 - 2e-11)
    assert interval.upper - interval.lower <= 1e-11 * interval.upper


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), turn=st.floats(0, 7), log_scale=st.integers(-6, 6))
def test_pricing_does_not_depend_on_the_coordinates(seed: int, turn: float, log_scale: int) -> None:
    rng = np.random.default_rng(seed)
    centers, radii = mixed_sites(rng, 6)
    dual = Dual.random(rng, centers, radii)
    expected = dual.interval().upper
    scale = 10.0**log_scale
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    order = rng.permutation(6)
    shift = 10 * scale * rng.normal(size=2)
    moved = Dual(
        (scale * centers @ R.T + shift)[order],
        scale * radii[order],
        dual.values[order] / scale,
        (dual.jacobians @ R.T)[order],
    )
    assert moved.interval().upper == pytest.approx(expected, rel=1e-9)


def test_samples_of_a_line_within_the_plane(rng: np.random.Generator) -> None:
    # Both sides of the line's direction order its samples differently: the angle itself counts.
    for turn in (0.0, np.pi / 2, 1.0):
        along = np.array([np.cos(turn), np.sin(turn)])
        centers = np.vstack(
            [np.outer([0.0, 1.0], along), [[3.0, -2.0]], np.outer([2.0, 3, 5, 8], along)]
        )
        dual = Dual.random(rng, centers, np.zeros(len(centers)))
        interval, found = dual.interval(), dual.search(rng)
        assert interval.lower * (1 - 1e-9) <= found <= interval.upper * (1 + 1e-12)


@pytest.mark.parametrize("turn", [0.0, np.pi / 4, 1.234])
@pytest.mark.parametrize(("normal", "row"), [((1.0, 1.0), 2.0), ((2.0, 1.0), 3.0)])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_grid_whose_rows_leave_room_for_a_single_line(
    normal: tuple[float, float], row: float, turn: float, shift: float
) -> None:
    # Rows across the normal are 2 rho apart: this one touches three balls of the line, from both
    # sides, so that it cannot turn.  Only its pattern collects all positive multipliers.
    rho = 0.5 / float(np.linalg.norm(normal))
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    grid = np.array([(i, j) for i in range(3) for j in range(3)], dtype=float)
    beyond = grid @ normal >= row
    weights = np.where(beyond, 1 / beyond.sum(), -1 / (~beyond).sum())
    direction = R @ normal / np.linalg.norm(normal)
    dual = Dual(
        grid @ R.T + shift,
        np.full(9, rho),
        np.zeros((9, 1)),
        weights[:, None, None] * direction,
    )
    # Of balls that touch up to rounding the line may or may not cut one: both are right.
    for factor in (1.0, 1 - 1e-12):
        touching = replace(dual, radii=factor * dual.radii)
        upper = touching.interval().upper
        if factor < 1.0:
            assert upper == pytest.approx(1.0, rel=1e-6)
        assert upper <= 1 + 1e-6
    assert replace(dual, radii=dual.radii * (1 + 1e-9)).interval().upper < 0.9


@pytest.mark.parametrize("turn", [0.0, np.pi, 0.7])
def test_balls_that_touch_a_common_line_from_both_sides(turn: float) -> None:
    # One line separates the two rows; unturned its normal is at angle 0, the seam of the sweep.
    # No other normal or pattern collects all the Jacobian multipliers of the right row.
    rho = 0.3
    heights = np.array([0.0, 1.0, 2.0, 0.5, 1.5, 5.0])
    sides = np.repeat([-1.0, 1.0], 3)
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centers = np.column_stack([rho * sides, heights]) @ R.T
    jacobians = np.column_stack([sides, 0 * sides])[:, None, :] @ R.T
    dual = Dual(centers, np.full(6, rho), np.zeros((6, 1)), jacobians)
    assert dual.interval().upper == pytest.approx(3.0, rel=1e-10)
    assert replace(dual, radii=dual.radii * (1 + 1e-9)).interval().upper < 2.999


def test_coinciding_and_nested_sites(rng: np.random.Generator) -> None:
    centers = np.array([[0.0, 0], [3, 0], [0, 3], [0, 0], [0.1, 0.1], [0, 0], [3, 0]])
    radii = np.array([1.0, 0.5, 0.0, 0.4, 0.2, 0.0, 0.5])
    dual = Dual.random(rng, centers, radii)
    interval, found = dual.interval(), dual.search(rng)
    assert interval.lower * (1 - 1e-9) <= found <= interval.upper * (1 + 1e-12)


def test_no_feasible_hinge_prices_at_zero() -> None:
    # A triangular lattice of large balls that no line separates.
    rows = [(i + 0.5 * (j % 2), j * np.sqrt(3) / 2) for j in range(4) for i in range(4)]
    order = [0, 1, 4, 2, 3, *range(5, 16)]  # the first three are not collinear
    rng = np.random.default_rng(0)
    interval = Dual.random(rng, np.array(rows)[order], np.full(16, 0.45)).interval()
    assert interval.lower < 1e-12
    assert interval.upper < 1e-9


def test_many_balls(rng: np.random.Generator) -> None:
    axis = np.arange(9.0)
    centers = np.array([(i, j) for i in axis for j in axis])
    centers += rng.uniform(-0.3, 0.3, centers.shape)
    dual = Dual.random(rng, centers, np.full(81, 0.02))
    interval = dual.interval()
    assert 0 < interval.upper - interval.lower < 1e-11 * interval.upper
