"""The pricing maximum face by face: closed forms, brute force, the plane, and invariance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from convexden.data import regular_simplex
from convexden.errors import TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.reduction import Reduction
from convexden.solvers.constraints import constraints_of
from convexden.solvers.pricing.faces import FacePricing
from convexden.theorems import equilateral, obtuse_simplex, rays
from convexden.theorems._claims import ClosedForm
from convexden.verification import Verification, verify
from convexden.verification.exact.dual import close_dual
from convexden.verification.faces.bound import WIDTH, face_interval
from convexden.verification.faces.sign_patterns import sign_patterns
from convexden.verification.pricing_bound import PricingInterval, pricing_interval

Array = NDArray[np.float64]


@dataclass
class Dual:
    """Multipliers that satisfy the equalities, on sites in r dimensions."""

    centers: Array
    radii: Array
    values: Array
    jacobians: Array

    @classmethod
    def of(cls, closed_form: ClosedForm) -> Dual:
        problem, certificate = closed_form.problem, closed_form.certificate
        assert certificate is not None
        return cls(problem.centers, problem.radii, certificate.values, certificate.jacobians)

    @classmethod
    def random(cls, seed: int, r: int, kind: str, outputs: int | None = None) -> Dual:
        """Balls of different radii; among them samples, if "mixed"; if "tight", nearly touching."""
        rng = np.random.default_rng(seed)
        n, p = r + 1, outputs or r
        centers = rng.normal(size=(n, r))
        distances = np.linalg.norm(centers[:, None] - centers, axis=2) + 9 * np.eye(n)
        radii = distances.min() / 2 * rng.uniform(0.05, 0.95, n)
        if kind == "mixed":
            radii[rng.permutation(n)[: 1 + seed % (n - 1)]] = 0.0
        if kind == "tight":
            radii[:] = 0.499 * distances.min()
        values = rng.normal(size=(n, p))
        jacobians = rng.normal(size=(n, p, r)) * (radii > 0)[:, None, None]
        return cls(centers, radii, values, jacobians).projected()

    def projected(self) -> Dual:
        n, r = self.centers.shape
        balls = np.flatnonzero(self.radii > 0)
        system = np.hstack(
            [
                np.vstack([np.ones(n), self.centers.T]),
                np.tile(np.vstack([np.zeros(r), np.eye(r)]), len(balls)),
            ]
        )
        x = np.vstack([self.values, self.jacobians[balls].transpose(0, 2, 1).reshape(-1, self.p)])
        x -= np.linalg.pinv(system) @ (system @ x)
        jacobians = np.zeros_like(self.jacobians)
        jacobians[balls] = x[n:].reshape(-1, r, self.p).transpose(0, 2, 1)
        return replace(self, values=x[:n], jacobians=jacobians)

    @property
    def p(self) -> int:
        return self.values.shape[1]

    def interval(self) -> PricingInterval:
        dual = close_dual(
            self.centers, np.zeros((len(self.centers), 1)), self.radii, self.values, self.jacobians
        )
        assert dual.residual < 1e-11
        return pricing_interval(dual)

    def moved(self, rng: np.random.Generator) -> Dual:
        """The same in other coordinates of inputs and outputs, scaled, in another order."""
        Q, F = rotation(rng, self.centers.shape[1]), rotation(rng, self.p)
        order, scale = rng.permutation(len(self.radii)), 10 ** rng.uniform(-3, 3)
        return Dual(
            scale * (self.centers @ Q + rng.normal(size=len(Q)))[order],
            scale * self.radii[order],
            (self.values @ F)[order] / scale,
            np.einsum("npd,pq,de->nqe", self.jacobians, F, Q)[order],
        )

    def search(self, rng: np.random.Generator, count: int, starts: int) -> float:
        """The best of many tangent hinges, and of a local search from the best of them.

        The term of every site is written out; what the search starts from is feasible.
        """
        n, r = self.centers.shape
        w = rng.normal(size=(count, r))
        w /= np.linalg.norm(w, axis=1)[:, None]
        along = w @ self.centers.T
        b = np.concatenate([-along - self.radii, -along + self.radii], axis=1).ravel()
        w = np.repeat(w, 2 * n, axis=0)
        z = w @ self.centers.T + b[:, None]
        feasible = (np.abs(z) >= self.radii - 1e-13).all(axis=1)
        w, b, active = w[feasible], b[feasible], (z > 0)[feasible]
        g = self.g(w, b, active)
        best = float(g.max(initial=0.0))
        patterns: dict[bytes, int] = {}
        for i in np.argsort(-g):
            key = active[i].tobytes()
            patterns[key] = patterns.get(key, 0) + 1
            if patterns[key] <= starts:
                best = max(best, self.refined(w[i], b[i], active[i]))
        return best

    def hinges(
        self, rng: np.random.Generator, count: int, most: int
    ) -> Iterator[tuple[Array, float, NDArray[np.bool_]]]:
        """Local maxima of g and where the search for them starts: the best of many tangent hinges
        of a pattern, for the best patterns."""
        n, r = self.centers.shape
        w = rng.normal(size=(count, r))
        w /= np.linalg.norm(w, axis=1)[:, None]
        along = w @ self.centers.T
        b = np.concatenate([-along - self.radii, -along + self.radii], axis=1).ravel()
        w = np.repeat(w, 2 * n, axis=0)
        z = w @ self.centers.T + b[:, None]
        feasible = (np.abs(z) >= self.radii - 1e-13).all(axis=1)
        w, b, active = w[feasible], b[feasible], (z > 0)[feasible]
        _, first = np.unique(active, axis=0, return_index=True)
        order = np.argsort(-self.g(w, b, active))
        best = [next(i for i in order if (active[i] == active[j]).all()) for j in first]
        for i in sorted(best, key=lambda i: -float(self.g(w[[i]], b[[i]], active[[i]])[0]))[:most]:
            yield w[i], float(b[i]), active[i]
            x = self.climbed(w[i], float(b[i]), active[i])
            yield x[:-1], float(x[-1]), active[i]

    def inside(self, w: Array, b: float, active: NDArray[np.bool_]) -> Array:
        """A hinge (w, b) of the same pattern that leaves more room to all balls."""
        signs = np.where(active, 1.0, -1.0)
        hinges = signs[:, None] * np.column_stack([self.centers, np.ones(len(signs))])
        result = minimize(
            lambda x: -x[-1],
            np.append(np.append(w, b), 0.0),
            method="SLSQP",
            constraints=[
                {
                    "type": "ineq",
                    "fun": lambda x: hinges @ x[:-1] - self.radii * np.linalg.norm(x[:-2]) - x[-1],
                },
                {"type": "ineq", "fun": lambda x: 1 - x[:-2] @ x[:-2]},
            ],
            options={"ftol": 1e-14, "maxiter": 100},
        )
        return np.asarray(result.x[:-1])

    def g(self, w: Array, b: Array, active: NDArray[np.bool_]) -> Array:
        total = np.zeros((len(b), self.p))
        for n, center in enumerate(self.centers):
            term = (w @ center + b)[:, None] * self.values[n] + w @ self.jacobians[n].T
            total += np.where(active[:, n, None], term, 0.0)
        return np.linalg.norm(total, axis=1)

    def refined(self, w: Array, b: float, active: NDArray[np.bool_]) -> float:
        """The local maximum of g that is reached, 0 if it is not feasible."""
        x = self.climbed(w, b, active)
        z = (self.centers @ x[:-1] + x[-1]) * np.where(active, 1.0, -1.0)
        if (z - self.radii).min() < -1e-11:
            return 0.0
        return float(self.g(x[None, :-1], x[-1:], active[None])[0])

    def climbed(self, w: Array, b: float, active: NDArray[np.bool_]) -> Array:
        """A local maximum of g within the pattern, by sequential quadratic programming."""
        signs = np.where(active, 1.0, -1.0)
        slope = self.values[active].sum(axis=0)
        form = np.einsum("np,nd->pd", self.values[active], self.centers[active])
        form = np.column_stack([form + self.jacobians[active].sum(axis=0), slope])
        hinges = signs[:, None] * np.column_stack([self.centers, np.ones(len(signs))])
        result = minimize(
            lambda x: -0.5 * float((form @ x) @ (form @ x)),
            np.append(w, b),
            jac=lambda x: -form.T @ (form @ x),
            method="SLSQP",
            constraints=[
                {"type": "eq", "fun": lambda x: x[:-1] @ x[:-1] - 1, "jac": _sphere_slope},
                {"type": "ineq", "fun": lambda x: hinges @ x - self.radii, "jac": lambda x: hinges},
            ],
            options={"ftol": 1e-15, "maxiter": 200},
        )
        return np.asarray(result.x / np.linalg.norm(result.x[:-1]))


def _sphere_slope(x: Array) -> Array:
    return np.append(2 * x[:-1], 0.0)


def rotation(rng: np.random.Generator, dimension: int) -> Array:
    q, _ = np.linalg.qr(rng.normal(size=(dimension, dimension)))
    return q


def below_threshold(r: int, share: float) -> ClosedForm:
    points = regular_simplex(r)
    height = float(np.linalg.norm(points[0] - points[1:].mean(axis=0)))
    return equilateral.closed_form(points, share * equilateral.threshold(r) * height / 2)


def corner(r: int) -> ClosedForm:
    """Orthogonal edges of different lengths."""
    return rays.closed_form(np.vstack([np.zeros(r), np.diag(1.0 + np.arange(r))]), 0.3)


def obtuse(r: int) -> ClosedForm:
    """Edges that meet at obtuse angles, of different lengths, and unequal radii."""
    edges = np.eye(r) - 0.8 / r
    edges *= (1 + np.arange(r))[:, None]
    radii = 0.2 * np.linalg.norm(edges, axis=1).min() * np.append(1.0, np.linspace(0.3, 0.9, r))
    return obtuse_simplex.closed_form(np.vstack([np.zeros(r), edges]), radii)


def checked(closed_form: ClosedForm) -> Verification:
    assert closed_form.certificate is not None
    return verify(
        closed_form.problem,
        closed_form.network,
        closed_form.certificate,
        cost=closed_form.cost,
        status="certified",
        tolerance=1e-10,
    )


CLOSED_FORMS = {
    "regular": lambda r: below_threshold(r, 0.5),
    "regular, near threshold": lambda r: below_threshold(r, 0.999999),
    "orthogonal": corner,
    "obtuse": obtuse,
}


# ---------------------------------------------------------------- closed forms


@pytest.mark.parametrize("name", CLOSED_FORMS)
@pytest.mark.parametrize("r", [3, 4, 5])
def test_closed_forms_verify(name: str, r: int) -> None:
    closed_form = CLOSED_FORMS[name](r)
    result = checked(closed_form)
    assert result.passed, str(result)
    assert result.pricing_maximum == pytest.approx(1.0, abs=1e-9)
    assert Dual.of(closed_form).interval().lower == pytest.approx(1.0, abs=1e-11)


@pytest.mark.parametrize("r", [3, 4, 5])
def test_spoiled_networks_and_bounds_fail(r: int) -> None:
    good = below_threshold(r, 0.6)
    assert good.certificate is not None
    biases = good.network.biases.copy()
    biases[0] += 1e-6
    reasons = checked(replace(good, network=replace(good.network, biases=biases))).reasons
    assert any("the network misses the target" in reason for reason in reasons)
    jacobians = good.certificate.jacobians.copy()
    jacobians[1] *= 1.001
    jacobians[0] += good.certificate.jacobians[1] - jacobians[1]
    tilted = replace(good.certificate, jacobians=jacobians)
    reasons = checked(replace(good, certificate=tilted)).reasons
    assert any("understates" in reason for reason in reasons)


@pytest.mark.parametrize("r", [3, 4, 5])
def test_regular_simplices_exceed_one_above_the_threshold(r: int) -> None:
    # The multipliers of the closed form, for a radius at which they are not optimal any more.
    points = regular_simplex(r)
    centroid = points.mean(axis=0)
    circumradius = float(np.linalg.norm(points[0] - centroid))
    height = circumradius * (r + 1) / r
    rho = 1.001 * equilateral.threshold(r) * height / 2
    u = (points - centroid) / circumradius
    k = 2 / (height - 2 * rho)
    outer = u[:, :, None] * u[:, None, :]
    across = (1 + k * rho - k * circumradius) / (r - 1)
    jacobians = (-1 - k * rho) * outer + across * (np.eye(r) - outer)
    interval = Dual(points, np.full(r + 1, rho), k * u, jacobians).interval()
    assert interval.lower > 1 + 1e-7


@pytest.mark.parametrize("r", [3, 4])
def test_affine_data_have_cost_zero(r: int) -> None:
    problem = denoising(np.vstack([np.zeros(r), np.eye(r)]), radius=0.0)
    flat = ShallowNetwork(np.zeros((0, r)), np.zeros((0, r)), np.zeros(0), np.eye(r), np.zeros(r))
    certificate = corner(r).certificate
    assert certificate is not None
    nothing = replace(
        certificate,
        values=0 * certificate.values,
        jacobians=0 * certificate.jacobians,
        lower_bound=0.0,
        pricing_maximum=0.0,
    )
    assert verify(problem, flat, nothing, cost=0.0).passed


# ---------------------------------------------------------------- brute force


@pytest.mark.parametrize("kind", ["balls", "mixed", "tight"])
@pytest.mark.parametrize(("r", "seed"), [(3, 0), (3, 1), (3, 2), (3, 3), (4, 4), (4, 5)])
def test_no_hinge_exceeds_the_interval_and_some_hinge_attains_it(
    kind: str, r: int, seed: int
) -> None:
    dual = Dual.random(seed, r, kind, outputs=1 + seed % (r + 1))
    interval = dual.interval()
    found = dual.search(np.random.default_rng(seed), count=100_000, starts=4)
    assert found <= interval.upper * (1 + 1e-9)
    assert found >= interval.lower * (1 - 1e-7)
    assert interval.upper - interval.lower <= 2e-12 * interval.upper


@pytest.mark.parametrize("seed", range(3))
def test_nearly_symmetric_simplices(seed: int) -> None:
    # Eigenvalues nearly coincide, and gradients are nearly orthogonal to their eigenspaces.
    rng = np.random.default_rng(seed)
    dual = Dual.of(below_threshold(3, 0.9))
    size = 10.0 ** (-2 - 2 * seed)
    values = dual.values + size * rng.normal(size=dual.values.shape)
    jacobians = dual.jacobians + size * rng.normal(size=dual.jacobians.shape)
    dual = replace(dual, values=values, jacobians=jacobians).projected()
    interval = dual.interval()
    found = dual.search(rng, count=3_000, starts=60)
    assert interval.lower * (1 - 1e-9) <= found <= interval.upper * (1 + 1e-9)


@pytest.mark.parametrize("tilt", [0.0, 1.0])
def test_fewer_sites_than_the_hull_has_dimensions(tilt: float) -> None:
    # The last two centers are samples without multipliers.  The Jacobian multipliers of the three
    # balls may or may not act across the plane of the balls.
    rng = np.random.default_rng(5)
    dual = Dual.random(5, 4, "balls")
    dual.radii[3:] = 0.0
    dual.values[3:], dual.jacobians[3:] = 0.0, 0.0
    axes, _ = np.linalg.qr((dual.centers[1:3] - dual.centers[0]).T)
    jacobians = dual.jacobians @ (axes @ axes.T)
    change = tilt * rng.normal(size=(4, 4))
    change -= change @ axes @ axes.T
    jacobians[0] += change
    jacobians[1] -= change
    three = Dual(dual.centers[:3], dual.radii[:3], dual.values[:3], jacobians[:3]).projected()
    whole = Dual(
        dual.centers,
        dual.radii,
        np.vstack([three.values, dual.values[3:]]),
        np.concatenate([three.jacobians, dual.jacobians[3:]]),
    )
    interval = whole.interval()
    found = three.search(rng, count=100_000, starts=4)
    assert interval.lower * (1 - 1e-7) <= found <= interval.upper * (1 + 1e-9)


def test_samples_and_inner_balls_without_multipliers_do_not_count() -> None:
    dual = Dual.random(1, 3, "balls")
    inner = dual.centers[:2] + 0.3 * dual.radii[:2, None] / np.sqrt(3)
    more = Dual(
        np.vstack([dual.centers, inner, np.random.default_rng(0).normal(size=(50, 3))]),
        np.concatenate([dual.radii, 0.5 * dual.radii[:2], np.zeros(50)]),
        np.vstack([dual.values, np.zeros((52, 3))]),
        np.concatenate([dual.jacobians, np.zeros((52, 3, 3))]),
    )
    assert more.interval().upper == pytest.approx(dual.interval().upper, rel=1e-12)


# ---------------------------------------------------------------- the plane, other coordinates


@pytest.mark.parametrize("kind", ["balls", "mixed", "tight"])
@pytest.mark.parametrize("seed", range(10))
def test_triangles_agree_with_the_enclosure_in_the_plane(kind: str, seed: int) -> None:
    given = Dual.random(seed, 2, kind, outputs=1 + seed % 4)
    dual = close_dual(given.centers, np.zeros((3, 1)), given.radii, given.values, given.jacobians)
    enclosure = pricing_interval(dual)
    lower, upper = face_interval(given.centers, given.radii, given.values, given.jacobians)
    assert lower * (1 + WIDTH) <= upper <= lower * (1 + 3 * WIDTH)
    assert enclosure.lower * (1 - 1e-13) <= lower <= enclosure.upper * (1 + 1e-13)


@pytest.mark.parametrize("name", ["random", "mixed", "regular", "orthogonal"])
@pytest.mark.parametrize("r", [3, 4, 5])
def test_the_interval_does_not_depend_on_the_coordinates(name: str, r: int) -> None:
    dual = {
        "random": lambda: Dual.random(r, r, "balls"),
        "mixed": lambda: Dual.random(r, r, "mixed"),
        "regular": lambda: Dual.of(below_threshold(r, 0.7)),
        "orthogonal": lambda: Dual.of(corner(r)),
    }[name]()
    expected = dual.interval().lower
    rng = np.random.default_rng(r)
    for _ in range(3):
        assert dual.moved(rng).interval().lower == pytest.approx(expected, rel=1e-12)


# ---------------------------------------------------------------- what is refused


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


# ---------------------------------------------------------------- more sites than a simplex has


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


# ---------------------------------------------------------------- in exact arithmetic


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
