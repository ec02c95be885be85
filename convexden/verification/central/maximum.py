r"""A bound of the pricing maximum of samples under any cost, independent of the solvers.

.. math:: P = \max_\theta \Bigl| \sum_n l_n [\theta^T x_n]_+ \Bigr| / \Omega(\theta),
   \qquad x_n = (y_n, 1), \quad \theta = (w, b)

*l1 norm.*  With the planes of the coordinates :math:`\Omega` is linear on every cone, and the
convex function is largest on a ray: P is the largest of finitely many rational numbers.

*Euclidean norm*, :math:`\Omega(\theta) = |S \theta|`.  A maximum inside of a cone with the zeros T
is a local, hence a global maximum of :math:`|A \theta| / |S \theta|` on the span N of the cone,
:math:`A = \sum_{s_n > 0} l_n x_n^T`.  For any matrix V

.. math:: \max_N \frac{|A \theta|}{|S \theta|} \le \frac{\|A N V\|}{\sigma_{min}(S N V)} ,

and with the computed singular vectors V both sides agree up to rounding, which is bounded.  A
cone whose bound exceeds the largest value seen so far does not count if the maximizers of the span
have wrong signs: with the diagonal :math:`h_1 \ge h_2` of :math:`(A N V)^T (A N V)` and the value
r of the first column they are within the angle of sine
:math:`\sqrt{(h_1 - r^2) / (h_1 - h_2)}` from it.  If biases are free, only cones with a sample in T
count, because the function is convex in the bias between samples and constant beyond them.

Coordinates are counted from a sample, in units of a power of two: rationals, rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf, lcm

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS
from convexden.tolerances import COST_ROUNDING
from convexden.verification.central.arrangement import null_basis, rays_of, sign_vectors
from convexden.verification.central.closing import CentralDual
from convexden.verification.exact.rationals import Integers, above, root_above, root_below

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rationals = NDArray[np.object_]

# Room for the rounding of the bounds themselves, which are a few operations on sums of errors.
ROOM = 1.0 + 64.0 * EPS


def central_interval(dual: CentralDual) -> tuple[float, float]:
    """An enclosure of P: the lower end is attained, up to rounding.

    Raises
    ------
    TooLarge
        If there are too many faces.
    """
    if not any(any(row) for row in dual.values):
        return 0.0, 0.0
    frame = _Frame.of(dual)
    if dual.cost.norm == "l1":
        return _on_rays(frame)
    lower, upper = _on_faces(frame)
    scale = frame.size * frame.unit
    return float(scale) * lower, above(Fraction(upper) * scale) if upper < inf else inf


@dataclass(frozen=True, eq=False)
class _Frame:
    """A problem in coordinates from one of its samples.

    Attributes
    ----------
    vectors : (S, D) rationals
        The x_n.
    values : (S, p) rationals
        The l_n in units of `size`.
    kappa : Fraction
        The penalty on biases.
    foot : list of Fraction
        The point from which biases are counted (d,).
    unit, size : Fraction
        Of lengths and multipliers.
    l1 : bool
    """

    vectors: Rationals
    values: Rationals
    kappa: Fraction
    foot: list[Fraction]
    unit: Fraction
    size: Fraction
    l1: bool

    @classmethod
    def of(cls, dual: CentralDual) -> _Frame:
        """That of closed multipliers."""
        integers, exponent = dual.points
        moved = integers - integers[0]
        longest = max(1, max(abs(int(x)) for x in moved.ravel()))
        scale = 1 << longest.bit_length()
        unit = Fraction(2) ** exponent * scale
        vectors = np.array(
            [[*(Fraction(int(x), scale) for x in row), Fraction(1)] for row in moved], dtype=object
        )
        size = max(abs(x) for row in dual.values for x in row)
        origin = [Fraction(x) for x in dual.cost.point(integers.shape[1]).tolist()]
        first = [Fraction(2) ** exponent * int(x) for x in integers[0]]
        return cls(
            vectors,
            np.array([[x / size for x in row] for row in dual.values], dtype=object),
            Fraction(dual.cost.bias) * unit,
            [(o - y) / unit for o, y in zip(origin, first, strict=True)],
            unit,
            size,
            dual.cost.norm == "l1",
        )

    @property
    def dimension(self) -> int:
        """D."""
        return int(self.vectors.shape[1])

    @cached_property
    def stretch(self) -> Rationals:
        """The rows S, whose sizes or squares add up to the price."""
        d = self.dimension - 1
        rows = [[Fraction(int(i == j)) for j in range(d + 1)] for i in range(d)]
        if self.kappa:
            rows.append([self.kappa * x for x in (*self.foot, Fraction(1))])
        return np.array(rows, dtype=object)

    @cached_property
    def planes(self) -> Integers:
        """The vectors of the arrangement (M, D) in integers: samples first, then those that make
        the price linear, or that the samples need to span the space."""
        rows = list(self.vectors)
        if self.l1:
            rows += list(self.stretch)
        elif null_basis(_integers(self.vectors)).shape[1]:
            d = self.dimension - 1
            rows += [[Fraction(int(i == j)) for j in range(d + 1)] for i in range(d + 1)]
        return _integers(rows)


def _integers(rows: Rationals | list[list[Fraction]]) -> Integers:
    """Each row times a positive integer."""
    found = []
    for row in rows:
        common = lcm(*(x.denominator for x in row))
        found.append([int(x * common) for x in row])
    return np.array(found, dtype=object)


def _on_rays(frame: _Frame) -> tuple[float, float]:
    """P of a polyhedral price, between neighboring floats."""
    rays = rays_of(frame.planes)
    rays = np.concatenate([rays, -rays])
    active = np.maximum(rays @ frame.vectors.T, 0)
    sums = active @ frame.values
    squares, prices = (sums * sums).sum(axis=1), np.abs(rays @ frame.stretch.T).sum(axis=1)
    scale = frame.size * frame.unit
    largest = max(
        (square / price**2 for square, price in zip(squares, prices, strict=True) if price),
        default=Fraction(0),
    )
    return root_below(largest * scale**2), root_above(largest * scale**2)


def _on_faces(frame: _Frame) -> tuple[float, float]:
    """P of a Euclidean price, in units of the frame."""
    planes, count = frame.planes, len(frame.vectors)
    signs = sign_vectors(planes)
    if not frame.kappa:
        signs = signs[(signs[:, :count] == 0).any(axis=1)]
    flats, owner = np.unique(signs == 0, axis=0, return_inverse=True)
    owner = owner.reshape(-1)
    bases = [null_basis(planes[zero]) for zero in flats]
    sizes = np.array([basis.shape[1] for basis in bases])[owner]
    groups = []
    for size in np.unique(sizes):
        members = np.flatnonzero(sizes == size)
        spans = np.array([bases[i] for i in owner[members]])
        groups.append(_Spans.of(frame, signs[members], spans))
    lower = max(group.attained for group in groups)
    upper = max(group.bound(lower * (1.0 + COST_ROUNDING)) for group in groups)
    return lower, max(lower, upper)


@dataclass(frozen=True, eq=False)
class _Spans:
    """F cones of one dimension k with their spans: the function and the price in the columns V.

    `image` (F, p, k) is A N V and `length` (F, s, k) is S N V, with bounds of what they are off,
    `sides` (F, M, k) the linear functions of the planes, signed, with bounds.
    """

    image: Array
    image_off: Array
    length: Array
    length_off: Array
    sides: Array
    sides_off: Array
    attained: float

    @classmethod
    def of(cls, frame: _Frame, signs: NDArray[np.int8], spans: Array) -> _Spans:
        """Those of sign vectors (F, M) with bases (F, D, k)."""
        x, l, s = (a.astype(float) for a in (frame.vectors, frame.values, frame.stretch))  # noqa: E741
        n, d = x.shape
        terms = (l[:, :, None] * x[:, None, :]).reshape(n, -1)
        on = (signs[:, :n] > 0).astype(float)
        shape = (len(signs), l.shape[1], d)
        sums, sizes = (on @ terms).reshape(shape), (on @ np.abs(terms)).reshape(shape)
        matrix, longer = sums @ spans, s @ spans
        with np.errstate(all="ignore"):
            triangle = np.linalg.qr(longer)[1]
            inverse = np.linalg.inv(triangle)
            columns = inverse @ np.swapaxes(np.linalg.svd(matrix @ inverse)[2], 1, 2)
        # Each factor is rounded once, and every sum has at most n + d + k + 8 terms.
        unit = (n + 2 * d + 16) * EPS
        spread = np.abs(spans) @ np.abs(columns)
        rows = _floats(frame.planes)
        turned = signs[:, :, None] * (rows @ spans @ columns)
        return cls(
            matrix @ columns,
            unit * (sizes @ spread),
            longer @ columns,
            unit * (np.abs(s) @ spread),
            turned,
            unit * (np.abs(rows) @ spread),
            _attained(x, l, s, (spans @ columns[:, :, :1])[:, :, 0]),
        )

    def bound(self, limit: float) -> float:
        """A bound of the function on all cones; `limit` where none can exceed it."""
        with np.errstate(all="ignore"):
            gram = np.swapaxes(self.image, 1, 2) @ self.image
            off = np.linalg.norm(self.image_off, axis=(1, 2))
            norm = np.linalg.norm(self.image, axis=(1, 2))
            blur = (self.image.shape[1] + 4) * EPS * norm**2
            top = np.sqrt(np.abs(gram).sum(axis=2).max(axis=1) + blur) + off
            least, most = self._lengths()
            bounds = np.where(least > 0, top / least * ROOM, inf)
        open_ = np.flatnonzero(~(bounds <= limit))
        if not len(open_):
            return limit
        first = np.linalg.norm(self.image[open_, :, 0], axis=1) - off[open_]
        away = self._excluded(
            open_, gram[open_], (blur + 3 * norm * off)[open_], first, least, most
        )
        left = bounds[open_][~away]
        return float(np.where(np.isnan(left), inf, left).max(initial=limit))

    def _lengths(self) -> tuple[Array, Array]:
        """Bounds (F,) of the least and the largest |S N V c|, |c| = 1."""
        gram = np.swapaxes(self.length, 1, 2) @ self.length
        size = np.linalg.norm(self.length, axis=(1, 2))
        blur = (self.length.shape[1] + 4) * EPS * size**2
        own = np.einsum("fii->fi", gram)
        beside = np.abs(gram).sum(axis=2) - np.abs(own)
        off = np.linalg.norm(self.length_off, axis=(1, 2))
        least = np.sqrt(np.maximum((own - beside).min(axis=1) - blur, 0.0)) - off
        most = np.sqrt((own + beside).max(axis=1) + blur) + off
        return least, most

    def _excluded(
        self, chosen: NDArray[np.intp], gram: Array, blur: Array, first: Array,
        least: Array, most: Array,
    ) -> Flags:  # fmt: skip
        """Whether no maximizer of the span of a cone lies in it."""
        own = np.einsum("fii->fi", gram)
        beside = (np.abs(gram).sum(axis=2) - np.abs(own)).max(axis=1)
        second = own[:, 1:].max(axis=1, initial=0.0)
        # c is a maximizer: |A N V c|^2 >= r^2 |S N V c|^2, with the ratio r of the first column.
        ratio = np.maximum(first, 0.0) / most[chosen]
        with np.errstate(all="ignore"):
            missing = own[:, 0] + beside + blur - (ratio * least[chosen]) ** 2
            square = missing / (own[:, 0] - second) * ROOM
        known = (own[:, 0] > second) & (square < 1.0)
        sine = np.sqrt(np.clip(square, 0.0, 1.0))
        sides, off = self.sides[chosen], np.linalg.norm(self.sides_off[chosen], axis=2)
        rest = np.linalg.norm(sides[:, :, 1:], axis=2) * sine[:, None] * ROOM + off
        straight = np.sqrt(1.0 - sine**2)[:, None] * sides[:, :, 0]
        away: Flags = known & (straight + rest < 0).any(axis=1) & (rest < straight).any(axis=1)
        return away


def _floats(planes: Integers) -> Array:
    """Rows in units of their largest number, rounded."""
    rows = [[Fraction(int(x), max(abs(int(y)) for y in row)) for x in row] for row in planes]
    return np.array([[float(x) for x in row] for row in rows])


def _attained(x: Array, l: Array, s: Array, hinges: Array) -> float:  # noqa: E741
    """The largest value at hinges (F, D) and their opposites."""
    heights = hinges @ x.T
    prices = np.linalg.norm(hinges @ s.T, axis=1)
    with np.errstate(all="ignore"):
        values = [np.linalg.norm(np.maximum(turn * heights, 0) @ l, axis=1) for turn in (1, -1)]
        ratios = np.maximum(*values) / prices
    return float(np.nan_to_num(ratios, posinf=0.0).max(initial=0.0))
