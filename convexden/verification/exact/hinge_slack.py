r"""How far hinges stay away from sites, and hinges well inside an activation pattern.

A hinge (w, b) that has sites on the sides s_n = +-1 has the slack
:math:`s_n (w^T y_n + b) - r_n |w|` at site n: at least zero if it does not cut the ball.  The slack
is concave and positively homogeneous in (w, b), so that slacks of a sum of hinges are at least the
sums of their slacks: a hinge that cuts a ball by rounding no longer does when a small multiple of a
hinge well inside the same pattern is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from convexden.verification.exact.twofold import EPS, UNDERFLOW

Array = NDArray[np.float64]
Booleans = NDArray[np.bool_]

# Slacks at which a site counts half as much as one that the hinge touches, in units of the reach.
_NEAR = 1e-3
# Sites, per dimension of (w, b), that decide where a hinge is moved.
_NEIGHBOURS = 8
# Rounds in which hinges move toward the middle of their pattern; more gain little.
_ROUNDS = 2


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites counted from an origin.

    Attributes
    ----------
    points : (N, d) array
        The centers minus the origin, rounded: each coordinate to half a unit in the last place.
    radii : (N,) array
    origin : (d,) array
    reach : (N,) array
        At least the distance of every point of the site from the origin.
    """

    points: Array
    radii: Array
    origin: Array
    reach: Array

    @classmethod
    def of(cls, centers: Array, radii: Array) -> Sites:
        """Counted from the middle if that is far from zero, otherwise as they are."""
        low, high = centers.min(axis=0), centers.max(axis=0)
        origin = low / 2 + high / 2
        if np.abs(origin).max() <= 4 * (high - low).max():
            origin = np.zeros_like(origin)
        points = centers - origin
        sizes = np.sqrt((points * points).sum(axis=1))
        reach = (sizes + radii) * (1 + (points.shape[1] + 4) * EPS) + UNDERFLOW
        return cls(points, radii, origin, reach)

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, eq=False)
class Hinges:
    """Hinges (w, b) counted from the origin of the sites, each with the sides of all sites.

    Attributes
    ----------
    normals : (K, d) array
    biases : (K,) array
    uncertain : (K,) array
        By how much a bias may be off.
    active : (K, N) array of bool
        The activation patterns.
    """

    normals: Array
    biases: Array
    uncertain: Array
    active: Booleans


def lengths(vectors: Array) -> Array:
    """Norms along the last axis, rounded."""
    norms: Array = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return norms


def heights(sites: Sites, normals: Array, biases: Array) -> Array:
    """w.x_n + b of all hinges and sites (K, N), rounded."""
    found: Array = normals @ sites.points.T + biases[:, None]
    return found


def slacks(sites: Sites, hinges: Hinges) -> tuple[Array, Array]:
    """Slacks (K, N), rounded, and bounds (K, N) of their errors.

    The errors: d products, their sum, the rounding of the points, and the norm of w.
    """
    norms = lengths(hinges.normals)
    z = heights(sites, hinges.normals, hinges.biases)
    found = np.where(hinges.active, z, -z) - np.outer(norms, sites.radii)
    units = (sites.points.shape[1] + 6) * EPS
    constant = units * np.abs(hinges.biases) + hinges.uncertain + UNDERFLOW
    return found, np.outer(units * norms, sites.reach) + constant[:, None]


def interior_hinges(sites: Sites, hinges: Hinges) -> tuple[Array, Array]:
    """Hinges of the same patterns well inside them, as a guess: (K, d) unit normals, (K,) biases.

    A step toward the direction in which the slacks of all sites near the hinge grow alike (weighted
    least squares), as far as no slack falls behind.
    """
    scale = float(sites.reach.max())
    norms = lengths(hinges.normals)
    w, b = hinges.normals / norms[:, None], hinges.biases / norms / scale
    x, r = sites.points / scale, sites.radii / scale
    signs = np.where(hinges.active, 1.0, -1.0)
    dimension = x.shape[1]
    near = min(len(x), _NEIGHBOURS * (dimension + 1))
    for _ in range(_ROUNDS):
        slack = signs * (w @ x.T + b[:, None]) - r
        if near < len(x):
            chosen = np.argpartition(slack, near - 1, axis=1)[:, :near]
            close, sides = (
                np.take_along_axis(slack, chosen, 1),
                np.take_along_axis(signs, chosen, 1),
            )
            points, radii = x[chosen], r[chosen]
        else:
            close, sides = slack, signs
            points, radii = x[None], r[None]
        gradients = np.empty((*close.shape, dimension + 1))
        gradients[..., :dimension] = sides[..., None] * points - radii[..., None] * w[:, None, :]
        gradients[..., dimension] = sides
        weighted = gradients / (np.maximum(close, 0.0) + _NEAR)[..., None] ** 2
        matrices = np.swapaxes(weighted, 1, 2) @ gradients
        ridge = 1e-9 * np.trace(matrices, axis1=1, axis2=2)
        matrices += ridge[:, None, None] * np.eye(dimension + 1)
        step = np.linalg.solve(matrices, weighted.sum(axis=1)[..., None])[..., 0]
        turn, shift = step[:, :dimension], step[:, dimension]
        growth = signs * (turn @ x.T + shift[:, None]) - np.einsum("ki,ki->k", turn, w)[:, None] * r
        # A site whose slack grows half as fast as the step need not be watched.
        room = np.where(growth < 0.5, np.maximum(slack, 0.0) / (0.5 - growth), np.inf)
        length = room.min(axis=1)
        size = lengths(turn) + 1e-300
        length = np.minimum(length, np.minimum(0.5 / size, 0.25 / ((r.max() + 1e-300) * size**2)))
        length = np.minimum(length, 1.0)
        w = w + length[:, None] * turn
        b = b + length * shift
        norms = lengths(w)
        w, b = w / norms[:, None], b / norms
    return w, b * scale


def widest_hinge(sites: Sites, normal: Array, active: Booleans) -> tuple[Array, float] | None:
    """A hinge of the pattern with a wide margin by linear programs, as a guess; None without one.

    The norm of w is linearized at the last normal, three times.
    """
    scale = float(sites.reach.max())
    signs = np.where(active, 1.0, -1.0)
    dimension = sites.points.shape[1]
    w = normal / (np.linalg.norm(normal) or 1.0)
    found = None
    for _ in range(3):
        rows = np.column_stack(
            [
                np.outer(sites.radii / scale, w) - signs[:, None] * sites.points / scale,
                -signs,
                np.ones(len(signs)),
            ]
        )
        goal = np.zeros(dimension + 2)
        goal[-1] = -1.0
        bounds = [(-1.0, 1.0)] * dimension + [(None, None), (None, 1.0)]
        program = linprog(goal, rows, np.zeros(len(signs)), bounds=bounds, method="highs")
        if program.status != 0 or program.x[-1] <= 0:
            return found
        w, b = program.x[:dimension], program.x[dimension] * scale
        found = (w, float(b))
        w = w / np.linalg.norm(w)
    return found
