"""The pricing maximum of few sites in three and more dimensions, face by face.

It shares nothing with the solvers.  They ask where the function is largest on a face; this module
proves of nearly every face that nothing on it exceeds what is attained elsewhere (`sphere_maxima`),
and computes *all* stationary points of the few that are left (`stationary_points`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from convexden.errors import UnsupportedProblem
from convexden.verification.sign_patterns import ON, sign_patterns
from convexden.verification.sphere_maxima import Spheres

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


def face_interval(
    centers: Array, radii: Array, values: Array, jacobians: Array, touch: float
) -> tuple[float, float]:
    r"""Interval for :math:`P = \max |\sum_n D_n (l_n z_n + G_n w)|` of few sites.

    A *face* is a pattern D and a nonempty set T of sites to which the hinge is tangent,
    :math:`z_n = s_n r_n` with :math:`s_n = 2 D_n - 1`.  With a pivot p in T the bias is
    :math:`b = s_p r_p - w^T y_p`, the other tangencies are linear equations in w, and with
    :math:`|w| = 1` they leave the sphere :math:`w = c + R E u`, :math:`|u| = 1`, on which
    :math:`\sum_n D_n (l_n z_n + G_n w) = A u + g`.  A maximum over all feasible hinges lies in the
    relative interior of a face, so that it is a local maximum on the sphere: the global one or the
    only one that is not (Martinez, SIAM J. Optim. 4, 1994).

    A face is settled if weak duality bounds its sphere by the largest value attained so far, or if
    both maxima are infeasible by more than the errors of their computation, or attained; its
    stationary points are computed by other means if none of this is clear.  In memory there is a
    bounded number of faces at a time.

    The lower end is attained, up to rounding.  The upper end exceeds it by `WIDTH` (relative).  In
    exact arithmetic it is a bound; rounding is allowed for by estimates to first order, not by
    intervals, and faces that are not settled rest on their computed stationary points.

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
    scale = max(float(np.abs(values).max()), float(np.abs(jacobians).max()))
    if scale == 0.0:
        return 0.0, 0.0
    faces = _Faces(centers, radii, values / scale, jacobians / scale, touch)
    best = 0.0
    # Small spheres come first: what they attain rules most of the large ones out.
    for size in range(min(centers.shape), 0, -1):
        best = faces.best(size, best)
    return best * scale, best * scale * (1.0 + WIDTH)


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
                spheres = Spheres(
                    radius[i, None, None] * forms[:, :, size - 1 :],
                    g,
                    self.signs[a, :, None] * swing[i],
                    self.signs[a] * middle[i] - self.reach,
                )
                best = spheres.best(best, WIDTH)
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
