r"""Exact pricing in the plane.

For a fixed normal w the dual constraint is convex in the bias between tangencies, so a maximiser
is tangent to some ball, or passes through some sample: b = -w.y_n + r_n (the other side,
b = -w.y_n - r_n, is the same hinge turned over).  With w = (cos t, sin t) the angles at which the
hinge also becomes tangent to another site m,

    w.(y_m - y_n) = -r_n +- r_m,

cut the circle into *arcs* of constant activation pattern D, on which the constraint is a
trigonometric polynomial of degree two,

    g(t)^2 = |M w + v|^2,  M = sum_m D_m (l_m (y_m - y_n)^T + G_m),  v = r_n sum_m D_m l_m.

The arcs do not depend on the multipliers and are computed once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.problem import Interpolation
from convexden.solvers.atoms import (
    SAME_LINE,
    Array,
    Flags,
    Hinges,
    Indices,
    distinct,
    dual_heights,
    spanning_tree,
)
from convexden.solvers.pricing import ExactPricing

# A hinge may miss tangency by this much (in units of the spread) and still count as feasible:
# common tangents of three and more sites are known only up to rounding.
CONTACT = 1e-12

# Bits of patterns looked at in one go; keeps the working memory near 100 MB.
_BLOCK = 1 << 23


@dataclass(frozen=True, eq=False)
class _Arcs:
    """Closed arcs of constant pattern, of every length including zero."""

    sites: Indices
    starts: Array
    ends: Array
    patterns: Flags


class PlanePricing(ExactPricing):
    """Global and local maxima of the dual constraint over the feasible hinges of the plane.

    Parameters
    ----------
    problem : Interpolation
        With input dimension 2, in units of its spread.
    """

    name = "exact-plane"

    def __init__(self, problem: Interpolation) -> None:
        self.problem = problem
        parts = [_arcs_at(problem, n) for n in range(len(problem))]
        self.arcs = _Arcs(
            np.repeat(np.arange(len(problem)), [len(part[0]) for part in parts]),
            np.concatenate([part[0] for part in parts]),
            np.concatenate([part[1] for part in parts]),
            np.concatenate([part[2] for part in parts]),
        )

    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        """Local maxima with g >= min(floor, P), the greatest first, the greatest always.

        A vertex is found on every arc that ends there; equal hinges are not merged.

        Parameters
        ----------
        values : (N, p) array
        jacobians : (N, p, 2) array
            Multipliers that satisfy the dual equalities.
        floor : float
        limit : int, optional
            How many candidates, the greatest, to look at.

        Returns
        -------
        hinges : Hinges
        heights : (K,) array
            g at these hinges; the first is the global maximum P.
        """
        polynomials = self._polynomials(values, jacobians)
        owners, angles, free = self._candidates(polynomials, floor**2)
        squares = _evaluate(polynomials[:, owners], angles)
        chosen = np.argsort(-squares, kind="stable")[:limit]
        hinges = self.hinges(owners[chosen], angles[chosen], free[chosen])
        # Near a close pair of sites the coefficients are large and cancel: evaluate again.
        heights = dual_heights(self.problem, hinges, values, jacobians)
        order = np.argsort(-heights, kind="stable")
        hinges, heights = hinges[order], heights[order]
        summits = self._summits(hinges, values, jacobians)
        summits[:1] = True
        return hinges[summits], heights[summits]

    def _candidates(self, polynomials: Array, floor: float) -> tuple[Indices, Array, Flags]:
        """Local maxima on each arc of at least the floor or the greatest: arcs, angles, and
        whether they lie inside."""
        starts, ends = self.arcs.starts, self.arcs.ends
        at_start, at_end = _evaluate(polynomials, starts), _evaluate(polynomials, ends)
        highest = np.maximum(at_start, at_end)
        lengths = ends - starts
        floor = min(floor, (1 - 1e-9) * float(highest.max(initial=0.0)))
        # A chord bound: f <= highest end + length^2 / 8 max |f''|, so most arcs are never opened.
        bend = np.hypot(polynomials[1], polynomials[2]) + 4 * np.hypot(*polynomials[3:])
        high = np.flatnonzero((highest + bend * lengths**2 / 8 >= floor) & (lengths > 0))
        # Nor those whose slope in the middle is too steep to vanish before an end.
        slopes = _evaluate(polynomials[:, high], (starts + ends)[high] / 2, 1)
        opened = high[np.abs(slopes) <= bend[high] * lengths[high] / 2 * (1 + 1e-9)]
        angles, inner = _stationary(polynomials[:, opened], starts[opened], ends[opened])
        inner = opened[inner]
        kept = _evaluate(polynomials[:, inner], angles) >= floor
        # Ends count where the function rises towards them.
        point = lengths == 0
        rises_down = (_evaluate(polynomials, starts, 1) <= 0) | point
        rises_up = (_evaluate(polynomials, ends, 1) >= 0) & ~point
        first = np.flatnonzero((at_start >= floor) & rises_down)
        last = np.flatnonzero((at_end >= floor) & rises_up)
        owners = np.concatenate([inner[kept], first, last])
        angles = np.concatenate([angles[kept], starts[first], ends[last]])
        return owners, angles, np.arange(owners.size) < np.count_nonzero(kept)

    def hinges(self, arcs: Indices, angles: Array, free: Flags | None = None) -> Hinges:
        """The hinges at these angles of these arcs."""
        pivots = self.arcs.sites[arcs]
        normals = np.column_stack([np.cos(angles), np.sin(angles)])
        biases = self.problem.radii[pivots] - np.sum(normals * self.problem.centers[pivots], axis=1)
        free = np.zeros(len(arcs), dtype=bool) if free is None else free
        return Hinges(normals, biases, self.arcs.patterns[arcs], pivots, arcs, free)

    def _summits(self, hinges: Hinges, values: Array, jacobians: Array) -> Flags:
        """Whether g does not increase along any arc through the hinge.

        A maximum inside an arc passes.  At a vertex, held by its pivot and one more site, the arcs
        are the turns about either of the two, in either sense, where the other is a sample (which
        enters the pattern on one side) or a ball from which the hinge moves away.  Hinges held by
        more sites pass unseen.
        """
        problem = self.problem
        z = hinges.offsets(problem)
        held = np.abs(np.abs(z) - problem.radii) <= 10 * CONTACT
        held[np.arange(len(hinges)), hinges.pivots] = False
        passed = np.ones(len(hinges), dtype=bool)
        vertices = np.flatnonzero(~hinges.free & (held.sum(axis=1) == 1))
        if not vertices.size:
            return passed
        hinges, z = hinges[vertices], z[vertices]
        every = np.arange(vertices.size)
        pair = (hinges.pivots, held[vertices].argmax(axis=1))
        turn = np.column_stack([-hinges.normals[:, 1], hinges.normals[:, 0]])
        column = (hinges.patterns * z) @ values + _slopes(
            hinges.patterns, jacobians, hinges.normals
        )
        for pivot, other in (pair, pair[::-1]):
            change = turn @ problem.centers.T
            change = change - change[every, pivot][:, None]
            for sense in (1.0, -1.0):
                patterns = hinges.patterns.copy()
                sample = problem.radii[other] == 0
                towards = sense * change[every, other]
                patterns[every[sample], other[sample]] = towards[sample] > 0
                allowed = sample | (towards * np.sign(z[every, other]) > 0)
                rate = (patterns * change) @ values + _slopes(patterns, jacobians, turn)
                rises = sense * np.sum(column * rate, axis=1) > 1e-9
                passed[vertices[allowed & rises]] = False
        return passed

    def initial(self, count: int) -> Hinges:
        """Hinges held by two sites that separate few pairs of neighbours: optima are made of them.

        Neighbours are the edges of a minimum spanning tree of the sites.
        """
        first, second = spanning_tree(self.problem.centers)
        crossings = (self.arcs.patterns[:, first] != self.arcs.patterns[:, second]).sum(axis=1)
        order = np.argsort(crossings, kind="stable")[: 4 * count]
        hinges = self.hinges(order, self.arcs.starts[order])
        return hinges[distinct(hinges, SAME_LINE)[:count]]

    def spanning(self) -> Hinges:
        """Both ends and the middle of every arc."""
        every = np.arange(len(self.arcs.sites))
        starts, ends = self.arcs.starts, self.arcs.ends
        first, middle, last = (
            self.hinges(every, starts + share * (ends - starts)) for share in (0.0, 0.5, 1.0)
        )
        return first + middle + last

    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """A hinge inside its arc turns about its pivot; w runs over the unit circle."""
        turn = np.column_stack([-hinges.normals[:, 1], hinges.normals[:, 0]])
        return (turn * hinges.free[:, None])[:, :, None], np.zeros_like(hinges.normals)

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """The hinges turned by steps (K, 1), at most to the ends of their arcs."""
        starts, ends = self.arcs.starts[hinges.faces], self.arcs.ends[hinges.faces]
        w = hinges.normals
        turned = (np.arctan2(w[:, 1], w[:, 0]) - starts + 1e-9) % (2 * np.pi) - 1e-9
        wanted = np.where(hinges.free, steps[:, 0], 0.0)
        taken = np.where(hinges.free, np.clip(wanted, -turned, ends - starts - turned), 0.0)
        cos, sin = np.cos(taken), np.sin(taken)
        normals = np.column_stack([cos * w[:, 0] - sin * w[:, 1], sin * w[:, 0] + cos * w[:, 1]])
        # The hinge keeps its distance from the pivot.
        pivots = self.problem.centers[hinges.pivots]
        biases = hinges.biases - np.sum((normals - w) * pivots, axis=1)
        still = taken == 0.0
        moved = replace(
            hinges,
            normals=np.where(still[:, None], w, normals),
            biases=np.where(still, hinges.biases, biases),
        )
        return moved, wanted != taken

    def _polynomials(self, values: Array, jacobians: Array) -> Array:
        """Coefficients (5, arcs) of 1, cos t, sin t, cos 2t, sin 2t in g^2."""
        problem, arcs = self.problem, self.arcs
        n, p = values.shape
        moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
        table = np.concatenate([values, moments[:, :, 0], moments[:, :, 1]], axis=1)
        coefficients = np.empty((5, len(arcs.sites)))
        block = max(1, _BLOCK // max(n, 3 * p))
        for begin in range(0, len(arcs.sites), block):
            part = slice(begin, begin + block)
            sums = arcs.patterns[part].astype(float) @ table
            total = sums[:, :p]
            y = problem.centers[arcs.sites[part]]
            m0 = sums[:, p : 2 * p] - total * y[:, :1]
            m1 = sums[:, 2 * p :] - total * y[:, 1:]
            v = problem.radii[arcs.sites[part], None] * total
            g00, g11 = np.sum(m0 * m0, axis=1), np.sum(m1 * m1, axis=1)
            coefficients[0, part] = np.sum(v * v, axis=1) + (g00 + g11) / 2
            coefficients[1, part] = 2 * np.sum(v * m0, axis=1)
            coefficients[2, part] = 2 * np.sum(v * m1, axis=1)
            coefficients[3, part] = (g00 - g11) / 2
            coefficients[4, part] = np.sum(m0 * m1, axis=1)
        return coefficients


def _arcs_at(problem: Interpolation, n: int) -> tuple[Array, Array, Flags]:
    """Starts, ends and patterns of the arcs of hinges tangent to site n on its active side."""
    radius = problem.radii[n]
    # A line through a sample has two normals: half the circle is enough.
    turn = 2 * np.pi if radius > 0 else np.pi
    others = np.delete(np.arange(len(problem)), n)
    steps = problem.centers[others] - problem.centers[n]
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    directions = np.arctan2(steps[:, 1], steps[:, 0])
    critical = []
    for side in (1.0, -1.0):
        cosine = (side * problem.radii[others] - radius) / lengths
        reached = np.abs(cosine) <= 1 + CONTACT
        opening = np.arccos(np.clip(cosine[reached], -1, 1))
        critical += [directions[reached] + opening, directions[reached] - opening]
    angles = np.unique(np.concatenate(critical) % turn)
    if not angles.size:
        angles = np.zeros(1)
    # The last arc runs over the seam of the circle; a cut there would look like a vertex.
    ends = np.append(angles[1:], angles[0] + turn)

    def offsets(at: Array) -> Array:
        normals = np.column_stack([np.cos(at), np.sin(at)])
        return normals @ (problem.centers - problem.centers[n]).T + radius

    def feasible(z: Array) -> Flags:
        return np.asarray((np.abs(z) >= problem.radii - CONTACT).all(axis=1))

    z = offsets((angles + ends) / 2)
    open_arcs = feasible(z)
    # Where no arc is feasible on either side, the critical angle alone may be: a common tangent.
    alone = ~open_arcs & ~np.roll(open_arcs, 1)
    z_alone = offsets(angles[alone])
    touching = feasible(z_alone)
    points = angles[alone][touching]
    patterns = np.concatenate([z[open_arcs] > 0, z_alone[touching] > 0])
    patterns[:, n] = True
    return (
        np.concatenate([angles[open_arcs], points]),
        np.concatenate([ends[open_arcs], points]),
        patterns,
    )


def _slopes(patterns: Flags, jacobians: Array, normals: Array) -> Array:
    """sum_n D_n G_n w, (K, p)."""
    summed = patterns.astype(float) @ jacobians.reshape(len(jacobians), -1)
    return np.einsum("kpd,kd->kp", summed.reshape(-1, *jacobians.shape[1:]), normals)


def _evaluate(polynomials: Array, t: NDArray[np.floating[Any]], order: int = 0) -> Array:
    """The polynomials, or their first or second derivative, each at its own angle."""
    c0, c1, s1, c2, s2 = polynomials
    cos1, sin1, cos2, sin2 = np.cos(t), np.sin(t), np.cos(2 * t), np.sin(2 * t)
    if order == 0:
        return np.asarray(c0 + c1 * cos1 + s1 * sin1 + c2 * cos2 + s2 * sin2)
    if order == 1:
        return np.asarray(-c1 * sin1 + s1 * cos1 + 2 * (s2 * cos2 - c2 * sin2))
    return np.asarray(-c1 * cos1 - s1 * sin1 - 4 * (c2 * cos2 + s2 * sin2))


def _stationary(polynomials: Array, starts: Array, ends: Array) -> tuple[Array, Indices]:
    """Local maxima inside the arcs: angles and the indices of their arcs.

    With u = exp(i t), f' = 0 is the self-inversive quartic 2 B u^4 + A u^3 - conj(A) u - 2 conj(B),
    A = c1 - i s1, B = c2 - i s2, whose roots are the eigenvalues of its companion matrix.
    """
    _, c1, s1, c2, s2 = polynomials
    size = np.maximum(np.abs(polynomials[1:]).max(axis=0), np.finfo(float).tiny)
    a, b = (c1 - 1j * s1) / size, (c2 - 1j * s2) / size
    # Without second harmonic the leading coefficient vanishes; a tiny one sends the two spare
    # roots to 0 and infinity and moves the others by as little.
    b = np.where(np.abs(b) < 1e-15, 1e-15, b)
    companion = np.zeros((len(starts), 4, 4), dtype=complex)
    companion[:, 1, 0] = companion[:, 2, 1] = companion[:, 3, 2] = 1.0
    companion[:, 0, 3] = np.conj(b) / b
    companion[:, 1, 3] = np.conj(a) / (2 * b)
    companion[:, 3, 3] = -a / (2 * b)
    roots = np.linalg.eigvals(companion) if len(starts) else np.empty((0, 4), dtype=complex)
    owners, which = np.nonzero(np.abs(np.abs(roots) - 1.0) < 1e-3)
    angles = np.angle(roots[owners, which]).astype(float)
    mine = polynomials[:, owners]
    for _ in range(3):
        curvature = _evaluate(mine, angles, 2)
        slope = _evaluate(mine, angles, 1)
        step = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature < 0)
        angles = angles - np.clip(step, -1e-3, 1e-3)
    begin, end = starts[owners], ends[owners]
    angles = begin + (angles - begin) % (2 * np.pi)
    inside = (angles <= end) & (_evaluate(mine, angles, 2) < 0)
    return np.asarray(angles[inside], dtype=float), owners[inside]
