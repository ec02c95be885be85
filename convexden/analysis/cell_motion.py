r"""The motion :math:`\dot y = h(y) - y` inside of cells, in closed form and many at a time.

On a cell h is affine, so :math:`\dot y = M y + c` with :math:`M = J - I`.  From a point with
velocity v the motion is :math:`y(t) = y + \varphi(t M)\, t v`, :math:`\varphi(x) = (e^x - 1) / x`:
a sum of exponentials in the eigenvectors of M, or, where these are nearly dependent, the power
series of the matrix exponential on times so short that its remainder is rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from convexden.network import ShallowNetwork
from convexden.tolerances import DEPENDENT_RTOL, TOUCH_ROUNDING

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Indices = NDArray[np.intp]
Active = NDArray[np.bool_]

# Condition number of eigenvectors: above, their exponentials lose more than three of 16 digits.
WORST_CONDITION = 1e3
# Terms of the power series: on times up to 1 / |M| the rest is below 1 / 19! = 8e-18 of the motion.
TERMS = 18


class Motion(Protocol):
    """Motions of m points, each in its cell, as functions of their own times t (n,) since then.

    `rows` (n,) says which of the points are meant.  Heights are those of the K hinges.
    """

    end: Array  # (m,) times up to which the closed form holds
    scale: Array  # (m,) times in which the motion changes

    def position(self, rows: Indices, t: Array) -> Array:
        """The points (n, r)."""

    def heights(self, rows: Indices, t: Array) -> tuple[Array, Array]:
        """The changes (n, K) of w.y + b since time 0, and their derivatives."""

    def curvature(self, rows: Indices, t: Array, until: Array) -> Array:
        """Bounds (n, K) on the second derivatives of the heights between t and `until`."""

    def decays(self, rows: Indices) -> Active:
        """Whether all that moves decays (n,), so that there is a limit."""

    def remaining(self, rows: Indices, t: Array) -> Array:
        """Bounds (n, K) on the changes of the heights after t, if the motion decays."""

    def limit(self, row: int) -> Array:
        """Where a motion that decays would end (r,), were its cell not to end."""


class CellMaps:
    """The cells that points have been in: their affine maps and eigenvectors, computed once.

    Attributes
    ----------
    network : ShallowNetwork
        From r coordinates to themselves.
    active : (n, K) array of bool
        The neurons that are active in each cell.
    matrices, shifts : (n, r, r) and (n, r) arrays
        The M and c.
    values, vectors, inverses : (n, r), (n, r, r), (n, r, r) complex arrays
        Eigenvalues of M, its eigenvectors as columns and their inverse.
    simple : (n,) array of bool
        Whether the eigenvectors are well conditioned.
    stable : (n,) array of bool
        Whether all eigenvalues have negative real parts.
    """

    def __init__(self, network: ShallowNetwork) -> None:
        """Begin without cells."""
        k, r = network.input_weights.shape
        self.network = network
        self._products = np.einsum(
            "kp,kd->kpd", network.output_weights, network.input_weights
        ).reshape(k, r * r)
        self._numbers: dict[bytes, int] = {}
        self.active: Active = np.zeros((0, k), dtype=bool)
        self.matrices: Array = np.zeros((0, r, r))
        self.shifts: Array = np.zeros((0, r))
        self.values: Complex = np.zeros((0, r), dtype=complex)
        self.vectors: Complex = np.zeros((0, r, r), dtype=complex)
        self.inverses: Complex = np.zeros((0, r, r), dtype=complex)
        self.simple: Active = np.zeros(0, dtype=bool)
        self.stable: Active = np.zeros(0, dtype=bool)

    def find(self, active: Active) -> Indices:
        """The numbers (m,) of the cells in which these neurons (m, K) are active."""
        rows = np.packbits(active, axis=1)
        found = np.empty(len(active), dtype=np.intp)
        new = []
        for i, row in enumerate(rows):
            key = row.tobytes()
            number = self._numbers.get(key)
            if number is None:
                number = self._numbers[key] = len(self._numbers)
                new.append(i)
            found[i] = number
        if new:
            self._add(active[new])
        return found

    def _add(self, active: Active) -> None:
        """Compute what is kept of new cells."""
        network = self.network
        r = network.input_dimension
        matrices = (active @ self._products).reshape(-1, r, r) + network.skip - np.eye(r)
        values, vectors = (part.astype(complex) for part in np.linalg.eig(matrices))
        with np.errstate(all="ignore"):
            simple = np.linalg.cond(vectors) <= WORST_CONDITION
        inverses = np.linalg.inv(np.where(simple[:, None, None], vectors, np.eye(r)))
        self.active = np.concatenate([self.active, active])
        self.matrices = np.concatenate([self.matrices, matrices])
        shifts = network.offset + (active * network.biases) @ network.output_weights
        self.shifts = np.concatenate([self.shifts, shifts])
        self.values = np.concatenate([self.values, values])
        self.vectors = np.concatenate([self.vectors, vectors])
        self.inverses = np.concatenate([self.inverses, inverses])
        self.simple = np.concatenate([self.simple, simple])
        self.stable = np.concatenate([self.stable, values.real.max(axis=1) < -DEPENDENT_RTOL])

    def velocities(self, points: Array, cells: Indices) -> Array:
        """The h(y) - y (m, r), h being the affine map of the cell of every point (m, r)."""
        network = self.network
        hidden = (points @ network.input_weights.T + network.biases) * self.active[cells]
        return hidden @ network.output_weights + points @ network.skip.T + network.offset - points

    def motions(self, points: Array, cells: Indices, size: float) -> list[tuple[Indices, Motion]]:
        """The motions of points (m, r) in their cells: the rows of each kind, and their motion."""
        speeds = self.velocities(points, cells)
        found: list[tuple[Indices, Motion]] = []
        for simple in (True, False):
            rows = np.flatnonzero(self.simple[cells] == simple)
            if rows.size:
                kind = Exponentials if simple else PowerSeries
                found.append((rows, kind(self, points[rows], cells[rows], speeds[rows], size)))
        return found

    def advance(self, points: Array, cells: Indices, t: Array, size: float) -> Array:
        """Where points (m, r) are after times t (m,), were their cells not to end."""
        from scipy.linalg import expm

        found = np.empty_like(points)
        for rows, motion in self.motions(points, cells, size):
            everyone = np.arange(len(rows))
            if isinstance(motion, Exponentials):
                found[rows] = motion.position(everyone, t[rows])
                continue
            r = points.shape[1]  # the integral of exp(M t) v is a corner of exp [[M, v], [0, 0]] t
            extended = np.zeros((len(rows), r + 1, r + 1))
            extended[:, :r, :r] = self.matrices[cells[rows]]
            extended[:, :r, r] = self.velocities(points[rows], cells[rows])
            found[rows] = points[rows] + expm(extended * t[rows, None, None])[:, :r, r]
        return found

    def rest(self, cell: int) -> Array:
        """The point (r,) at which the motion of a stable cell would end."""
        return np.linalg.solve(self.matrices[cell], -self.shifts[cell])


@dataclass(frozen=True, eq=False)
class _Start:
    """Where motions begin: points (m, r), their cells (m,) and velocities (m, r)."""

    maps: CellMaps
    points: Array
    cells: Indices
    speeds: Array
    size: float  # of the coordinates, whose rounding is a share of it


class Exponentials:
    """Motions as sums of exponentials, one for each eigenvector."""

    def __init__(
        self, maps: CellMaps, points: Array, cells: Indices, speeds: Array, size: float
    ) -> None:
        """Begin at points (m, r) of cells (m,) with speeds (m, r); `size` is that of the data."""
        self.start = _Start(maps, points, cells, speeds, size)
        self.values = maps.values[cells]
        self.vectors = maps.vectors[cells]
        shares = np.einsum("mij,mj->mi", maps.inverses[cells], speeds.astype(complex))
        # A motion along a growing direction that is rounding counts as none: a start that lies
        # on the stable manifold of a saddle to rounding ends at the saddle.
        rates = np.abs(self.values)
        steepness = np.maximum(1.0, rates.max(axis=1, keepdims=True))
        faint = np.abs(shares) <= TOUCH_ROUNDING * steepness * size
        shares[faint & (self.values.real > -DEPENDENT_RTOL)] = 0.0
        self.shares = shares
        self.weights = (maps.network.input_weights @ self.vectors) * shares[:, None, :]  # (m, K, r)
        self.sizes = np.abs(self.weights)
        self.end = np.full(len(points), np.inf)
        with np.errstate(divide="ignore"):
            self.scale = np.minimum(1.0 / rates.max(axis=1), 1.0)

    def _integrals(self, rows: Indices, t: Array) -> Complex:
        """The integrals (n, r) of the exponentials from 0 to t."""
        values = self.values[rows]
        zero = values == 0.0
        return np.where(
            zero, t[:, None], np.expm1(values * t[:, None]) / np.where(zero, 1.0, values)
        )

    def position(self, rows: Indices, t: Array) -> Array:
        """The points (n, r)."""
        moves = self.shares[rows] * self._integrals(rows, t)
        found: Array = (
            self.start.points[rows] + np.einsum("nij,nj->ni", self.vectors[rows], moves).real
        )
        return found

    def heights(self, rows: Indices, t: Array) -> tuple[Array, Array]:
        """The changes (n, K) of the heights since time 0, and their derivatives."""
        factors = np.stack(
            [self._integrals(rows, t), np.exp(self.values[rows] * t[:, None])], axis=2
        )
        found = (self.weights[rows] @ factors).real
        return found[..., 0], found[..., 1]

    def curvature(self, rows: Indices, t: Array, until: Array) -> Array:
        """Bounds (n, K) on the second derivatives: every exponential is largest at an end."""
        values = self.values[rows]
        latest = np.where(values.real > 0.0, until[:, None], t[:, None])
        largest = np.abs(values) * np.exp(values.real * latest)
        return (self.sizes[rows] @ largest[..., None])[..., 0]

    def decays(self, rows: Indices) -> Active:
        """Whether all shares that are not 0 belong to exponentials that decay."""
        falling = self.values[rows].real < -DEPENDENT_RTOL
        return np.asarray((falling | (self.shares[rows] == 0.0)).all(axis=1))

    def remaining(self, rows: Indices, t: Array) -> Array:
        """Bounds (n, K) on later changes: the integrals of what decays."""
        values = self.values[rows]
        falling = values.real < -DEPENDENT_RTOL
        rates = np.where(falling, np.exp(np.where(falling, values.real, 0.0) * t[:, None]), 0.0)
        rates = rates / np.where(falling, np.abs(values), 1.0)
        return (self.sizes[rows] @ rates[..., None])[..., 0]

    def limit(self, row: int) -> Array:
        """Where a motion ends (r,) that decays."""
        moving = self.shares[row] != 0.0
        moves = -self.shares[row][moving] / self.values[row][moving]
        found: Array = self.start.points[row] + (self.vectors[row][:, moving] @ moves).real
        return found


class PowerSeries:
    """Motions as power series of the matrix exponential, where eigenvectors are dependent."""

    def __init__(
        self, maps: CellMaps, points: Array, cells: Indices, speeds: Array, size: float
    ) -> None:
        """Begin at points (m, r) of cells (m,) with speeds (m, r); `size` is that of the data."""
        self.start = _Start(maps, points, cells, speeds, size)
        self.matrices = maps.matrices[cells]
        terms = [speeds]  # M^j v / j!, the terms of the velocity
        for j in range(1, TERMS):
            terms.append(np.einsum("mij,mj->mi", self.matrices, terms[-1]) / j)
        self.terms = np.stack(terms, axis=2)  # (m, r, TERMS)
        self.weights = maps.network.input_weights @ self.terms  # (m, K, TERMS)
        self.norms = np.linalg.norm(maps.network.input_weights, axis=1)
        self.steepness = np.linalg.norm(self.matrices, 2, axis=(1, 2))
        self.end = 1.0 / self.steepness  # a matrix with dependent eigenvectors is not 0
        self.scale = self.end
        self.reach = np.array([decay_bound(matrix) for matrix in self.matrices])

    def _integrals(self, t: Array) -> Array:
        """The t^(j + 1) / (j + 1) (n, TERMS)."""
        powers = np.arange(1, TERMS + 1)
        return t[:, None] ** powers / powers

    def position(self, rows: Indices, t: Array) -> Array:
        """The points (n, r)."""
        moves = np.einsum("nrj,nj->nr", self.terms[rows], self._integrals(t))
        return self.start.points[rows] + moves

    def heights(self, rows: Indices, t: Array) -> tuple[Array, Array]:
        """The changes (n, K) of the heights since time 0, and their derivatives."""
        factors = np.stack([self._integrals(t), t[:, None] ** np.arange(TERMS)], axis=2)
        found = self.weights[rows] @ factors
        return found[..., 0], found[..., 1]

    def curvature(self, rows: Indices, t: Array, until: Array) -> Array:
        """Bounds (n, K) on the second derivatives w.M exp(M t) v."""
        steepness = self.steepness[rows]
        speeds = np.linalg.norm(self.start.speeds[rows], axis=1)
        bounds = steepness * np.exp(steepness * until) * speeds
        return bounds[:, None] * self.norms

    def decays(self, rows: Indices) -> Active:
        """Whether the matrix is stable or nothing moves."""
        return np.isfinite(self.reach[rows]) | ~self.start.speeds[rows].any(axis=1)

    def remaining(self, rows: Indices, t: Array) -> Array:
        """Bounds (n, K) on later changes, by the speeds (n, r) that are left."""
        speeds = np.einsum("nrj,nj->nr", self.terms[rows], t[:, None] ** np.arange(TERMS))
        left = np.linalg.norm(speeds, axis=1)
        reach = np.where(np.isfinite(self.reach[rows]), self.reach[rows], 0.0)
        return (reach * left)[:, None] * self.norms

    def limit(self, row: int) -> Array:
        """Where a motion ends (r,) that decays."""
        if not self.start.speeds[row].any():
            return self.start.points[row]
        return self.start.maps.rest(int(self.start.cells[row]))


def decay_bound(matrix: Array) -> float:
    r"""A bound on :math:`\int_0^\infty |e^{M t}| dt`; infinite if M is not stable.

    With :math:`M^T P + P M = -I` it is :math:`|e^{M t}|^2 \le \kappa e^{-t / \lambda}`,
    :math:`\lambda` the largest eigenvalue of P and :math:`\kappa` the ratio to its smallest.
    """
    from scipy.linalg import solve_continuous_lyapunov

    if np.linalg.eigvals(matrix).real.max() >= -DEPENDENT_RTOL:
        return np.inf
    lyapunov = solve_continuous_lyapunov(matrix.T, -np.eye(len(matrix)))
    sizes = np.linalg.eigvalsh((lyapunov + lyapunov.T) / 2)
    if sizes[0] <= 0.0:  # rounding ate the solution
        return np.inf
    return float(2 * sizes[-1] * np.sqrt(sizes[-1] / sizes[0]))
