"""The pricing maximum of few sites in three and more dimensions, face by face.

It shares nothing with the solvers.  They ask where the function is largest on a face; this module
proves of every face that nothing on it exceeds a bound (`sphere_maxima`).  Which patterns exist is
decided exactly (`sign_patterns`), and where the hinges of a face lie is known up to proven errors
(`tangent_spheres`), as is the function on them (`active_sums`).  No verdict rests on a tolerance:
the faces are taken from the centers, radii and multipliers as they are given, and what cannot be
decided makes the upper bound larger.  `docs/formulation.md` has a picture of faces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import combinations, product
from math import ceil, inf, log2

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.errors import TooLarge
from convexden.running.clock import UNLIMITED, Clock
from convexden.tolerances import COST_ROUNDING
from convexden.verification.faces.active_sums import ActiveSums
from convexden.verification.faces.feasible_caps import sharpened
from convexden.verification.faces.matching import Pieces, matches, pieces_each
from convexden.verification.faces.sign_patterns import sign_patterns
from convexden.verification.faces.sphere_maxima import Spheres
from convexden.verification.faces.tangent_spheres import MARGIN, Tangencies

Array = NDArray[np.float64]
Integers = NDArray[np.intp]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

# A face whose bound exceeds the largest value by no more than this (relative) needs no closer look:
# the interval is that wide at least.  Rounding errors of the bounds are some 1e-14.
WIDTH = COST_ROUNDING
# Most faces of a simplex: those of 11 sites.
MOST_FACES = 2_093_058
# The same where the patterns are those that leaves have left: 512 patterns of 14 sites.
MOST_LEFT = 8_400_000


@dataclass(frozen=True)
class FaceSettings:
    """How closely faces are looked at."""

    sharp: tuple[float, ...] = (1e-9, 1e-12)
    """Errors of spheres (sine or length) above these are removed by rationals.  The second is for
    the faces next to the maximum, if the first leaves the interval wide: rationals are slow."""

    chunk: int = 2_000_000
    """Numbers held at a time while faces are computed."""


SETTINGS = FaceSettings()


def face_interval(
    centers: Array,
    radii: Array,
    values: Array,
    jacobians: Array,
    clock: Clock = UNLIMITED,
    codes: Codes | None = None,
) -> tuple[float, float]:
    r"""Interval for :math:`P = \max |\sum_n D_n (l_n z_n + G_n w)|` of few sites.

    A *face* is a pattern D and a nonempty set T of sites to which the hinge is tangent,
    :math:`z_n = s_n r_n` with :math:`s_n = 2 D_n - 1`.  With a pivot p in T the bias is
    :math:`b = s_p r_p - w^T y_p`, the other tangencies are linear equations in w, and with
    :math:`|w| = 1` they leave the sphere :math:`w = c + R E u`, :math:`|u| = 1`, on which
    :math:`\sum_n D_n (l_n z_n + G_n w) = A u + g`.  A maximum over all feasible hinges lies in the
    relative interior of a face, so that it is a local maximum on the sphere: the global one or the
    only one that is not (Martinez, SIAM J. Optim. 4, 1994).

    A face is settled if weak duality bounds its sphere by the largest value seen so far, or if both
    maxima violate an inequality by more than the errors of their computation.  The others count
    with their bound by weak duality, which holds without any condition.  In memory there is a
    bounded number of faces at a time.

    Of a pattern and its complement only one is taken: for multipliers that satisfy the dual
    equalities the values agree, and by how much they may differ here is added to the upper end.
    Hinges with all sites on one side are not considered.

    Parameters
    ----------
    centers : (N, k) array
        In units of their spread, up to a factor; the numbers are meant exactly.
    radii, values, jacobians : arrays (N,), (N, p), (N, p, k)
        Radii and multipliers.
    clock : Clock, optional
        Of the run.
    codes : (P,) int array, optional
        Patterns to look at, numbers as in `sign_patterns`; by default all.

    Returns
    -------
    lower : float
        Seen at a hinge that enters no ball by more than rounding, some 1e-14.
    upper : float
        A bound, all rounding included; infinite where numbers are not finite.

    Raises
    ------
    TooLarge
        If the sites are too many.
    Stopped
        If the time is over.
    """
    _check(centers, codes)
    if not all(np.isfinite(given).all() for given in (centers, radii, values, jacobians)):
        return 0.0, inf
    scale = max(float(np.abs(values).max()), float(np.abs(jacobians).max()))
    if scale == 0.0:
        return 0.0, 0.0
    # A power of two scales without rounding.
    scale = 2.0 ** ceil(log2(scale))
    faces = _Faces(centers, radii, values / scale, jacobians / scale, codes, clock)
    lower, upper = faces.bounds(WIDTH)
    return lower * scale, upper * scale


def imbalance(centers: Array, radii: Array, values: Array, jacobians: Array) -> float:
    """By how much tangent hinges of a pattern and its complement may differ in value: what is
    missing of the dual equalities."""
    everything = np.ones((1, len(radii)), dtype=bool)
    sums = ActiveSums.of(everything, centers, values, jacobians)
    sizes = np.linalg.norm(sums.forms[:, 0], axis=(1, 2)) + sums.form_errors[:, 0]
    slope = np.linalg.norm(sums.slopes[0]) + sums.slope_errors[0]
    return MARGIN * float((sizes + slope * radii).max())


def _check(centers: Array, codes: Codes | None) -> None:
    """Refuse simplices with too many faces."""
    count, dimension = centers.shape
    patterns = 2 ** (count - 1) - 1 if codes is None else len(codes)
    faces = patterns * (2**count - 2) if count <= dimension + 1 else 0
    most = MOST_FACES if codes is None else MOST_LEFT
    if faces > most:
        raise TooLarge(
            f"{count} sites that span {count - 1} dimensions: their pricing has {faces} faces, it "
            f"is verified for up to {most}, give fewer sites"
        )


@dataclass(frozen=True, eq=False)
class _Tangent:
    """F spheres of hinges tangent to T sites each, whatever the patterns of the others.

    With the columns E of `axes` beyond the first m, the normals are ``w = c + R E u``, |u| = 1.
    """

    sites: Integers  # (F, T)
    sides: Flags  # (F, T): whether the tangent sites are active
    levels: Array  # (F, T): s_n r_n of the tangent sites
    axes: Array  # (F, k, k)
    fixed: Array  # (F, m): the center c in the first m axes; it has none of the others
    radius: Array  # (F,): R
    middle: Array  # (F, N): the z of all sites at the center
    swing: Array  # (F, N, k - m): what they gain with u
    center_errors: Array  # (F,): of c, as a length
    swing_errors: Array  # (F,): of R E, as a norm
    slack: Array  # (F, N): bound of the errors of z

    def take(self, chosen: Integers) -> _Tangent:
        """Some of them, perhaps several times."""
        return _Tangent(*(getattr(self, each.name)[chosen] for each in fields(self)))


class _Faces:
    """The sites, and what the faces have in common."""

    def __init__(
        self,
        centers: Array,
        radii: Array,
        values: Array,
        jacobians: Array,
        codes: Codes | None,
        clock: Clock,
    ) -> None:
        """Find the patterns, unless they are given, and sum up the multipliers of each."""
        count = len(centers)
        self.clock = clock
        self.radii = radii
        # A hinge through such a site has the same value whether it is active or not.
        self.samples = (radii == 0) & (jacobians == 0).all(axis=(1, 2))
        self.given = codes is not None
        # The last site is always inactive.
        self.codes = sign_patterns(centers, clock) if codes is None else codes
        self.bits = np.int64(1) << np.arange(count, dtype=np.int64)
        self.patterns = (self.codes[:, None] & self.bits) != 0
        self.signs = np.where(self.patterns, 1.0, -1.0)
        self.offsets = centers - centers[:, None]  # [p, n]: y_n - y_p
        self.sites = centers, values, jacobians
        self.sums = ActiveSums.of(self.patterns, *self.sites)
        self.form_sizes = np.linalg.norm(self.sums.forms, axis=(2, 3))
        self.slope_sizes = np.linalg.norm(self.sums.slopes, axis=1)

    def bounds(self, width: float) -> tuple[float, float]:
        """The largest value seen, and a bound of all."""
        best, upper = 0.0, inf
        sets: list[Integers] | None = None
        for sharp in SETTINGS.sharp:
            best, bound, sets = self._bounds(best, width, sharp, sets)
            upper = min(upper, bound)
            if upper <= best * (1.0 + 3.0 * width):
                break
        centers, values, jacobians = self.sites
        off = imbalance(centers, self.radii, values, jacobians)
        return best, (upper + off) * (1.0 + 4.0 * EPS)

    def _bounds(
        self, best: float, width: float, sharp: float, sets: list[Integers] | None
    ) -> tuple[float, float, list[Integers]]:
        """The same, without complements, from spheres with errors of at most `sharp` (mostly); and
        the sets of tangent sites, some of each size, that are not settled.

        By default all sets are looked at, later those that the time before has left.
        """
        upper = 0.0
        unsettled: list[tuple[Integers, Spheres, Array]] = []
        if sets is None:
            sizes = range(min(self.offsets.shape[1:]), 0, -1)
            sets = [_all_sets(len(self.radii), size) for size in sizes]
        # Small spheres come first: what they attain rules most of the large ones out.
        for some in sets:
            for sites, spheres in self._spheres(some, sharp):
                self.clock.check()
                best, bounds = spheres.bounds(best, width)
                high = bounds > 0.0
                unsettled.append((sites[high], spheres.take(high), bounds[high]))
        left: dict[int, list[Integers]] = {}
        for sites, spheres, bounds in unsettled:
            self.clock.check()
            high = bounds > best * (1.0 + width)
            bounds = sharpened(spheres.take(high), bounds[high], best * (1.0 + width))
            upper = max(upper, float(bounds.max(initial=0.0)))
            rest = np.sort(sites[high][bounds > best * (1.0 + width)], axis=1)
            if len(rest):
                left.setdefault(sites.shape[1], []).append(rest)
        sets = [np.unique(np.concatenate(each), axis=0) for each in left.values()]
        return best, max(upper, best * (1.0 + width)), sets

    def _spheres(self, sets: Integers, sharp: float) -> Iterator[tuple[Integers, Spheres]]:
        """The spheres of these sets (S, T) of tangent sites with all patterns, a chunk at a time,
        with the sites (F, T) of each."""
        tangencies = Tangencies(sets, self.sites[0], sharp)
        samples = self.samples[tangencies.sites]
        sides = np.array(list(product((False, True), repeat=sets.shape[1])))
        # Of the two patterns of a hinge through a sample one is enough.
        wanted = tangencies.independent[:, None] & ~(samples[:, None] & sides).any(axis=2)
        if self.given:
            wanted &= self._occurring(tangencies.sites, samples)
        rows, chosen = np.nonzero(wanted)
        step = max(1, SETTINGS.chunk // (2 * self.offsets[0].size))
        for start in range(0, len(rows), step):
            chunk = slice(start, start + step)
            yield from self._faces(tangencies, rows[chunk], sides[chosen[chunk]])

    def _occurring(self, sets: Integers, samples: Flags) -> Flags:
        """Which sides of the sites of each set (S, T) some pattern has (S, 2^T), in the order of
        `product`; through a sample hinges of either side pass."""
        size = sets.shape[1]
        weights = 1 << np.arange(size)[::-1]
        found = np.zeros((len(sets), 1 << size), dtype=bool)
        for row, (members, through) in enumerate(zip(sets, samples, strict=True)):
            found[row, (self.patterns[:, members] & ~through) @ weights] = True
        return found

    def _faces(
        self, tangencies: Tangencies, rows: Integers, sides: Flags
    ) -> Iterator[tuple[Integers, Spheres]]:
        """The spheres of hinges tangent to these sets, above or below each site as `sides` says."""
        tangent = self._tangent(tangencies, rows, sides)
        dimension, free = tangent.axes.shape[2], tangent.swing.shape[2]
        numbers = len(self.radii) + self.sums.slopes.shape[1]
        each = max(6 * free * (free + numbers), dimension * numbers)
        for chosen, patterns in self._matches(tangent, max(1, SETTINGS.chunk // each)):
            yield tangent.sites[chosen], self._with_patterns(tangent.take(chosen), patterns)

    def _tangent(self, tangencies: Tangencies, rows: Integers, sides: Flags) -> _Tangent:
        """The same, before the other sites choose their sides."""
        levels = np.where(sides, 1.0, -1.0) * self.radii[tangencies.sites[rows]]
        found = tangencies.spheres(rows, levels)
        levels, sides = levels[found.kept], sides[found.kept]
        axes, sites = tangencies.complements.axes[found.rows], tangencies.sites[found.rows]
        k, m = axes.shape[2], sites.shape[1] - 1
        # The first of the tangent sites is the pivot.
        first = levels[:, :1]
        offsets = self.offsets[sites[:, 0]]
        lengths = np.linalg.norm(offsets, axis=2)
        offsets = offsets @ axes
        products = (k * np.sqrt(k) + 8) * EPS
        center_errors = found.center_error + 2.0 * products
        swing_errors = found.radius_error + found.basis_error + products
        slack = lengths * (center_errors + swing_errors)[:, None] + 4.0 * EPS * np.abs(first)
        return _Tangent(
            sites,
            sides,
            levels,
            axes,
            found.fixed,
            found.radius,
            _apply(offsets[:, :, :m], found.fixed) + first,
            found.radius[:, None, None] * offsets[:, :, m:],
            center_errors,
            swing_errors,
            MARGIN * (slack + 4.0 * EPS * self.radii),
        )

    def _with_patterns(self, tangent: _Tangent, patterns: Integers) -> Spheres:
        """The spheres with these patterns, one each, and the function on them."""
        # The pivot at which the terms cancel least.
        costs = self.form_sizes[tangent.sites, patterns[:, None]]
        costs += self.slope_sizes[patterns][:, None] * np.abs(tangent.levels)
        every, column = np.arange(len(patterns)), costs.argmin(axis=1)
        pivot, level = tangent.sites[every, column], tangent.levels[every, column]
        forms = self.sums.forms[pivot, patterns] @ tangent.axes
        size, error = self.form_sizes[pivot, patterns], self.sums.form_errors[pivot, patterns]
        m = tangent.fixed.shape[1]
        g = _apply(forms[:, :, :m], tangent.fixed) + self.sums.slopes[patterns] * level[:, None]
        g_error = size * tangent.center_errors + 1.5 * error
        slope_error = self.sums.slope_errors[patterns] + 4.0 * EPS * self.slope_sizes[patterns]
        g_error += slope_error * np.abs(level)
        return Spheres(
            tangent.radius[:, None, None] * forms[:, :, m:],
            g,
            self.signs[patterns, :, None] * tangent.swing,
            self.signs[patterns] * tangent.middle - self.radii,
            MARGIN * (size * tangent.swing_errors + 1.5 * error),
            MARGIN * g_error,
            tangent.slack,
        )

    def _matches(self, tangent: _Tangent, step: int) -> Iterator[tuple[Integers, Integers]]:
        """Spheres with patterns for which every site has room on its side somewhere on the sphere,
        a chunk at a time."""
        spheres, count = tangent.middle.shape
        outside = count - tangent.sites.shape[1]
        free = tangent.swing.shape[2]
        reach = self.radii - tangent.slack
        held = max(1, SETTINGS.chunk // (4 * count * pieces_each(free, outside)))
        for start in range(0, spheres, held):
            rows = slice(start, start + held)
            pieces = Pieces.of(tangent.middle[rows], tangent.swing[rows], outside)
            own = start + pieces.owners
            up, down = pieces.high >= reach[own], pieces.low <= -reach[own]
            np.put_along_axis(up, tangent.sites[own], tangent.sides[own], axis=1)
            np.put_along_axis(down, tangent.sites[own], ~tangent.sides[own], axis=1)
            wide = max(1, SETTINGS.chunk // len(self.codes))
            chosen, patterns = matches(self.codes, own, up, down, wide)
            for first in range(0, len(chosen), step):
                chunk = slice(first, first + step)
                yield chosen[chunk], patterns[chunk]


def _all_sets(count: int, size: int) -> Integers:
    """All sets (S, T) of so many sites."""
    return np.array(list(combinations(range(count), size)), dtype=np.intp)


def _apply(matrices: Array, vectors: Array) -> Array:
    """Products of matrices and vectors."""
    product: Array = (matrices @ vectors[:, :, None])[:, :, 0]
    return product
