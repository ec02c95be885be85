"""The hinges that saturate the dual constraint: isolated ones, and families of them.

Everything is in the coordinates of the reduced problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.float64 import EPS
from convexden.certificate import Certificate
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.reduction import Reduction
from convexden.tolerances import DEPENDENT_RTOL, NEAR_HINGE_RTOL, SATURATED_RTOL, TOUCH_RTOL

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SaturationSettings:
    """Parameters of the hinges at which the dual constraint is saturated."""

    floor: float = 0.5
    """Local maxima of the dual constraint below this are not listed."""

    small_share: float = 0.1
    """Share of its radius within which a hinge touches a ball that is hardly larger than
    `TOUCH_RTOL`."""

    turn: float = 1e-2
    """Angle, rad, by which a hinge is turned to see whether it saturates alone."""

    shift: float = 1e-6
    """Distance, in spreads, by which it is shifted at least to see that."""

    step: float = 1e-3
    """Step of second differences of the constraint, rad: they lose the square of it in digits."""

    members: int = 6
    """Members of a family that are looked at, all of which have to saturate."""


SETTINGS = SaturationSettings()


@dataclass(frozen=True, eq=False)
class Hinges:
    """Hinges {w.y + b = 0}: unit normals (K, d) and biases (K,)."""

    normals: Array
    biases: Array

    __repr__ = display.field_line

    @classmethod
    def of(cls, reduction: Reduction, network: ShallowNetwork) -> Hinges:
        """The hinges of a network, in the coordinates of the reduced problem."""
        network = network.canonical()
        biases = network.biases + network.input_weights @ reduction.input_origin
        normals = network.input_weights @ reduction.input_basis.T
        lengths = np.linalg.norm(normals, axis=1)
        across = lengths > NEAR_HINGE_RTOL  # those that the centers see
        scale = lengths[across] * reduction.input_scale
        return cls(normals[across] / lengths[across, None], biases[across] / scale)

    def __len__(self) -> int:
        """The number of hinges."""
        return len(self.biases)

    def offsets(self, problem: Interpolation) -> Array:
        """Z (K, N); 0 at the samples that a hinge passes through."""
        z: Array = self.normals @ problem.centers.T + self.biases[:, None]
        return np.where((np.abs(z) < TOUCH_RTOL) & (problem.radii == 0), 0.0, z)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Hinges:
        """Some of them."""
        return Hinges(self.normals[rows], self.biases[rows])

    def distinct(self, problem: Interpolation) -> Hinges:
        """Each once: the same hyperplane with either orientation, unless a ball lies between."""
        kept: list[int] = []
        rows = np.column_stack([self.normals, self.biases])
        sides = self.offsets(problem)[:, problem.radii > 0] > 0
        for k, (row, side) in enumerate(zip(rows, sides, strict=True)):
            known = rows[kept]
            near = np.abs(known - row).max(axis=1) < NEAR_HINGE_RTOL
            near &= (sides[kept] == side).all(axis=1)
            turned = np.abs(known + row).max(axis=1) < NEAR_HINGE_RTOL
            turned &= (sides[kept] != side).all(axis=1)
            if not (near | turned).any():
                kept.append(k)
        return self.take(np.array(kept, dtype=np.intp))

    def and_also(self, problem: Interpolation, *others: Hinges) -> Hinges:
        """These and other hinges, each once on its side of the sites."""
        hinges = [self, *others]
        normals = np.concatenate([each.normals for each in hinges])
        return Hinges(normals, np.concatenate([each.biases for each in hinges])).distinct(problem)


@dataclass(frozen=True, eq=False)
class Family:
    """Hinges shifted by up to `extent`, or turned by up to that angle.

    Turned, a hinge keeps its distance from a pivot, and its normal runs over a circle about
    `center` in a direction `ahead`, which has the length of the circle's radius.
    """

    normal: Array
    bias: float
    extent: float
    center: Array | None = None
    ahead: Array | None = None
    pivot: Array | None = None

    __repr__ = display.field_line

    def members(self, count: int) -> Hinges:
        """Hinges that divide the family evenly, its first and last hinge not among them."""
        t = self.extent * np.arange(1, count + 1)[:, None] / (count + 1)
        if self.center is None or self.ahead is None or self.pivot is None:
            return Hinges(np.repeat(self.normal[None], count, axis=0), self.bias + t[:, 0])
        radial = self.normal - self.center
        normals = self.center + radial * np.cos(t) + self.ahead * np.sin(t)
        return Hinges(normals, self.bias - (normals - self.normal) @ self.pivot)


@dataclass(frozen=True, eq=False)
class DualConstraint:
    """Multipliers in reduced coordinates, on the sites that the pricing needs."""

    problem: Interpolation
    values: Array
    jacobians: Array

    __repr__ = display.field_line

    @classmethod
    def of(cls, reduction: Reduction, certificate: Certificate) -> DualConstraint:
        """Multipliers at a site inside a ball act as if they were the ball's, those of equal
        samples add up, and samples without any do not matter."""
        problem = reduction.problem
        values = reduction.input_scale * certificate.values @ reduction.output_basis.T
        jacobians = reduction.output_basis @ certificate.jacobians_along(reduction.input_basis)
        jacobians[problem.radii == 0] = 0.0
        centers, radii = problem.centers, problem.radii
        kept: list[int] = []
        for n in np.lexsort((np.arange(len(problem)), -radii)):
            steps = centers[n] - centers[kept]
            inside = np.linalg.norm(steps, axis=1) + radii[n] <= radii[kept] * (1 + 4 * EPS)
            if not inside.any():
                kept.append(int(n))
                continue
            owner = kept[int(inside.argmax())]
            values[owner] += values[n]
            jacobians[owner] += jacobians[n] + np.outer(values[n], steps[inside.argmax()])
        needed = np.array(sorted(n for n in kept if radii[n] > 0 or values[n].any()), dtype=int)
        sites = Interpolation(centers[needed], problem.targets[needed], radii[needed])
        return cls(sites, values[needed], jacobians[needed])

    @cached_property
    def _contact(self) -> Array:
        """The distances (N,) within which a hinge touches the sites."""
        radii = self.problem.radii
        return np.where(radii > 0, np.minimum(TOUCH_RTOL, SETTINGS.small_share * radii), TOUCH_RTOL)

    def columns(self, hinges: Hinges) -> Array:
        """The q (K, p) of hinges."""
        z = hinges.offsets(self.problem)
        slopes = np.einsum("kn,npd->kpd", (z > 0).astype(float), self.jacobians)
        return np.maximum(z, 0.0) @ self.values + np.einsum("kpd,kd->kp", slopes, hinges.normals)

    def saturate(self, hinges: Hinges) -> NDArray[np.bool_]:
        """Whether the hinges are feasible and saturate the dual constraint."""
        feasible = np.abs(hinges.offsets(self.problem)) >= self.problem.radii - self._contact
        constraint_values = np.linalg.norm(self.columns(hinges), axis=1)
        saturated: NDArray[np.bool_] = feasible.all(axis=1) & (
            constraint_values >= 1 - SATURATED_RTOL
        )
        return saturated

    def saturating(self, known: Hinges) -> tuple[Hinges, float]:
        """The local maxima and known hinges that saturate the constraint, and the largest of the
        other maxima."""
        from convexden.solvers.pricing.exact import exact_pricing

        pricing = exact_pricing(self.problem)
        priced, constraint_values = pricing.maxima(self.values, self.jacobians, SETTINGS.floor)
        high = constraint_values >= 1 - SATURATED_RTOL
        maxima = Hinges(priced.normals[high], priced.biases[high])
        hinges = maxima.and_also(self.problem, known.take(self.saturate(known)))
        return hinges, float(constraint_values[~high].max(initial=0.0))

    def families(self, hinges: Hinges) -> list[Family]:
        """What the hinges can be shifted or turned into and stay saturated."""
        moves = [*self._shifts(hinges), *self._turns(hinges)]
        return [family for family in moves if self.saturate(family.members(SETTINGS.members)).all()]

    def _shifts(self, hinges: Hinges) -> Iterator[Family]:
        """Shifts to either side, until the hinge meets the next site."""
        radii = self.problem.radii
        z = hinges.offsets(self.problem)
        for k in range(len(hinges)):
            for sense in (1.0, -1.0):
                ahead = (sense * z[k] < 0) & ((radii > 0) | (z[k] != 0))
                room = float((np.abs(z[k]) - radii)[ahead].min(initial=np.inf))
                if SETTINGS.shift < room < np.inf:
                    yield Family(hinges.normals[k], float(hinges.biases[k]), sense * room)

    def tangents(self, hinges: Hinges) -> Iterator[tuple[int, Family]]:
        """Turns of the hinges, by their numbers, that keep all touched sites touched: orthogonal
        directions of each."""
        for k, touched in enumerate(self._touched(hinges)):
            if touched.size:
                circle, free = self._circle(hinges.normals[k], hinges.biases[k], touched)
                yield from ((k, replace(circle, ahead=ahead)) for ahead in free)

    def _turns(self, hinges: Hinges) -> Iterator[Family]:
        """Turns that keep the touched sites touched, or all but one of them: in the directions in
        which the constraint bends most and least."""
        for k, touched in enumerate(self._touched(hinges)):
            for held in (touched, *(np.delete(touched, i) for i in range(len(touched)))):
                if not held.size:
                    continue
                circle, free = self._circle(hinges.normals[k], hinges.biases[k], held)
                for ahead in self._principal(circle, free):
                    yield replace(circle, ahead=ahead)
                    yield replace(circle, ahead=-ahead)

    def _touched(self, hinges: Hinges) -> list[NDArray[np.intp]]:
        """The sites that each hinge touches."""
        depths = np.abs(np.abs(hinges.offsets(self.problem)) - self.problem.radii)
        return [np.flatnonzero(row < self._contact) for row in depths]

    def _circle(self, w: Array, b: float, held: NDArray[np.intp]) -> tuple[Family, Array]:
        """A turn that keeps these sites touched, its direction left open, and its directions."""
        pivot = self.problem.centers[held[0]]
        edges = self.problem.centers[held[1:]] - pivot
        center = np.linalg.pinv(edges) @ (edges @ w) if len(edges) else 0.0 * w
        fixed = np.vstack([edges, w - center])
        free = np.linalg.svd(fixed)[2][np.linalg.matrix_rank(fixed, DEPENDENT_RTOL) :]
        free *= np.linalg.norm(w - center)
        return Family(w, float(b), SETTINGS.turn, center, None, pivot), free

    def _principal(self, circle: Family, free: Array) -> Array:
        """Combinations of directions: those of principal curvature of the dual constraint."""
        count = len(free)
        if count < 2:
            return free

        def constraint_value(direction: Array) -> float:
            """The dual constraint after a small turn."""
            small = replace(circle, ahead=direction, extent=2 * SETTINGS.step).members(1)
            return float(np.linalg.norm(self.columns(small)))

        bends = np.zeros((count, count))
        for i, j in combinations_with_replacement(range(count), 2):
            along = free[i] if i == j else (free[i] + free[j]) / np.sqrt(2)
            bends[i, j] = bends[j, i] = constraint_value(along) + constraint_value(-along)
        for i, j in combinations(range(count), 2):
            bends[i, j] = bends[j, i] = bends[i, j] - (bends[i, i] + bends[j, j]) / 2
        axes = np.linalg.eigh(bends - 2 * constraint_value(0 * free[0]) * np.eye(count))[1]
        principal: Array = axes.T @ free
        return principal
