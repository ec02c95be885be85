"""The pricing maximum of few sites in three and more dimensions, face by face.

Solvers find the local maxima on a face by an eigendecomposition and the secular equation.  This
module shares nothing with them: it takes *all* stationary points of every face from the eigenvalues
of a linearised quadratic pencil, keeps those that are feasible and evaluates the hinges they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from convexden.errors import UnsupportedProblem
from convexden.verification.sign_patterns import ON, sign_patterns

Array = NDArray[np.float64]
Integers = NDArray[np.intp]

# Relative width of the interval.  Rotations and permutations of random, symmetric and nearly
# symmetric simplices in 3 to 5 dimensions were seen to move the maximum by up to 2.4e-14, and for
# triangles it leaves the enclosures of the plane by up to 5e-15.
WIDTH = 1e-12
# Most faces of a simplex: those of 11 sites.
MOST_FACES = 2_093_058
# Numbers held at a time while faces are computed.
CHUNK = 2_000_000
# Eigenvalues that differ by less (relative to the largest) count as one in the hard case.
CLUSTER = 1e-9
# Newton steps towards a stationary point, and the longest of them.
STEPS, LONGEST = 6, 0.5


def face_interval(
    centers: Array, radii: Array, values: Array, jacobians: Array, touch: float
) -> tuple[float, float]:
    r"""Interval for :math:`P = \max |\sum_n D_n (l_n z_n + G_n w)|` of few sites.

    A *face* is a pattern D and a nonempty set T of sites to which the hinge is tangent,
    :math:`z_n = s_n r_n` with :math:`s_n = 2 D_n - 1`.  With a pivot p in T the bias is
    :math:`b = s_p r_p - w^T y_p`, the other tangencies are linear equations in w, and with
    :math:`|w| = 1` they leave the sphere :math:`w = c + R E u`, :math:`|u| = 1`, on which
    :math:`\sum_n D_n (l_n z_n + G_n w) = A u + g`.  A maximum over all feasible hinges lies in the
    relative interior of a face, so that it is stationary there:

    .. math:: (H - \mu I) u = -g_0, \quad |u| = 1, \quad H = A^T A, \quad g_0 = A^T g.

    The :math:`\mu` are real eigenvalues of ``[[H, -g0 g0'], [-I, H]]`` (Gander, Golub, von Matt
    1989; Adachi, Iwata, Nakatsukasa, Takeda 2017), unless :math:`g_0` is orthogonal to an
    eigenspace of H.  There the points :math:`u = -(H - \mu I)^+ g_0 \pm t v` are added for every
    eigenvector v; in an eigenspace of more dimensions the value does not depend on v, and a
    feasible v is either among these or can be moved to a smaller face.  Every point is improved by
    Newton's method on the sphere and counts with the value of its hinge if that is feasible;
    complex eigenvalues are tried, too, by their real parts.

    The lower end is attained, up to rounding.  The upper end exceeds it by `WIDTH` (relative): it
    is *not* a rigorous enclosure but the result of an exhaustive second computation.

    Parameters
    ----------
    centers : (N, k) array
        In units of their spread.
    radii, values, jacobians : arrays (N,), (N, p), (N, p, k)
        Multipliers satisfy the dual equalities: D and 1 - D have the same value.
    touch : float
        By how much a hinge may enter a ball and still count as feasible.

    Returns
    -------
    lower, upper : float

    Raises
    ------
    UnsupportedProblem
        If the sites are too many.
    """
    _check(centers)
    faces = _Faces(centers, radii, values, jacobians, touch)
    best = 0.0
    # Small spheres come first: what they attain rules most of the large ones out.
    for size in range(min(centers.shape), 0, -1):
        best = faces.best(size, best)
    return best, best * (1.0 + WIDTH)


def _check(centers: Array) -> None:
    count, dimension = centers.shape
    faces = (2 ** (count - 1) - 1) * (2**count - 2) if count <= dimension + 1 else 0
    if faces > MOST_FACES:
        raise UnsupportedProblem(
            f"{count} sites that span {count - 1} dimensions: their pricing has {faces} faces, it "
            f"is verified for up to {MOST_FACES}"
        )


def _in_hull(centers: Array) -> Array:
    """Coordinates of the centres in their affine hull."""
    shifted = centers - centers.mean(axis=0)
    _, sizes, axes = np.linalg.svd(shifted, full_matrices=False)
    coordinates: Array = shifted @ axes[sizes > ON * sizes[0]].T
    return coordinates


class _Faces:
    """The sites, and what the faces have in common."""

    def __init__(
        self, centers: Array, radii: Array, values: Array, jacobians: Array, touch: float
    ) -> None:
        count = len(centers)
        self.radii = radii
        self.reach = radii - touch
        self.codes = sign_patterns(_in_hull(centers))  # the last site is always inactive
        self.bits = np.int64(1) << np.arange(count, dtype=np.int64)
        self.patterns = (self.codes[:, None] & self.bits) != 0
        self.signs = np.where(self.patterns, 1.0, -1.0)
        self.offsets = centers - centers[:, None]  # [p, n]: y_n - y_p
        terms = values[:, :, None] * self.offsets[:, :, None, :] + jacobians
        self.forms = np.einsum("an,qnpd->qapd", self.patterns.astype(float), terms, optimize=True)
        self.slopes = self.patterns @ values

    def best(self, size: int, best: float) -> float:
        """The largest value on the faces of this many tangent sites, if it exceeds `best`."""
        count, dimension = len(self.radii), self.offsets.shape[2]
        tangent: Integers = np.array(list(combinations(range(count), size)), dtype=np.intp)
        pivots = tangent[:, 0]
        edges = self.offsets[pivots[:, None], tangent[:, 1:]]
        # Coordinates in which the tangencies fix the first size - 1 components of w.
        axes, triangles = _complete_qr(edges.transpose(0, 2, 1))
        # The hinges tangent to dependent sites are those tangent to some independent ones of them.
        diagonal = np.abs(np.diagonal(triangles, axis1=1, axis2=2))
        independent = (diagonal > ON).all(axis=1)
        tangent, pivots = tangent[independent], pivots[independent]
        axes, triangles = axes[independent], triangles[independent]
        free = dimension - size + 1
        outputs = self.slopes.shape[1]
        each = max(4 * free * (free + count + outputs), dimension * (count + outputs))
        step = max(1, CHUNK // each)
        for sides in product((False, True), repeat=size):
            # Of the two patterns of a hinge through a sample one is enough.
            samples = self.radii[tangent] == 0
            t = np.flatnonzero(~(samples & np.array(sides)).any(axis=1))
            heights = np.where(sides, 1.0, -1.0) * self.radii[tangent[t]]
            fixed = _solve_lower(triangles[t], heights[:, 1:] - heights[:, :1])
            length = np.linalg.norm(fixed, axis=1)
            # Beyond 1 there is rounding at most: what is left of the balls decides below.
            exists = length < 1.0 + 1e-9
            t, heights, length = t[exists], heights[exists], length[exists]
            fixed = fixed[exists] / np.maximum(length, 1.0)[:, None]
            radius = np.sqrt((1.0 - np.minimum(length, 1.0)) * (1.0 + np.minimum(length, 1.0)))
            offsets = self.offsets[pivots[t]] @ axes[t]
            middle = _apply(offsets[:, :, : size - 1], fixed) + heights[:, :1]
            swing = radius[:, None, None] * offsets[:, :, size - 1 :]
            for i, a in self._matches(tangent[t], sides, middle, swing, step):
                own, u = t[i], pivots[t[i]]
                forms = self.forms[u, a] @ axes[own]
                g = _apply(forms[:, :, : size - 1], fixed[i]) + self.slopes[a] * heights[i, :1]
                spheres = _Spheres(
                    radius[i, None, None] * forms[:, :, size - 1 :],
                    g,
                    self.signs[a, :, None] * swing[i],
                    self.signs[a] * middle[i] - self.reach,
                )
                best = spheres.best(best)
        return best

    def _matches(
        self, tangent: Integers, sides: tuple[bool, ...], middle: Array, swing: Array, step: int
    ) -> Iterator[tuple[Integers, Integers]]:
        """Spheres with patterns for which every site has room on its side somewhere on the sphere,
        a chunk at a time."""
        spread = np.linalg.norm(swing, axis=2)
        sides_up = np.array(sides)
        up, down = middle + spread >= self.reach, spread - middle >= self.reach
        np.put_along_axis(up, tangent, np.broadcast_to(sides_up, tangent.shape), axis=1)
        np.put_along_axis(down, tangent, np.broadcast_to(~sides_up, tangent.shape), axis=1)
        never, always = ~up @ self.bits, ~down @ self.bits
        wide = max(1, CHUNK // len(self.codes))
        for start in range(0, len(tangent), wide):
            rows = slice(start, start + wide)
            clash = (self.codes & never[rows, None]) | (~self.codes & always[rows, None])
            spheres, patterns = np.nonzero(clash == 0)
            for first in range(0, len(spheres), step):
                chunk = slice(first, first + step)
                yield start + spheres[chunk], patterns[chunk]


@dataclass(frozen=True, eq=False)
class _Spheres:
    """Functions |A u + g| on unit spheres, where B u + e >= 0 in every component."""

    A: Array  # (F, p, k)
    g: Array  # (F, p)
    B: Array  # (F, N, k)
    e: Array  # (F, N)

    def best(self, best: float) -> float:
        """The largest value at a feasible stationary point, if it exceeds `best`."""
        ceiling = np.linalg.norm(self.g, axis=1) + np.linalg.norm(self.A, axis=(1, 2))
        live = ceiling > best
        if not live.any():
            return best
        A, g, B, e = self.A[live], self.g[live], self.B[live], self.e[live]
        u = _stationary_points(A.transpose(0, 2, 1) @ A, _apply(A.transpose(0, 2, 1), g))
        feasible = (B @ u + e[:, :, None] >= 0.0).all(axis=1)
        found = np.linalg.norm(A @ u + g[:, :, None], axis=1)
        return max(best, float(found[feasible].max(initial=0.0)))


def _stationary_points(hessian: Array, gradient: Array) -> Array:
    """Points u (F, k, 4 k) on the sphere, among them all with H u + g0 = mu u.

    Of the others nothing but their length is known.
    """
    k = gradient.shape[1]
    scale = np.maximum(np.linalg.norm(hessian, axis=(1, 2)), np.linalg.norm(gradient, axis=1))
    scale = np.where(scale > 0.0, scale, 1.0)
    hessian, gradient = hessian / scale[:, None, None], gradient / scale[:, None]
    pencil = np.empty((len(gradient), 2 * k, 2 * k))
    pencil[:, :k, :k] = pencil[:, k:, k:] = hessian
    pencil[:, :k, k:] = -gradient[:, :, None] * gradient[:, None, :]
    pencil[:, k:, :k] = -np.eye(k)
    mu = np.linalg.eigvals(pencil).real
    sizes, basis = np.linalg.eigh(hessian)
    slopes = _apply(basis.transpose(0, 2, 1), gradient)

    # In the eigenbasis of H, one column per point.
    sizes, slopes = sizes[:, :, None], slopes[:, :, None]
    regular = -slopes / _away_from_zero(sizes - mu[:, None, :])
    gaps = sizes - sizes.transpose(0, 2, 1)
    apart = np.abs(gaps) > CLUSTER
    hard = np.where(apart, -slopes / np.where(apart, gaps, 1.0), 0.0)
    rest = np.sqrt(np.maximum(0.0, 1.0 - (hard**2).sum(axis=1)))[:, None, :] * np.eye(k)
    points = _unit(np.concatenate([regular, hard + rest, hard - rest], axis=2))
    found: Array = basis @ _newton(sizes, slopes, points)
    return found


def _newton(sizes: Array, slopes: Array, points: Array) -> Array:
    """Newton's method on the sphere for diagonal H; a point stays where it does not help."""
    moment, residual = _residual(sizes, slopes, points)
    norm = np.linalg.norm(residual, axis=1)
    for _ in range(STEPS):
        inverse = 1.0 / _away_from_zero(sizes - moment)
        bent = (points**2 * inverse).sum(axis=1, keepdims=True)
        shift = (points * residual * inverse).sum(axis=1, keepdims=True) / _away_from_zero(bent)
        step = (points * shift - residual) * inverse
        tried = _unit(points + step)
        moment_tried, residual_tried = _residual(sizes, slopes, tried)
        norm_tried = np.linalg.norm(residual_tried, axis=1)
        better = (norm_tried < norm) & (np.linalg.norm(step, axis=1) < LONGEST)
        points = np.where(better[:, None, :], tried, points)
        residual = np.where(better[:, None, :], residual_tried, residual)
        moment = np.where(better[:, None, :], moment_tried, moment)
        norm = np.where(better, norm_tried, norm)
    return points


def _residual(sizes: Array, slopes: Array, points: Array) -> tuple[Array, Array]:
    """The best mu of every point and H u + g0 - mu u."""
    force = sizes * points + slopes
    moment = (points * force).sum(axis=1, keepdims=True)
    return moment, force - moment * points


def _away_from_zero(numbers: Array) -> Array:
    return np.where(np.abs(numbers) < 1e-30, 1e-30, numbers)


def _unit(points: Array) -> Array:
    """Columns divided by their lengths; the first axis where there is none."""
    largest = np.abs(points).max(axis=1, keepdims=True)
    first = np.eye(points.shape[1])[:, :1]
    points = np.where(largest > 0.0, points, first) / np.where(largest > 0.0, largest, 1.0)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _apply(matrices: Array, vectors: Array) -> Array:
    product: Array = (matrices @ vectors[:, :, None])[:, :, 0]
    return product


def _complete_qr(matrices: Array) -> tuple[Array, Array]:
    """Orthogonal Q (F, d, d) and the triangular R (F, m, m) of matrices (F, d, m), m <= d."""
    count, d, m = matrices.shape
    if m == 0:
        return np.tile(np.eye(d), (count, 1, 1)), np.zeros((count, 0, 0))
    q, r = np.linalg.qr(matrices, mode="complete")
    return q, r[:, :m]


def _solve_lower(triangles: Array, right: Array) -> Array:
    """Solve R' x = b for upper triangular R (F, m, m)."""
    x = np.zeros_like(right)
    for i in range(right.shape[1]):
        known = (triangles[:, :i, i] * x[:, :i]).sum(axis=1)
        x[:, i] = (right[:, i] - known) / triangles[:, i, i]
    return x
