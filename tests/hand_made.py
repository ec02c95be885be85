"""Exact solutions made by hand, in units and positions of all kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.certificate import Certificate
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.verification import Verification, verify_certificate

Array = NDArray[np.float64]


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


OBTUSE = rays(np.array([[1.0, 0.0], [-0.4, 1.0]]), np.array([1.0, 1.6]), 0.2)


CROSS = rays(np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]]), np.array([1.0, 0.8, 2, 1]), 0.3)


THREE = rays(np.array([[1.0, 0], [-0.5, 0.8], [-0.5, -0.9]]), np.array([1.0, 3.0, 1.5]), 0.1)


TRIANGLE = equilateral(0.3)


def assert_verified(solution: Solution) -> Verification:
    result = verify_certificate(solution, tolerance=1e-9)
    assert result.passed, str(result)
    assert result.reasons == ()
    return result
