"""Bounds on the pricing problem: by subdivision on a line and in the plane.

Solvers find the pricing maximum through the stationary points of trigonometric polynomials.  This
module shares nothing with them: it encloses the maximum between a value that is attained and an
upper bound that holds on every feasible hinge, by splitting arcs until the two meet.  In more
dimensions it bounds the faces of all activation patterns (`face_bound`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from convexden.verification.dual_projection import DualPoint
from convexden.verification.exact.dual import close_dual
from convexden.verification.exact.line import line_maximum
from convexden.verification.exact.rationals import rational, root_above
from convexden.verification.face_bound import face_interval

Array = NDArray[np.float64]

EPS = float(np.finfo(float).eps)
TURN = 2.0 * np.pi

# Relative width at which the enclosure of the pricing maximum is narrow enough.
WIDTH = 1e-12
# Numbers held at a time while arcs are computed.
CHUNK = 2_000_000


@dataclass(frozen=True)
class PricingInterval:
    """An enclosure ``lower <= P <= upper`` of the pricing maximum, rounding included.

    On a line and in the plane it is rigorous.  In more dimensions `upper` is 1e-12 above `lower`
    (relative) and a bound up to estimates of the rounding errors, except for the faces that these
    leave open: see `convexden.verification.face_bound.face_interval`.
    """

    lower: float
    upper: float


def pricing_interval(dual: DualPoint) -> PricingInterval:
    r"""Enclose :math:`P = \max |\sum_n D_n (l_n z_n + G_n w)|` over feasible hinges, |w| = 1.

    For a fixed normal the function is convex in the bias between breakpoints, so the hinge is
    tangent to a ball or passes through a sample.  On a line that leaves finitely many hinges.  In
    the plane, w runs over the arcs on which the pattern is fixed, closed sets that may be single
    points; there :math:`g^2 = |M w + v|^2` with :math:`|(g^2)''| \le L`, so on an interval of
    length h it is at most the larger end value plus :math:`L h^2 / 8`.  Intervals are halved until
    the enclosure is narrower than 1e-12 (relative), apart from rounding.  The hinges (w, b, D) and
    (-w, -b, 1 - D) have the same value by the dual equalities: tangency from one side is enough.

    In three and more dimensions the sites must be few, at most 11 if they are a simplex.  All faces
    of all patterns are bounded there, or their stationary points are computed: see
    `convexden.verification.face_bound.face_interval`.

    Hinges that enter a ball by less than ``dual.touch`` count as feasible, which can only raise the
    upper end.

    Raises
    ------
    UnsupportedProblem
        If the sites span three or more dimensions and have too many faces.
    """
    if not len(dual.centers):
        return PricingInterval(0.0, 0.0)
    flat = np.concatenate([dual.values[:, None, :], dual.jacobians.transpose(0, 2, 1)], axis=1)
    if flat.shape[2] > 3:
        flat = _output_coordinates(flat)
    values, jacobians = flat[:, 0], flat[:, 1:].transpose(0, 2, 1)
    reach = 2.0 + float(dual.radii.max(initial=0.0))
    size = float(
        reach * np.linalg.norm(values, axis=1).sum() + np.linalg.norm(jacobians, axis=(1, 2)).sum()
    )
    if size == 0.0:
        return PricingInterval(0.0, 0.0)
    if dual.centers.shape[1] == 1:
        lower = upper = _line_maximum(dual.centers, dual.radii, values, jacobians, dual.touch)
    elif dual.centers.shape[1] == 2:
        lower, upper = _plane_maximum(
            dual.centers, dual.radii, values, jacobians, dual.touch, (WIDTH * size) ** 2
        )
    else:
        lower, upper = face_interval(dual.centers, dual.radii, values, jacobians, dual.touch)
    # The terms of g cancel: between nearly touching balls they are much larger than their sum.
    rounding = EPS * size
    return PricingInterval(max(0.0, lower - rounding), upper + rounding)


def _output_coordinates(flat: Array) -> Array:
    """Multipliers (S, 1 + k, p) in an orthonormal basis of their span: norms do not change."""
    rows = flat.reshape(-1, flat.shape[2])
    left, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    rank = max(1, int((sizes > EPS * sizes[0]).sum()))
    coordinates: Array = (left[:, :rank] * sizes[:rank]).reshape(*flat.shape[:2], rank)
    return coordinates


def _line_maximum(
    centers: Array, radii: Array, values: Array, jacobians: Array, touch: float
) -> float:
    """The largest g among the tangent hinges with w = 1, for multipliers that are closed exactly."""
    nothing = np.zeros((len(centers), 1))
    dual = close_dual(centers, nothing, radii, values, jacobians)
    slack = math.floor(Fraction(touch) / rational(1, dual.unit))
    square = line_maximum(
        dual.centers[:, 0],
        dual.radii,
        dual.values,
        dual.jacobians[:, :, 0],
        dual.radii - np.minimum(slack, dual.radii // 2),
    )
    return root_above(rational(square, 2 * (dual.weight + dual.unit)) / dual.denominator**2)


def _plane_maximum(
    centers: Array, radii: Array, values: Array, jacobians: Array, touch: float, noise: float
) -> tuple[float, float]:
    """Enclose the largest g; differences of g^2 below `noise` are not resolved."""
    best = 0.0
    kept: list[_Arcs] = []
    per_site = 12 * len(centers) * values.shape[1]
    for rows in _blocks(len(centers), per_site):
        arcs = _tangent_arcs(rows, centers, radii, values, jacobians, touch)
        best = max(best, float(np.maximum(arcs.left_value, arcs.right_value).max(initial=0.0)))
        kept.append(arcs.take(arcs.bounds() > best))
    arcs = _Arcs.join(kept)
    ceiling = 0.0
    for _ in range(64):
        settled = best * (1.0 + 2.0 * WIDTH) + noise
        bounds = arcs.bounds()
        live = bounds > settled
        ceiling = float(bounds.max(initial=0.0))
        if not live.any() or live.sum() * values.shape[1] > 2 * CHUNK:
            break
        arcs = arcs.take(live).halve()
        best = max(best, float(arcs.left_value.max()), float(arcs.right_value.max()))
    return float(np.sqrt(best)), float(np.sqrt(max(settled, ceiling)))


@dataclass(frozen=True, eq=False)
class _Arcs:
    """Closed intervals of angles with :math:`g^2 = |u cos + q sin + v|^2` on each of them."""

    left: Array  # (A,)
    right: Array  # (A,)
    forms: Array  # (A, 3, p): u, q, v
    curvature: Array  # (A,): bound on the second derivative of g^2
    left_value: Array  # (A,): g^2 at the ends
    right_value: Array

    @classmethod
    def build(cls, left: Array, right: Array, forms: Array) -> _Arcs:
        u, q, v = forms[:, 0], forms[:, 1], forms[:, 2]
        # g^2 = const + 2 u.v cos + 2 q.v sin + (u.u - q.q)/2 cos 2. + u.q sin 2.
        first = np.hypot(_dot(u, v), _dot(q, v))
        second = np.hypot((_dot(u, u) - _dot(q, q)) / 2, _dot(u, q))
        values = _squares(forms, left), _squares(forms, right)
        return cls(left, right, forms, 2.0 * first + 4.0 * second, *values)

    @classmethod
    def join(cls, parts: list[_Arcs]) -> _Arcs:
        names = ("left", "right", "forms", "curvature", "left_value", "right_value")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def take(self, rows: NDArray[np.bool_]) -> _Arcs:
        return _Arcs(
            self.left[rows],
            self.right[rows],
            self.forms[rows],
            self.curvature[rows],
            self.left_value[rows],
            self.right_value[rows],
        )

    def bounds(self) -> Array:
        """Upper bounds of g^2 on the intervals."""
        chord: Array = np.maximum(self.left_value, self.right_value)
        return chord + self.curvature * (self.right - self.left) ** 2 / 8

    def halve(self) -> _Arcs:
        middle = (self.left + self.right) / 2
        value = _squares(self.forms, middle)
        return _Arcs.join(
            [
                _Arcs(self.left, middle, self.forms, self.curvature, self.left_value, value),
                _Arcs(middle, self.right, self.forms, self.curvature, value, self.right_value),
            ]
        )


def _tangent_arcs(
    rows: slice, centers: Array, radii: Array, values: Array, jacobians: Array, touch: float
) -> _Arcs:
    r"""Angles of normals whose hinge touches site n from its active side, with g on them.

    There :math:`z_m = w^T (y_m - y_n) + r_n`.  Site m is active on an arc of half angle alpha about
    the direction of :math:`y_m - y_n`, inactive outside the arc of half angle beta, and the two
    open arcs in between are infeasible.  A sweep over the ends of these arcs counts, at each angle,
    the balls that the hinge cuts, and sums the multipliers of the active sites.
    """
    r = radii[rows, None]
    difference = centers - centers[rows, None]
    distance = np.hypot(difference[..., 0], difference[..., 1])
    towards = np.arctan2(difference[..., 1], difference[..., 0])
    wide = _half_angles(distance, r, radii - np.minimum(touch, radii / 2))
    # The same arcs but for rounding: `touch` decides which arcs exist, not where they end, because
    # between nearly touching balls g is steep.
    sharp_touch = 4.0 * EPS * (1.0 + float(radii.max()))
    sharp = _half_angles(distance, r, radii - np.minimum(sharp_touch, radii / 2))
    ball = radii > 0
    turns, leaves = wide.alpha_exists, wide.beta_exists & ball

    # Ends of infeasible arcs come before starts, so that a stable sort keeps single angles that
    # lie between an end and a start.
    activated = np.mod(towards - wide.alpha, TURN)
    freed = np.mod(towards + wide.beta, TURN)
    deactivated = np.mod(towards + wide.alpha, TURN)
    cut = np.mod(towards - wide.beta, TURN)
    angles = np.concatenate([activated, freed, deactivated, cut], axis=1)
    exists = np.concatenate([turns, leaves, turns, leaves], axis=1)
    narrower, wider = wide.alpha - sharp.alpha, sharp.beta - wide.beta
    shifts = np.concatenate([narrower, wider, -narrower, -wider], axis=1)
    blocks = turns & ball
    counts = np.concatenate([-1 * blocks, -1 * leaves, 1 * blocks, 1 * leaves], axis=1)
    nothing = np.zeros_like(turns)
    signs = np.concatenate([1.0 * turns, nothing, -1.0 * turns, nothing], axis=1)

    active = np.where(turns, deactivated < activated, wide.alpha >= np.pi)
    inactive = np.where(leaves, cut < freed, wide.beta <= 0.0)
    cuts = (ball & ~active & ~inactive).sum(axis=1, keepdims=True)

    angles = np.where(exists, angles, TURN)
    order = np.argsort(angles, axis=1, kind="stable")
    angles, shifts, counts, signs = (
        np.take_along_axis(array, order, axis=1) for array in (angles, shifts, counts, signs)
    )
    seam = np.zeros_like(cuts, dtype=float)
    left = np.concatenate([seam, angles], axis=1)
    right = np.concatenate([angles, seam + TURN], axis=1)
    sharp_left = np.concatenate([seam, angles + shifts], axis=1)
    sharp_right = np.concatenate([angles + shifts, seam + TURN], axis=1)
    cuts = np.concatenate([cuts, cuts + np.cumsum(counts, axis=1)], axis=1)
    feasible = (cuts <= 0) & (left < TURN)
    solid = sharp_left <= sharp_right
    left, right = np.where(solid, sharp_left, left), np.where(solid, sharp_right, right)

    # g = | sum of the active (l_m (y_m - y_n)^T + G_m) w + r_n l_m |, outputs flattened to (3, p).
    steps = np.concatenate(
        [
            values[None, :, None, :] * difference[..., None] + jacobians.transpose(0, 2, 1),
            np.broadcast_to(
                (r[..., None] * values)[:, :, None, :],
                (len(r), len(radii), 1, values.shape[1]),
            ),
        ],
        axis=2,
    ).reshape(len(r), len(radii), -1)
    first = np.einsum("nm,nmf->nf", active.astype(float), steps)[:, None]
    steps = np.take_along_axis(steps, (order % len(radii))[..., None], axis=1)
    steps *= signs[..., None]
    forms = np.concatenate([first, first + np.cumsum(steps, axis=1)], axis=1)
    return _Arcs.build(
        left[feasible], right[feasible], forms[feasible].reshape(-1, 3, values.shape[1])
    )


@dataclass(frozen=True, eq=False)
class _HalfAngles:
    """Half angles of the arcs on which a site is active (alpha) or not inactive (beta)."""

    alpha: Array
    beta: Array
    alpha_exists: NDArray[np.bool_]  # neither empty nor the whole circle
    beta_exists: NDArray[np.bool_]


def _half_angles(distance: Array, tangency: Array, reach: Array) -> _HalfAngles:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        near = (reach - tangency) / distance
        far = (-reach - tangency) / distance
    # At coinciding centres z is the tangency itself, whatever the normal.
    same = distance == 0.0
    near = np.where(same, np.where(reach <= tangency, -np.inf, np.inf), near)
    far = np.where(same, -np.inf, far)
    alpha, beta = (np.arccos(np.clip(cosine, -1.0, 1.0)) for cosine in (near, far))
    return _HalfAngles(alpha, beta, np.abs(near) < 1.0, np.abs(far) < 1.0)


def _squares(forms: Array, angles: Array) -> Array:
    g = forms[:, 0] * np.cos(angles)[:, None] + forms[:, 1] * np.sin(angles)[:, None] + forms[:, 2]
    return _dot(g, g)


def _dot(a: Array, b: Array) -> Array:
    products: Array = np.einsum("...p,...p->...", a, b)
    return products


def _blocks(count: int, numbers: int) -> Iterator[slice]:
    """Slices of `count` rows that hold at most `CHUNK` numbers, `numbers` a row."""
    step = max(1, CHUNK // max(1, numbers))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))
