"""Multipliers of sites in space, and closed forms that have some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from convexden.data import regular_simplex
from convexden.theorems import equilateral
from convexden.theorems._claims import ClosedForm
from convexden.verification.exact.dual import close_dual
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
