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

from convexden.arithmetic.float64 import EPS, SMALL, UNDERFLOW, power_above
from convexden.arithmetic.two_part import TwoPart
from convexden.verification.exact.labels import labels

Array = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class SlackSettings:
    """Parameters of the hinges that are moved inward."""

    near: float = 1e-3
    """Largest step, in units of the reach, by which hinges are moved inward: larger ones gain
    little and often leave the pattern."""

    nearest: float = 1e-12
    """Smallest of these steps, some digits above rounding."""

    poor: float = 1e7
    """Price of a pattern, times the reach, from which on a linear program looks for a better
    hinge."""

    programs: int = 40
    """Linear programs at the most, each of which takes some milliseconds."""

    ridge: float = 1e-9
    """Regularizes the least squares of fewer sites than unknowns, relative to the trace."""

    neighbors: int = 8
    """Sites, per dimension of (w, b), that decide where a hinge is moved."""


SETTINGS = SlackSettings()


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

    @property
    def scale(self) -> float:
        """A power of two that is at least the largest reach, and at most twice."""
        return float(power_above(self.reach.max()))


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


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct activation patterns, each with an interior hinge (mu, beta) of slack sigma > 0.

    Attributes
    ----------
    active : (M, N) array of bool
    normals, biases : (M, d), (M,) arrays
    prices : (M,) array
        Bounds of |mu| / sigma.
    """

    active: Booleans
    normals: Array
    biases: Array
    prices: Array

    def known(self) -> Patterns:
        """Those that have an interior hinge."""
        usable = np.isfinite(self.prices)
        return Patterns(
            self.active[usable], self.normals[usable], self.biases[usable], self.prices[usable]
        )

    def joined(self, other: Patterns) -> Patterns:
        """The patterns of both."""
        return Patterns(
            np.concatenate([self.active, other.active]),
            np.concatenate([self.normals, other.normals]),
            np.concatenate([self.biases, other.biases]),
            np.concatenate([self.prices, other.prices]),
        )


def lengths(vectors: Array) -> Array:
    """Norms along the last axis, rounded; sums of the sizes where squares leave the range."""
    norms: Array = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    small = norms < SMALL
    if small.any():
        norms = np.where(small, np.abs(vectors).sum(axis=-1), norms)
    return norms


def offsets(sites: Sites, normals: Array, biases: Array) -> Array:
    """w.x_n + b of all hinges and sites (K, N), rounded."""
    found: Array = normals @ sites.points.T + biases[:, None]
    return found


def slacks(sites: Sites, hinges: Hinges) -> tuple[Array, Array]:
    """Slacks (K, N), rounded, and bounds (K, N) of their errors.

    The errors: d products, their sum, the rounding of the points, and the norm of w.
    """
    norms = lengths(hinges.normals)
    z = offsets(sites, hinges.normals, hinges.biases)
    found = np.where(hinges.active, z, -z) - np.outer(norms, sites.radii)
    units = (sites.points.shape[1] + 6) * EPS
    constant = units * np.abs(hinges.biases) + hinges.uncertain + UNDERFLOW
    return found, np.outer(units * norms, sites.reach) + constant[:, None]


def sharp_slacks(
    centers: Array, radii: Array, normals: Array, z: TwoPart, active: Booleans
) -> tuple[Array, Array]:
    """The same from z with twice the digits: next to contact the last place of a
    slack costs much.

    Parameters
    ----------
    centers, radii : (N, d), (N,) arrays
    normals : (K, d) array
    z : TwoPart
        The w.y_n + b (K, N) as `affine_values` finds them.
    active : (K, N) array of bool
    """
    norms = TwoPart.product(normals.T, normals.T).total()
    roots = np.sqrt(norms.high)
    rest = norms.minus(TwoPart.product(roots, roots)).high
    norms = TwoPart.sum(roots, rest / (2 * np.where(roots > 0, roots, 1.0)))
    found = z.where(active, z.negative()).minus(norms.column().times(TwoPart.of(radii)))
    # A sum of pairs errs by 3 u^2 with u = EPS / 2, a product by 9, a root by less than 3 and half
    # of what its square does.
    biases = np.abs(z.high).max(axis=1) + lengths(normals) * lengths(centers).max()
    sizes = biases[:, None] + np.outer(lengths(normals), lengths(centers) + radii)
    dimension = centers.shape[1]
    error = 4 * (dimension + 8) * EPS**2 * sizes + EPS * np.abs(found.high)
    return found.high, error + 4 * dimension * UNDERFLOW


def prices(sites: Sites, hinges: Hinges) -> Array:
    """Bounds (K,) of |w| over the least slack; infinite where that may not be positive."""
    slack, error = slacks(sites, hinges)
    least = (slack - error).min(axis=1)
    sizes = lengths(hinges.normals) * (1 + (hinges.normals.shape[1] + 8) * EPS)
    return np.where(least > 0, sizes / np.where(least > 0, least, 1.0), np.inf)


def interior_patterns(sites: Sites, hinges: Hinges) -> tuple[Indices, Patterns]:
    """The patterns of hinges: number (K,) for each, and the patterns with interior hinges.

    The price of a pattern without a known one is infinite.
    """
    names, first = labels(hinges.active)
    normals, biases = interior_hinges(sites, hinges)
    middle_normals, middle_biases = _middles(hinges, names, len(first))
    normals, biases = np.vstack([normals, middle_normals]), np.append(biases, middle_biases)
    active = np.vstack([hinges.active, hinges.active[first]])
    found = prices(sites, Hinges(normals, biases, np.zeros(len(biases)), active))
    labeled = np.append(names, np.arange(len(first)))
    # Last comes the cheapest hinge of each pattern, which stays.
    order = np.argsort(-found, kind="stable")
    best = np.empty(len(first), dtype=np.intp)
    best[labeled[order]] = order
    w, b, cost, active = normals[best], biases[best], found[best], active[best]
    for m in np.flatnonzero(~(cost * sites.scale < SETTINGS.poor))[: SETTINGS.programs]:
        wide = widest_hinge(sites, normals[best[m]], active[m])
        if wide is not None:
            one = Hinges(wide[0][None], np.array([wide[1]]), np.zeros(1), active[[m]])
            price = prices(sites, one)[0]
            if price < cost[m]:
                w[m], b[m], cost[m] = wide[0], wide[1], price
    return names, Patterns(active, w, b, cost)


def _middles(hinges: Hinges, names: Indices, count: int) -> tuple[Array, Array]:
    """The mean hinge of each pattern: between the two hinges of a ramp across a narrow gap no other
    is as far inside."""
    norms = lengths(hinges.normals)
    sums = np.zeros((count, hinges.normals.shape[1] + 1))
    np.add.at(sums, names, np.column_stack([hinges.normals, hinges.biases]) / norms[:, None])
    sizes = lengths(sums[:, :-1]) + UNDERFLOW
    return sums[:, :-1] / sizes[:, None], sums[:, -1] / sizes


def interior_hinges(sites: Sites, hinges: Hinges) -> tuple[Array, Array]:
    """Hinges of the same patterns well inside them, as a guess: (K, d) unit normals, (K,) biases.

    Where the step that is right for most hinges leaves the pattern, because sites on the other side
    are close, smaller ones are tried.
    """
    scale = sites.scale
    norms = lengths(hinges.normals)
    x, r = sites.points / scale, sites.radii / scale
    signs = np.where(hinges.active, 1.0, -1.0)
    w, b = hinges.normals / norms[:, None], hinges.biases / norms / scale
    near = SETTINGS.near
    pending = np.arange(len(w))
    while pending.size and near > SETTINGS.nearest:
        moved_w, moved_b = _inward(x, r, signs[pending], w[pending], b[pending], near)
        slack = signs[pending] * (moved_w @ x.T + moved_b[:, None]) - r
        inside = slack.min(axis=1) > 0.05 * near
        w[pending[inside]], b[pending[inside]] = moved_w[inside], moved_b[inside]
        pending = pending[~inside]
        near /= 10
    return w, b * scale


def _inward(
    x: Array, r: Array, signs: Array, w: Array, b: Array, near: float
) -> tuple[Array, Array]:
    """Unit hinges moved so that slacks that are zero become `near`, and others hardly change.

    Weighted least squares, then only as far as no other slack becomes less than half the new ones.
    """
    slack = signs * (w @ x.T + b[:, None]) - r
    turn, shift = _inward_step(x, r, signs, w, slack, near)
    along = (turn * w).sum(axis=1)
    growth = signs * (turn @ x.T + shift[:, None]) - along[:, None] * r
    # A site whose slack grows half as fast as those that are touched need not be watched.
    free = np.where(growth < 0.5, np.maximum(slack, 0.0) / (0.5 - growth), np.inf)
    size = lengths(turn) + UNDERFLOW
    # Turning costs slack in the second order, r |turn|^2 / 2.
    limit = np.minimum(0.5 / size, 0.25 / (r.max() * size * size + UNDERFLOW))
    length = np.minimum(np.minimum(free.min(axis=1), limit), 1.0)
    w, b = w + length[:, None] * turn, b + length * shift
    norms = lengths(w)
    return w / norms[:, None], b / norms


def _inward_step(
    x: Array, r: Array, signs: Array, w: Array, slack: Array, near: float
) -> tuple[Array, Array]:
    """Changes (K, d) and (K,) of the hinges by which slacks that are zero become `near`, in the
    least squares of the sites that are nearest."""
    dimension = x.shape[1]
    few = min(len(x), SETTINGS.neighbors * (dimension + 1))
    if few < len(x):
        chosen = np.argpartition(slack, few - 1, axis=1)[:, :few]
        close, sides = np.take_along_axis(slack, chosen, 1), np.take_along_axis(signs, chosen, 1)
        points, radii = x[chosen], r[chosen]
    else:
        close, sides, points, radii = slack, signs, x, r
    gradients = np.empty((*close.shape, dimension + 1))
    gradients[..., :dimension] = sides[..., None] * points - radii[..., None] * w[:, None, :]
    gradients[..., dimension] = sides
    room = 1.0 / (np.maximum(close, 0.0) + near)
    weighted = gradients * (room * room)[..., None]
    matrices = np.swapaxes(weighted, 1, 2) @ gradients
    ridge = SETTINGS.ridge * np.trace(matrices, axis1=1, axis2=2)
    matrices += ridge[:, None, None] * np.eye(dimension + 1)
    right = np.swapaxes(weighted, 1, 2) @ (near * room)[..., None]
    step = np.asarray(np.linalg.solve(matrices, right)[..., 0], dtype=float)
    return step[:, :dimension], step[:, dimension]


def widest_hinge(sites: Sites, normal: Array, active: Booleans) -> tuple[Array, float] | None:
    """A hinge of the pattern with a wide margin by linear programs, as a guess; None without one.

    The norm of w is linearized at the last normal, three times.
    """
    scale = sites.scale
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
