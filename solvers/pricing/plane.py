r"""Exact pricing in the plane.

For a fixed normal w the dual constraint is convex in the bias between tangencies, so a maximizer
is tangent to some ball, or passes through some sample: b = -w.y_n + r_n (the other side,
b = -w.y_n - r_n, is the same hinge turned over).  With w = (cos t, sin t) the angles at which the
hinge also becomes tangent to another site m,

    w.(y_m - y_n) = -r_n +- r_m,

cut the circle into *arcs* of constant activation pattern D (`plane_arcs`), on which the constraint
is

    g(t)^2 = |M w + v|^2,  M = sum_m D_m (l_m (y_m - y_n)^T + G_m),  v = r_n sum_m D_m l_m,

a trigonometric polynomial of degree two (`plane_polynomials`).  It is written round the middle of
the arc: where balls almost touch, or samples, multipliers are large and arcs short, and the powers
of the turn from there are what keeps the large terms apart from the small sum.

The arcs do not depend on the multipliers and are computed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from convexden.arithmetic.float64 import EPS
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import (
    Array,
    Flags,
    Hinges,
    Indices,
    distinct,
    dual_constraint,
    quarter_turns,
    spanning_tree,
)
from convexden.solvers.pricing import ExactPricing
from convexden.solvers.pricing.plane_arcs import Arcs, arcs_at
from convexden.solvers.pricing.plane_polynomials import evaluate, may_peak, stationary, turns_by
from convexden.tolerances import SAME_HINGE_RTOL, TANGENCY_RTOL


@dataclass(frozen=True)
class PlaneSettings:
    """Parameters of the search along the arcs of tangent hinges."""

    shares: tuple[float, ...] = (1 / 2, 1 / 4, 3 / 4, 1 / 8, 3 / 8, 5 / 8, 7 / 8)
    """Places at which arcs are first sampled inside, as shares of their lengths: every further one
    halves a gap."""

    long: float = 16.0
    """Length of an arc, in units of `SAME_HINGE_RTOL`, below which these places are not told
    apart."""

    block: int = 1 << 23
    """Bits of patterns looked at in one go; keeps the working memory near 100 MB."""

    run: int = 512
    """Arcs along which sums over active sites are updated before they are taken anew: as many
    terms as these have themselves."""

    many: int = 20000
    """Arcs from which on all sums are taken that way: arc by arc they are as many times slower as
    there are sites for each change."""

    below: float = 1e-9
    """Share by which the floor stays below the greatest value at the ends of arcs: rounding of a
    value must not close the arc of the maximum."""

    doubt: float = 1e-9
    """Rise of the dual constraint along an arc from a vertex, as a share of its size, that may be
    rounding: the vertex passes as a local maximum."""


SETTINGS = PlaneSettings()

# Which of two turns, as an index beside that of the hinge.
_PAIR: Indices = np.array([[0], [1]], dtype=np.intp)


class PlanePricing(ExactPricing):
    """Global and local maxima of the dual constraint over the feasible hinges of the plane.

    Parameters
    ----------
    problem : Interpolation
        With input dimension 2, in units of its spread.
    clock : Clock, optional
        Of the run.
    """

    name = "exact-plane"

    def __init__(self, problem: Interpolation, clock: Clock = UNLIMITED) -> None:
        """Find the arcs."""
        self.problem, self.clock = problem, clock
        self._initial: dict[int, Hinges] = {}
        n = len(problem)
        step = max(1, SETTINGS.block // (32 * n * n))
        blocks = []
        for k in range(0, n, step):
            clock.check()
            blocks.append(arcs_at(problem, np.arange(k, min(k + step, n))))
        self.arcs = Arcs(
            *(
                np.concatenate([getattr(block, part.name) for block in blocks])
                for part in fields(Arcs)
            )
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
        constraint_values : (K,) array
            g at these hinges; the first is the global maximum P.
        """
        many = len(self.arcs.sites) >= SETTINGS.many
        summed = self._summed_along_arcs if many else None
        polynomials = self._polynomials(values, jacobians, summed)
        owners, angles, free = self._candidates(polynomials, floor**2)
        squares = evaluate(polynomials[:, owners], turns_by(angles))
        angles = angles + (self.arcs.starts + self.arcs.halves)[owners]
        chosen = np.argsort(-squares, kind="stable")[:limit]
        hinges = self.hinges(owners[chosen], angles[chosen], free[chosen])
        # Near a close pair of sites the coefficients are large and cancel: evaluate again.
        constraint_values = dual_constraint(self.problem, hinges, values, jacobians)
        order = np.argsort(-constraint_values, kind="stable")
        hinges, constraint_values = hinges[order], constraint_values[order]
        highest = self._local_maxima(hinges, values, jacobians)
        highest[:1] = True
        return hinges[highest], constraint_values[highest]

    def _candidates(self, polynomials: Array, floor: float) -> tuple[Indices, Array, Flags]:
        """Local maxima on each arc of at least the floor or the greatest: arcs, angles from their
        middles, and whether they lie inside."""
        halves, limits = self.arcs.halves, self.arcs.limits
        at_limits = evaluate(polynomials, limits)
        highest = at_limits.max(axis=0)
        floor = min(floor, (1 - SETTINGS.below) * float(highest.max(initial=0.0)))
        opened = may_peak(polynomials, halves, highest, floor)
        angles, inner = stationary(polynomials[:, opened], halves[opened])
        inner = opened[inner]
        kept = evaluate(polynomials[:, inner], turns_by(angles)) >= floor
        # Ends count where the function rises toward them.
        rises = evaluate(polynomials, limits, 1)
        point = halves == 0
        first = np.flatnonzero((at_limits[0] >= floor) & ((rises[0] <= 0) | point))
        last = np.flatnonzero((at_limits[1] >= floor) & (rises[1] >= 0) & ~point)
        owners = np.concatenate([inner[kept], first, last])
        angles = np.concatenate([angles[kept], -halves[first], halves[last]])
        return owners, angles, np.arange(owners.size) < np.count_nonzero(kept)

    def inner_maxima(self, values: Array, jacobians: Array, floor: float) -> tuple[Hinges, Array]:
        """Local maxima inside the arcs with g >= floor, and the values of g there."""
        polynomials = self._polynomials(values, jacobians, self._summed_along_arcs)
        halves = self.arcs.halves
        highest = evaluate(polynomials, self.arcs.limits).max(axis=0)
        opened = may_peak(polynomials, halves, highest, floor**2)
        angles, inner = stationary(polynomials[:, opened], halves[opened])
        owners = opened[inner]
        squares = evaluate(polynomials[:, owners], turns_by(angles))
        kept = squares >= floor**2
        owners, angles = owners[kept], angles[kept]
        angles = angles + (self.arcs.starts + self.arcs.halves)[owners]
        free = np.ones(len(owners), dtype=bool)
        return self.hinges(owners, angles, free), np.sqrt(squares[kept])

    def hinges(self, arcs: Indices, angles: Array, free: Flags | None = None) -> Hinges:
        """The hinges at these angles of these arcs."""
        pivots = self.arcs.sites[arcs]
        normals = np.column_stack([np.cos(angles), np.sin(angles)])
        biases = self.problem.radii[pivots] - np.sum(normals * self.problem.centers[pivots], axis=1)
        free = np.zeros(len(arcs), dtype=bool) if free is None else free
        return Hinges(normals, biases, self.arcs.patterns[arcs], pivots, arcs, free)

    def _local_maxima(self, hinges: Hinges, values: Array, jacobians: Array) -> Flags:
        """Whether g does not increase along any arc through the hinge.

        A maximum inside an arc passes.  At a vertex, held by its pivot and one more site, the arcs
        are the turns about either of the two, in either sense, where the other is a sample (which
        enters the pattern on one side) or a ball from which the hinge moves away.  Hinges held by
        more sites pass unseen.
        """
        problem = self.problem
        z = hinges.offsets(problem)
        held = np.abs(np.abs(z) - problem.radii) <= 10 * TANGENCY_RTOL
        held[np.arange(len(hinges)), hinges.pivots] = False
        passed = np.ones(len(hinges), dtype=bool)
        vertices = np.flatnonzero(~hinges.free & (held.sum(axis=1) == 1))
        if not vertices.size:
            return passed
        other = held[vertices].argmax(axis=1)
        rises = _rises(problem, hinges[vertices], z[vertices], other, values, jacobians)
        passed[vertices[rises]] = False
        return passed

    def initial(self, count: int) -> Hinges:
        """Hinges that separate few pairs of neighbors: those held by two sites, of which optima
        are made, and if there are not enough, more of the arcs between them.

        Neighbors are the edges of a minimum spanning tree of the sites.
        """
        if count not in self._initial:
            self._initial[count] = self._spread(count)
        return self._initial[count]

    def _spread(self, count: int) -> Hinges:
        """The hinges of `initial`."""
        order = self._by_crossings[: 4 * count]
        starts, lengths = self.arcs.starts[order], (self.arcs.ends - self.arcs.starts)[order]
        hinges = self.hinges(order, starts)
        hinges = hinges[distinct(hinges, SAME_HINGE_RTOL)[:count]]
        # Inside their arcs hinges touch one site each: they are all different.
        inside = lengths > SETTINGS.long * SAME_HINGE_RTOL
        order, starts, lengths = order[inside], starts[inside], lengths[inside]
        for share in SETTINGS.shares:
            left = count - len(hinges)
            if not left:
                break
            more = slice(0, left)
            hinges = hinges + self.hinges(order[more], (starts + share * lengths)[more])
        return hinges

    @cached_property
    def _by_crossings(self) -> Indices:
        """The arcs, those first that separate few edges of a minimum spanning tree of the sites."""
        first, second = spanning_tree(self.problem.centers)
        crossings = (self.arcs.patterns[:, first] != self.arcs.patterns[:, second]).sum(axis=1)
        return np.argsort(crossings, kind="stable")

    def vertices(self) -> Hinges:
        """The hinges at the ends of arcs, each once but for rounding."""
        every = np.arange(len(self.arcs.sites))
        ends = np.concatenate([self.arcs.starts, self.arcs.ends])
        hinges = self.hinges(np.tile(every, 2), ends)
        lines = np.column_stack([hinges.normals, hinges.biases])
        # The same line, turned over or not, comes next to itself in the order of a projection.
        order = np.argsort(np.abs(lines @ np.sqrt([2.0, 3.0, 5.0])), kind="stable")
        before, after = lines[order[:-1]], lines[order[1:]]
        apart = np.minimum(np.abs(after - before).max(1), np.abs(after + before).max(1))
        return hinges[np.sort(order[np.append(True, apart > TANGENCY_RTOL)[: len(order)]])]

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
        turn = quarter_turns(hinges.normals)
        return (turn * hinges.free[:, None])[:, :, None], np.zeros_like(hinges.normals)

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """The hinges turned by steps (K, 1), at most to the ends of their arcs."""
        free = np.flatnonzero(hinges.free)
        held = np.zeros(len(hinges), dtype=bool)
        starts, ends = self.arcs.starts[hinges.faces[free]], self.arcs.ends[hinges.faces[free]]
        w = hinges.normals[free]
        turned = (np.arctan2(w[:, 1], w[:, 0]) - starts + TANGENCY_RTOL) % (
            2 * np.pi
        ) - TANGENCY_RTOL
        wanted = steps[free, 0]
        taken = np.minimum(np.maximum(wanted, -turned), ends - starts - turned)
        held[free] = wanted != taken
        # By differences: a hinge that does not turn stays exactly where it is.
        change = np.sin(taken)[:, None] * quarter_turns(w)
        change -= (1.0 - np.cos(taken))[:, None] * w
        normals, biases = hinges.normals.copy(), hinges.biases.copy()
        normals[free] = w + change
        # The hinge keeps its distance from the pivot.
        biases[free] -= (change * self.problem.centers[hinges.pivots[free]]).sum(axis=1)
        return replace(hinges, normals=normals, biases=biases), held

    def _polynomials(
        self, values: Array, jacobians: Array, summed: Callable[[Array], Array] | None = None
    ) -> Array:
        """|F|^2, F.S, F.C, |S|^2, S.C and |C|^2 (6, arcs), where a turn by u from the middle of
        the arc, on which the constraint is F, makes it F + sin(u) S - (1 - cos(u)) C.

        By default the sums over active sites are taken arc by arc.
        """
        problem, arcs = self.problem, self.arcs
        n, p = values.shape
        moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
        table = np.concatenate([values, moments[:, :, 0], moments[:, :, 1]], axis=1)
        every = None if summed is None else summed(table)
        products = np.empty((6, len(arcs.sites)))
        block = max(1, SETTINGS.block // max(n, 3 * p))
        for begin in range(0, len(arcs.sites), block):
            self.clock.check()
            part = slice(begin, begin + block)
            sums = arcs.patterns[part].astype(float) @ table if every is None else every[part]
            total = sums[:, :p]
            y = problem.centers[arcs.sites[part]]
            m0 = sums[:, p : 2 * p] - total * y[:, :1]
            m1 = sums[:, 2 * p :] - total * y[:, 1:]
            x, y = arcs.middles[:, part, None]
            c, s = m0 * x + m1 * y, m1 * x - m0 * y
            f = problem.radii[arcs.sites[part], None] * total + c
            for k, (one, other) in enumerate([(f, f), (f, s), (f, c), (s, s), (s, c), (c, c)]):
                np.einsum("kp,kp->k", one, other, out=products[k, part])
        return products

    def _summed_along_arcs(self, table: Array) -> Array:
        """The sums (arcs, q) over active sites of rows of a table (N, q), each from the arc next to
        it: faster than `_polynomials` by itself, with the rounding of `SETTINGS.run` terms more."""
        order, changes = self._changes
        steps, run = changes @ table, SETTINGS.run
        ragged = len(steps) - len(steps) % run
        whole = steps[:ragged].reshape(-1, run, steps.shape[1])
        sums = np.empty_like(steps)
        sums[order[:ragged]] = np.cumsum(whole, axis=1).reshape(ragged, steps.shape[1])
        sums[order[ragged:]] = np.cumsum(steps[ragged:], axis=0)
        return sums

    @cached_property
    def _changes(self) -> tuple[Indices, sparse.csr_array]:
        """The arcs in the order in which the hinge turns, and where patterns change (arcs, N); at
        the first of every run from none."""
        arcs = self.arcs
        order = np.lexsort((arcs.starts, arcs.sites))
        signs, previous = [], np.zeros((1, len(self.problem)), dtype=np.int8)
        for begin in range(0, len(order), SETTINGS.run):
            block = arcs.patterns[order[begin : begin + SETTINGS.run]].view(np.int8)
            changes = np.diff(block, axis=0, prepend=previous)
            rows, columns = np.nonzero(changes != 0)
            entries = (changes[rows, columns].astype(float), (rows, columns))
            signs.append(sparse.csr_array(entries, shape=changes.shape))
        return order, sparse.csr_array(sparse.vstack(signs))


def _rises(
    problem: Interpolation,
    hinges: Hinges,
    z: Array,
    held: Indices,
    values: Array,
    jacobians: Array,
) -> Flags:
    """Whether g increases on a turn of the vertices (V,), with these z (V, N), about their pivot or
    about the other site (V,) that holds them."""
    every, patterns = np.arange(len(hinges)), hinges.patterns.astype(float)
    turn = quarter_turns(hinges.normals)
    summed = (patterns @ jacobians.reshape(len(jacobians), -1)).reshape(-1, *jacobians.shape[1:])
    # Both turns at once, arrays (2, V).
    pivot, other = np.stack([hinges.pivots, held]), np.stack([held, hinges.pivots])
    column = (patterns * z) @ values + (summed @ hinges.normals[:, :, None])[:, :, 0]
    changes, sense = turn @ problem.centers.T, np.array([[[1.0]], [[-1.0]]])
    change = changes - changes[every, pivot][:, :, None]
    sample, moves = problem.radii[other] == 0, change[_PAIR, every, other]
    allowed = sample | (sense * moves * np.sign(z[every, other]) > 0)
    lever = patterns * change
    rate = (column * (lever @ values + (summed @ turn[:, :, None])[:, :, 0])).sum(axis=2)
    # A sample is active on the turn that moves it to the active side.
    entering = np.where(sample, (sense * moves > 0) - patterns[every, other], 0.0)
    rates = rate + entering * moves * (column * values[other]).sum(axis=2)
    # Large values of sites that nearly meet cancel up to rounding.
    sizes = np.abs(lever) @ np.linalg.norm(values, axis=1)
    doubt = SETTINGS.doubt + 8 * EPS * sizes * np.linalg.norm(column, axis=1)
    return np.asarray((allowed & (sense * rates > doubt)).any(axis=(0, 1)))
