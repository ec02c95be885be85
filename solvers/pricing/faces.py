r"""Exact pricing in any dimension, for as many sites as span it: simplices.

A maximiser is tangent to some ball, or passes through some sample.  A *face* is an activation
pattern D with a set T of sites that the hinge touches.  On it the bias is eliminated, the normal w
runs over the sphere in an affine subspace, w = c + R E u with |u| = 1, and the dual constraint is a
trust-region problem,

    g^2 = |A u + h|^2,  A = R M E,  h = M c + v,

with M and v as in the plane.  Its local maxima are the global one and at most one more, the
local-nonglobal maximiser (Martinez, SIAM J. Optim. 4, 1994); both count, because the global one may
be infeasible.  The sites of a simplex are independent, so every pattern and every set occurs:
(2^(N-1) - 1)(2^N - 2) faces, which are prepared once and maximised together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from convexden.errors import UnsupportedProblem
from convexden.problem import Interpolation
from convexden.solvers.atoms import Array, Flags, Hinges, Indices, dual_heights, no_hinges
from convexden.solvers.pricing.plane import CONTACT
from convexden.solvers.pricing.trust_region import sphere_maxima

MOST_SITES = 9
_SLACK = 1e-9  # tangency multipliers above minus this count as nonnegative


@dataclass(frozen=True, eq=False)
class _Faces:
    """Faces with equally many touched sites: F of them, of dimension k - 1."""

    patterns: Flags  # (F, N)
    touched: Flags  # (F, N)
    pivots: Indices  # (F,)
    centers: Array  # (F, d), the c above
    bases: Array  # (F, d, k), R E above
    offset: int  # number of the first


class FacePricing:
    """Global and local maxima of the dual constraint over all faces of a simplex.

    Parameters
    ----------
    problem : Interpolation
        With one site more than dimensions, in units of its spread.

    Raises
    ------
    UnsupportedProblem
        If there are more sites than that, or too many faces.
    """

    name = "exact-faces"

    def __init__(self, problem: Interpolation) -> None:
        n, d = problem.centers.shape
        if n != d + 1:
            raise UnsupportedProblem(
                f"{n} sites that span {d} dimensions have no exact solver: give points on a line "
                f"or in a plane, or {d + 1} points that span {d} dimensions"
            )
        if n > MOST_SITES:
            raise UnsupportedProblem(
                f"{n} sites have {(2 ** (n - 1) - 1) * (2**n - 2)} faces: exact pricing looks at "
                f"{MOST_SITES} sites at the most"
            )
        self.problem = problem
        self.faces: list[_Faces] = []
        offset = 0
        for count in range(1, d + 1):
            self.faces.append(_prepare(problem, count, offset))
            offset += len(self.faces[-1].pivots)
        self._touched = np.concatenate([faces.touched for faces in self.faces])
        self._pivots = np.concatenate([faces.pivots for faces in self.faces])
        self._wide = np.repeat(
            [faces.bases.shape[2] > 1 for faces in self.faces],
            [len(faces.pivots) for faces in self.faces],
        )
        patterns = np.concatenate([faces.patterns for faces in self.faces])
        self._numbers = {
            (pattern.tobytes(), touched.tobytes()): number
            for number, (pattern, touched) in enumerate(zip(patterns, self._touched, strict=True))
        }

    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        """Local maxima with g >= min(floor, P), the greatest first, the greatest always."""
        hinges, heights = no_hinges(self.problem), np.zeros(0)
        for faces in reversed(self.faces):
            # A face that cannot reach the floor nor the best so far has nothing to offer.
            found = self._on(faces, values, jacobians, min(floor, heights.max(initial=0.0)))
            hinges = hinges + found
            heights = np.append(heights, dual_heights(self.problem, found, values, jacobians))
        order = np.argsort(-heights, kind="stable")
        kept = order[heights[order] >= min(floor, heights.max(initial=0.0))][:limit]
        hinges, heights = hinges[kept], heights[kept]
        summits = self._summits(hinges, values, jacobians)
        summits[:1] = True
        return hinges[summits], heights[summits]

    def initial(self, count: int) -> Hinges:
        """Hinges to start from: the local maxima for random multipliers."""
        return self.spanning()[:count]

    def spanning(self) -> Hinges:
        """Hinges of every feasible pattern, of as many as make no difference to their span."""
        generator = np.random.default_rng(0)
        n, d = self.problem.centers.shape
        hinges: Hinges | None = None
        for _ in range(2 * d + 2):
            values = generator.standard_normal((n, d))
            values -= values.mean(axis=0)
            jacobians = generator.standard_normal((n, d, d))
            jacobians[self.problem.radii == 0] = 0.0
            balls = max(1, int((self.problem.radii > 0).sum()))
            moment = values.T @ self.problem.centers + jacobians.sum(axis=0)
            jacobians[self.problem.radii > 0] -= moment / balls
            found, _ = self.maxima(values, jacobians, 0.0)
            hinges = found if hinges is None else hinges + found
        assert hinges is not None
        return hinges

    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """Directions (K, d, d - 1) in which the hinges may move on their faces, padded with zero,
        and the centres (K, d) of the spheres on which they do."""
        d = self.problem.input_dimension
        directions, centers = np.zeros((len(hinges), d, d - 1)), np.zeros((len(hinges), d))
        for faces in self.faces:
            mine = np.flatnonzero(
                (hinges.faces >= faces.offset) & (hinges.faces < faces.offset + len(faces.pivots))
            )
            k = faces.bases.shape[2]
            if not mine.size or k == 1:
                continue
            local = hinges.faces[mine] - faces.offset
            centers[mine] = faces.centers[local]
            radial = hinges.normals[mine] - centers[mine]
            radial /= np.linalg.norm(radial, axis=1, keepdims=True)
            bases = faces.bases[local]
            bases = bases / np.linalg.norm(bases, axis=1, keepdims=True)
            # The complement of the radial direction in the subspace of the face.
            inner = np.einsum("fd,fdk->fk", radial, bases)
            left = np.linalg.svd(inner[:, None, :])[2][:, 1:, :]
            directions[mine, :, : k - 1] = np.einsum("fdk,fjk->fdj", bases, left)
        directions[~hinges.free] = 0.0
        return directions, centers

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """The hinges after steps (K, d - 1) in their directions.

        One that would cut a ball goes on to the face on which it touches that ball as well; it may
        still move there, so that none counts as held back.
        """
        directions, centers = self.tangents(hinges)
        step = np.einsum("kdj,kj->kd", directions, steps)
        length = np.linalg.norm(step, axis=1, keepdims=True)
        radial = hinges.normals - centers
        radius = np.linalg.norm(radial, axis=1, keepdims=True)
        ahead = np.divide(step, length, out=np.zeros_like(step), where=length > 0)
        angle = length / radius
        normals = centers + radial * np.cos(angle) + radius * ahead * np.sin(angle)
        moved = self._rebuilt(hinges, hinges.faces, np.where(length > 0, normals, hinges.normals))
        z = moved.offsets(self.problem)
        depth = self.problem.radii - np.where(hinges.patterns, z, -z)
        depth[self._touched[hinges.faces]] = 0.0
        blocked = np.flatnonzero((depth.max(axis=1) > 10 * CONTACT) & hinges.free)
        if blocked.size:
            touched = self._touched[hinges.faces[blocked]].copy()
            touched[np.arange(blocked.size), depth[blocked].argmax(axis=1)] = True
            moved = self._onto(moved, blocked, touched)
        return moved, np.zeros(len(hinges), dtype=bool)

    def _onto(self, hinges: Hinges, which: Indices, touched: Flags) -> Hinges:
        """The hinges with some of them moved on to the faces that touch these sites, if they
        exist."""
        faces, normals = hinges.faces.copy(), hinges.normals.copy()
        for k, sites in zip(which, touched, strict=True):
            number = self._numbers.get((hinges.patterns[k].tobytes(), sites.tobytes()))
            if number is None:
                continue
            group = next(g for g in reversed(self.faces) if g.offset <= number)
            local = number - group.offset
            basis = group.bases[local]
            inside = basis.T @ (normals[k] - group.centers[local])
            size = float(np.linalg.norm(inside))
            if size > 0.0:
                faces[k] = number
                normals[k] = group.centers[local] + basis @ (inside / size)
        return self._rebuilt(hinges, faces, normals)

    def _rebuilt(self, hinges: Hinges, faces: Indices, normals: Array) -> Hinges:
        """The hinges with these normals on these faces, touching their pivots."""
        pivots = self._pivots[faces]
        sides = np.where(hinges.patterns[np.arange(len(hinges)), pivots], 1.0, -1.0)
        biases = sides * self.problem.radii[pivots] - np.sum(
            normals * self.problem.centers[pivots], axis=1
        )
        return replace(
            hinges,
            normals=normals,
            biases=biases,
            pivots=pivots,
            faces=faces,
            free=hinges.free & self._wide[faces],
        )

    def feasible(self, hinges: Hinges) -> Flags:
        """Whether the hinges cut no ball and have the patterns they say."""
        z = hinges.offsets(self.problem)
        signed = np.where(hinges.patterns, z, -z)
        return np.asarray((signed >= self.problem.radii - 10 * CONTACT).all(axis=1))

    def _on(self, faces: _Faces, values: Array, jacobians: Array, floor: float) -> Hinges:
        """The feasible local maxima on these faces, of those that can reach the floor."""
        problem = self.problem
        n, p = values.shape
        d = problem.input_dimension
        active = faces.patterns.astype(float)
        moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
        totals = active @ values
        matrices = (active @ moments.reshape(n, -1)).reshape(-1, p, d)
        matrices -= totals[:, :, None] * problem.centers[faces.pivots][:, None, :]
        sides = np.where(faces.patterns[np.arange(len(active)), faces.pivots], 1.0, -1.0)
        reach = sides * problem.radii[faces.pivots]
        linear = matrices @ faces.bases
        constant = np.einsum("fpd,fd->fp", matrices, faces.centers) + reach[:, None] * totals
        reached = np.linalg.norm(linear, axis=(1, 2)) + np.linalg.norm(constant, axis=1)
        high = np.flatnonzero(reached >= floor)
        owners, points = sphere_maxima(linear[high], constant[high])
        owners = high[owners]
        normals = faces.centers[owners] + np.einsum("fdk,fk->fd", faces.bases[owners], points)
        biases = reach[owners] - np.sum(normals * problem.centers[faces.pivots[owners]], axis=1)
        hinges = Hinges(
            normals,
            biases,
            faces.patterns[owners],
            faces.pivots[owners],
            owners + faces.offset,
            np.full(len(owners), faces.bases.shape[2] > 1),
        )
        return hinges[self.feasible(hinges)]

    def _summits(self, hinges: Hinges, values: Array, jacobians: Array) -> Flags:
        """Whether the multipliers of the touched sites are nonnegative: whether g increases into no
        neighbouring face of the same pattern."""
        problem = self.problem
        if not len(hinges):
            return np.zeros(0, dtype=bool)
        active = hinges.patterns.astype(float)
        z = hinges.offsets(problem)
        moments = (values[:, :, None] * problem.centers[:, None, :] + jacobians).reshape(
            len(problem), -1
        )
        matrices = (active @ moments).reshape(len(hinges), values.shape[1], -1)
        totals = active @ values
        slopes = (active @ jacobians.reshape(len(problem), -1)).reshape(matrices.shape)
        column = (active * z) @ values + np.einsum("kpd,kd->kp", slopes, hinges.normals)
        gradient = np.concatenate(
            [np.einsum("kpd,kp->kd", matrices, column), np.sum(totals * column, axis=1)[:, None]],
            axis=1,
        )
        passed = np.ones(len(hinges), dtype=bool)
        sites = np.column_stack([problem.centers, np.ones(len(problem))])
        touched = self._touched[hinges.faces]
        for count in np.unique(touched.sum(axis=1)):
            mine = np.flatnonzero(touched.sum(axis=1) == count)
            members = np.nonzero(touched[mine])[1].reshape(mine.size, count)
            signs = np.where(np.take_along_axis(hinges.patterns[mine], members, axis=1), 1.0, -1.0)
            sphere = np.column_stack([hinges.normals[mine], np.zeros(mine.size)])
            system = np.concatenate(
                [-signs[:, :, None] * sites[members], sphere[:, None, :]], axis=1
            ).transpose(0, 2, 1)
            solved = np.linalg.pinv(system) @ gradient[mine][:, :, None]
            passed[mine] = (solved[:, :count, 0] >= -_SLACK).all(axis=1)
        return passed


def _prepare(problem: Interpolation, count: int, offset: int) -> _Faces:
    """The faces with `count` touched sites; site 0 is on the active side of every pattern."""
    n = len(problem)
    patterns = np.array(list(np.ndindex(*(2,) * (n - 1))), dtype=bool)[:-1]
    patterns = np.column_stack([np.ones(len(patterns), dtype=bool), patterns])
    parts: list[tuple[Flags, Flags, Indices, Array, Array]] = []
    for members in combinations(range(n), count):
        chosen = np.array(members)
        edges = problem.centers[chosen[1:]] - problem.centers[chosen[0]]
        basis = np.linalg.qr(edges.T, mode="complete")[0]
        along, across = basis[:, : count - 1], basis[:, count - 1 :]
        signed = np.where(patterns[:, chosen], 1.0, -1.0) * problem.radii[chosen]
        # w.(y_m - y_p) = s_m r_m - s_p r_p has the solution c of least norm.
        right = signed[:, 1:] - signed[:, :1]
        coordinates = np.linalg.solve((edges @ along), right.T).T if count > 1 else right
        centers = coordinates @ along.T
        height = 1.0 - np.sum(centers**2, axis=1)
        met = np.flatnonzero(height >= 0.0)
        bases = np.sqrt(height[met])[:, None, None] * across[None]
        touched = np.zeros((met.size, n), dtype=bool)
        touched[:, chosen] = True
        parts.append((patterns[met], touched, np.full(met.size, chosen[0]), centers[met], bases))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return _Faces(columns[0], columns[1], columns[2], columns[3], columns[4], offset)
