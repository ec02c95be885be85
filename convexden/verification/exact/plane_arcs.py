r"""Arcs of the plane: intervals of normals on which the activation pattern is fixed.

For hinges tangent to site q from its active side, with normals :math:`w = \pm (1 - t^2, 2 t)` of
length :math:`\tau = 1 + t^2`, there are closed intervals of t with

* the sites that are active on them, shown by Bernstein coefficients of
  :math:`z_m \mp r_m \tau` as `convexden.verification.exact.plane` explains,
* the quadratic curve :math:`F_D` of these sites, summed up along the intervals
  (`convexden.verification.exact.plane_sweep`),
* and a bound of what this curve may be off.

All is in extended precision with bounds on its rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.verification.exact.extended import EXTENDED_EPS, Extended
from convexden.verification.exact.plane_pieces import Flags, Indices, Pieces, Sites
from convexden.verification.exact.plane_sweep import EMPTY, Terms, sweep


@dataclass(frozen=True)
class ArcSettings:
    """How signs of polynomials are shown."""

    roundings: float = 32.0
    """Rounding of the coefficients of a polynomial and of its value, in units of `EXTENDED_EPS`
    times the sum of the absolute values of the data that enter: some 20 operations, each off by
    half a unit."""

    margin: float = 4.0
    """Roots are taken where a polynomial is this many times its rounding, so that its sign is shown
    up to there."""


SETTINGS = ArcSettings()


def pieces_at(sites: Sites, pivots: Indices) -> tuple[Pieces, Pieces]:
    """Intervals with a fixed pattern for hinges tangent to these sites; and those on which it is
    open on which side of a ball they pass."""
    signs = np.array([1.0, -1.0], dtype=np.longdouble)[:, None]
    # Arrays (Q, 2, S): tangent site, sign of w, other site.
    own = sites.radii[pivots, None, None]
    dx = (sites.centers[:, 0] - sites.centers[pivots, 0, None])[:, None, :] * signs
    dy = (sites.centers[:, 1] - sites.centers[pivots, 1, None])[:, None, :] * signs
    lever, moved = sites.reach(pivots, dx, dy)
    noise = SETTINGS.roundings * EXTENDED_EPS * (lever + sites.radii) + moved
    inner, outer = own - sites.radii, own + sites.radii
    # Polynomials a + 2 b t + c t^2: z_m - r_m tau, and the negative of z_m + r_m tau.
    a = np.stack([inner + dx, -outer - dx])
    b = np.stack([dy, -dy])
    c = np.stack([inner - dx, dx - outer])
    # The tangent site is active by definition.
    itself = (np.arange(len(sites.radii)) == pivots[:, None])[:, None, :]
    constant = np.array([1.0, -1.0], dtype=np.longdouble)[:, None, None, None]
    a, b, c = (np.where(itself, x, y) for x, y in ((constant, a), (0.0, b), (constant, c)))
    never_active, never_inactive = _negative(a, b, c, noise)
    gaps = _largest_in_gaps(never_active, never_inactive, a[0], b[0], c[0], noise, ~sites.balls)
    terms = Terms.of(sites, pivots, dx, dy, gaps)
    return sweep(pivots, terms, never_active, never_inactive)


def signs_on(sites: Sites, pieces: Pieces) -> tuple[Flags, Flags]:
    """On which parts of arcs sites are shown to be active, and inactive: flags (A, S)."""
    pivots, signs = pieces.rows // 2, (1 - 2 * (pieces.rows % 2))[:, None]
    x, y = (end[:, None] for end in pieces.ends())
    own = sites.radii[pivots, None]
    dx = (sites.centers[:, 0] - sites.centers[pivots, 0, None]) * signs
    dy = (sites.centers[:, 1] - sites.centers[pivots, 1, None]) * signs
    moved = 2.0 * (sites.moved + sites.moved[pivots, None])
    noise = (
        SETTINGS.roundings * EXTENDED_EPS * (np.abs(dx) + np.abs(dy) + own + sites.radii) + moved
    )
    on, off = np.ones((2, *dx.shape), dtype=bool)
    for s, t in ((x, x), (x, y), (y, y)):
        z, reach = own + dx + dy * (s + t) + (own - dx) * s * t, sites.radii * (1.0 + s * t)
        on &= z - reach > noise
        off &= z + reach < -noise
    itself = np.arange(len(sites.radii)) == pivots[:, None]
    return on | itself, off & ~itself


def _negative(a: Extended, b: Extended, c: Extended, noise: Extended) -> Extended:
    """Intervals (..., i, 2) with i = 1, 2 on which a + 2 b t + c t^2 < 0 is shown.

    They need not be all: where rounding hides the sign, none is given.
    """
    high, low = c + SETTINGS.margin * noise, a + SETTINGS.margin * noise
    high = np.where(high == 0.0, 0.0, high)  # without the sign of zero
    square = b * b - low * high
    real = square > 0.0
    everywhere = ~real & (low < 0.0) & (high <= 0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        q = -(b + np.copysign(np.sqrt(np.where(real, square, 0.0)), b))
        first, second = np.where(real, q / high, 0.0), np.where(real, low / q, 0.0)
        vertex = np.where(everywhere & (high < 0.0), -b / high, 0.0)
    left, right = np.minimum(first, second), np.maximum(first, second)
    # Between the roots if the parabola opens upward, else beyond them; everywhere if there are none
    # and it lies below.
    upward = high >= 0.0
    one = np.ones_like(a)
    ends = np.empty((*a.shape, 2, 2), dtype=np.longdouble)
    ends[..., 0, 0] = np.where(real & upward, np.maximum(left, -one), -one)
    ends[..., 0, 1] = np.where(real, np.minimum(np.where(upward, right, left), one), one)
    ends[..., 1, 0] = np.maximum(right, -one)
    ends[..., 1, 1] = one
    given = np.stack([real | everywhere, real & ~upward], axis=-1)
    a, b, c, noise = a[..., None], b[..., None], c[..., None], noise[..., None]
    ends = np.where(given[..., None], ends, 0.0)
    x, y = ends[..., 0], ends[..., 1]
    # Bernstein coefficients overestimate a maximum inside: there the interval is taken in two
    # parts.
    peak = np.where(everywhere[..., None], np.clip(vertex[..., None], x, y), x)
    shown = given & (x < y)
    for s, t in ((x, x), (x, peak), (peak, peak), (peak, y), (y, y)):
        shown &= a + b * (s + t) + c * s * t < -noise
    return np.where(shown[..., None], ends, EMPTY)


def _largest_in_gaps(
    never_active: Extended,
    never_inactive: Extended,
    a: Extended,
    b: Extended,
    c: Extended,
    noise: Extended,
    samples: Flags,
) -> Extended:
    """Bounds (Q, 2, S) of |z_m| at samples where neither side is shown; 0 where there are no gaps.

    The intervals of a sample are disjoint: its z has one sign on each.
    """
    largest = np.zeros_like(a)
    if not samples.any():
        return largest
    ends = np.concatenate([never_active[:, :, samples], never_inactive[:, :, samples]], axis=3)
    one = np.ones((*ends.shape[:3], 1), dtype=np.longdouble)
    x = np.concatenate([-one, np.sort(ends[..., 1], axis=3)], axis=3)
    y = np.concatenate([np.sort(ends[..., 0], axis=3), one], axis=3)
    y = np.minimum(y, 1.0)
    open_gaps = x < y
    a, b, c = (array[:, :, samples, None] for array in (a, b, c))
    bound = np.zeros_like(x)
    for s, t in ((x, x), (x, y), (y, y)):
        bound = np.maximum(bound, np.abs(a + b * (s + t) + c * s * t))
    bound = np.where(open_gaps, bound + noise[:, :, samples, None], 0.0)
    largest[:, :, samples] = bound.max(axis=3)
    return largest
