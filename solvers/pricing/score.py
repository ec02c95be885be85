r"""Exact pricing of score matching, where samples have Jacobian multipliers.

The constraint is g = |sum_n D_n (q_n z_n + m_n w)| over hinges of unit length and the patterns D
that they have, or can be given by a small move: a hinge through a sample may count it or not.  For
a fixed normal g is convex in the bias between samples, so a maximizer passes through one, the
*pivot*, and by the dual equalities a hinge and the same one turned over have one value.

On a line these are two hinges a sample.  In the plane, with the pivot p, the normals of one pattern
are an arc between two of which the hinge meets another sample, and on it

    g = |M w|,  M = sum_n D_n (q_n (x_n - x_p)^T + m_n I) ,

whose square is constant plus a cosine of twice the angle: its maximum is inside, or at an end.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from convexden.solvers.hinges import Array, Flags, Indices

# Hinges are moved off their samples by this turn, in radians and at most a quarter of their arc,
# and this share of it as a shift, in spreads: above the rounding of coordinates (1e-16), and far
# below the relative gap that is asked for (1e-8).
TURN = 1e-10
SHIFT_SHARE = 1e-2


@dataclass(frozen=True, eq=False)
class ScoreHinges:
    """K hinges through samples, with the samples that they count.

    Attributes
    ----------
    normals, inward : (K, d) arrays
        Unit normals, and those a little inside of their arcs.
    biases : (K,) array
    patterns : (K, N) bool array
    pivots : (K,) int array
    """

    normals: Array
    inward: Array
    biases: Array
    patterns: Flags
    pivots: Indices

    def __len__(self) -> int:
        """Number of hinges K."""
        return len(self.biases)

    def take(self, chosen: Indices | Flags) -> ScoreHinges:
        """Some of them."""
        return ScoreHinges(*(getattr(self, part.name)[chosen] for part in fields(self)))

    def __add__(self, other: ScoreHinges) -> ScoreHinges:
        """Those of both."""
        return ScoreHinges(
            *(
                np.concatenate([getattr(self, part.name), getattr(other, part.name)])
                for part in fields(self)
            )
        )

    def distinct(self, tolerance: float, most: int) -> ScoreHinges:
        """The first ones, at most so many, that differ in their patterns or by the tolerance."""
        kept: dict[bytes, list[int]] = {}
        chosen: list[int] = []
        lines = np.column_stack([self.normals, self.biases])
        for k in range(len(self)):
            # Of a pattern and its complement, which is the hinge turned over, one is the key.
            flip = bool(self.patterns[k, 0])
            same = kept.setdefault((self.patterns[k] ^ flip).tobytes(), [])
            near = (min(np.abs(lines[k] - s * lines[j]).max() for s in (1, -1)) for j in same)
            if all(distance > tolerance for distance in near):
                same.append(k)
                chosen.append(k)
            if len(chosen) == most:
                break
        return self.take(np.array(chosen, dtype=np.intp))

    def displaced(self, points: Array) -> tuple[Array, Array]:
        """Normals and biases of hinges that pass no sample and have these patterns."""
        normals = self.inward
        pivots = points[self.pivots]
        steps = np.linalg.norm(points - pivots[:, None], axis=2)
        steps[np.arange(len(self)), self.pivots] = np.inf
        sides = np.where(self.patterns[np.arange(len(self)), self.pivots], 1.0, -1.0)
        shifts = TURN * SHIFT_SHARE * np.minimum(steps.min(axis=1), 1.0)
        return normals, sides * shifts - np.sum(normals * pivots, axis=1)


class LineScorePricing:
    """The hinges of a line: through every sample, which counts or not."""

    name = "exact-line"

    def __init__(self, points: Array, counts: Array) -> None:
        """List the hinges."""
        self.points, self.counts = points, counts
        n = len(points)
        pivots = np.repeat(np.arange(n), 2)
        patterns = points[:, 0] > points[pivots, 0][:, None]
        patterns[np.arange(2 * n), pivots] = np.tile([True, False], n)
        ones = np.ones((2 * n, 1))
        self.hinges = ScoreHinges(ones, ones, -points[pivots, 0], patterns, pivots)

    def maxima(self, values: Array, floor: float) -> tuple[ScoreHinges, Array]:
        """Hinges with g >= min(floor, P) for multipliers (N, 1), the greatest first, and g."""
        hinges = self.hinges
        offsets = hinges.normals @ self.points.T + hinges.biases[:, None]
        slopes = (hinges.patterns @ self.counts)[:, None] * hinges.normals
        sizes = np.linalg.norm((hinges.patterns * offsets) @ values + slopes, axis=1)
        kept = np.flatnonzero(sizes >= min(floor, sizes.max()))
        kept = kept[np.argsort(-sizes[kept], kind="stable")]
        return hinges.take(kept), sizes[kept]


class PlaneScorePricing:
    """The hinges of a plane, by their arcs."""

    name = "exact-plane"

    def __init__(self, points: Array, counts: Array) -> None:
        """Find the arcs: the multipliers do not change them."""
        self.points, self.counts = points, counts
        parts = [_arcs(points, pivot) for pivot in range(len(points))]
        self.starts, self.ends, self.patterns = (
            np.concatenate([part[j] for part in parts]) for j in range(3)
        )
        self.pivots = np.repeat(np.arange(len(points)), [len(part[0]) for part in parts])

    def maxima(self, values: Array, floor: float) -> tuple[ScoreHinges, Array]:
        """Local maxima along the arcs with g >= min(floor, P) for multipliers (N, 2), the greatest
        first, and g there; the first is the global maximum P."""
        forms = self._forms(values)
        square = np.einsum("aki,akj->aij", forms, forms)
        cosine, sine = (square[:, 0, 0] - square[:, 1, 1]) / 2, square[:, 0, 1]

        def rise(angles: Array) -> Array:
            """Half the derivative of the square by the angle."""
            return np.asarray(sine * np.cos(2 * angles) - cosine * np.sin(2 * angles))

        peaks = self.starts + (np.arctan2(sine, cosine) / 2 - self.starts) % np.pi
        arcs = [
            np.flatnonzero(peaks <= self.ends),
            np.flatnonzero(rise(self.starts) <= 0),
            np.flatnonzero(rise(self.ends) >= 0),
        ]
        angles = [peaks[arcs[0]], self.starts[arcs[1]], self.ends[arcs[2]]]
        owners, at = np.concatenate(arcs), np.concatenate(angles)
        sizes = np.linalg.norm(np.einsum("kij,kj->ki", forms[owners], _normals(at)), axis=1)
        kept = np.flatnonzero(sizes >= min(floor, sizes.max()))
        kept = kept[np.argsort(-sizes[kept], kind="stable")]
        return self._hinges(owners[kept], at[kept]), sizes[kept]

    def _hinges(self, arcs: Indices, angles: Array) -> ScoreHinges:
        """The hinges at these angles of these arcs."""
        normals, pivots = _normals(angles), self.pivots[arcs]
        room = np.minimum(TURN, (self.ends - self.starts)[arcs] / 4)
        inside = np.clip(angles, self.starts[arcs] + room, self.ends[arcs] - room)
        biases = -np.sum(normals * self.points[pivots], axis=1)
        return ScoreHinges(normals, _normals(inside), biases, self.patterns[arcs], pivots)

    def _forms(self, values: Array) -> Array:
        """The matrices M (arcs, 2, 2)."""
        patterns = self.patterns.astype(float)
        moments = values[:, :, None] * self.points[:, None, :]
        forms = (patterns @ moments.reshape(len(values), 4)).reshape(-1, 2, 2)
        forms -= (patterns @ values)[:, :, None] * self.points[self.pivots][:, None, :]
        return np.asarray(forms + (patterns @ self.counts)[:, None, None] * np.eye(2))


ScorePricing = LineScorePricing | PlaneScorePricing


def _arcs(points: Array, pivot: int) -> tuple[Array, Array, Flags]:
    """Starts, ends and patterns of the arcs of hinges through a sample that counts."""
    steps = points - points[pivot]
    others = np.delete(steps, pivot, axis=0)
    angles = np.arctan2(others[:, 1], others[:, 0])
    cuts = np.unique(np.concatenate([angles + np.pi / 2, angles - np.pi / 2]) % (2 * np.pi))
    ends = np.append(cuts[1:], cuts[0] + 2 * np.pi)
    patterns = _normals((cuts + ends) / 2) @ steps.T > 0
    patterns[:, pivot] = True
    return cuts, ends, patterns


def _normals(angles: Array) -> Array:
    """Unit vectors (K, 2)."""
    return np.column_stack([np.cos(angles), np.sin(angles)])
