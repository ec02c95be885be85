r"""An iterate of the central path: multipliers, hinges and their prices.

The *vertices* are all hinges that touch as many sites as there are dimensions; they stay where they
are.  *Free* hinges are the other local maxima of the dual constraint, inside arcs or faces; they
move with the multipliers.  Each hinge has the column q = Z^T psi, the slack c = (1 - |q|^2) / 2 and
a price; its output weight is price times q.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, GrowingHinges, Hinges, Indices
from convexden.solvers.methods.central_path_system import Step, Working
from convexden.solvers.methods.normal_equations import (
    Cholesky,
    bends,
    full,
    stacked,
    stored_features,
)
from convexden.solvers.methods.path_prices import (
    LEAST_SLACK,
    Names,
    fresh_prices,
    nearest_pairs,
)
from convexden.solvers.methods.quadratic_models import quadratic_models
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.local import LocalPricing
from convexden.solvers.pricing.plane import PlanePricing
from convexden.solvers.pricing.quick_faces import QuickFaces
from convexden.tolerances import NEGLIGIBLE_RCOND

PathPricing: TypeAlias = PlanePricing | FacePricing | QuickFaces | LocalPricing


@dataclass(frozen=True)
class WorkingSetSettings:
    """Which vertices enter the linear systems; the steps are held back by all of them."""

    all_of: int = 12
    """Vertices a row up to which all are taken."""

    shortest: int = 10
    """Of more: how many a row that separate the fewest neighbors, of which optima are made."""

    random: int = 5
    """And how many a row of the others, so that every row is seen."""

    start: float = 0.7
    """The pricing maximum to start with: the center, with room on all sides."""

    start_near: float = 0.5
    """Dual constraint above which a vertex is in the first set."""

    near: float = 0.7
    """Dual constraint above which a vertex enters, unless there are samples alone in a plane."""

    most_new: int = 2
    """Vertices a row that enter in one step for each reason."""

    light: float = 1e-2
    """Share of the M-th largest weight below which a vertex leaves, unless it is close to one."""

    close: float = 0.9
    """Dual constraint from which on a vertex does not leave, unless there are samples alone."""

    of_samples: tuple[float, float] = (0.9, 0.97)
    """Both for samples alone: of ten clusters of fifty samples the others made systems of half as
    many hinges more, and in the end five times as many, and took no fewer iterations; of sixty
    discs they take 23, and these 35."""

    floor: float = 0.7
    """Dual constraint from which on local maxima inside arcs are free hinges."""

    high_floor: tuple[int, float] = (150, 0.95)
    """The same from so many rows on: there are more of them, and each costs a dense column."""

    beyond: tuple[float, ...] = (0.5, 0.7, 0.9, 0.98)
    """The same beyond the plane, one after the other: .6 to the end took a tenth more time."""

    stages: tuple[float, ...] = (0.3, 1e-2, 1e-4)
    """Complementarity at which the next of them comes."""

    loose: float = 2.0
    """Complementarity to start with, at most, beyond the plane; the least-squares center has up to
    500, which takes five iterations to come down."""

    cap: float = 0.1
    """Share of what the network misses that a new hinge adds to it, at most, in the plane: near the
    end slacks are too small to tell its price."""

    led: float = 2.0
    """Slack, in that of the maximum, up to which a free hinge may lie beside it."""

    inherited: float = 1e-3
    """Price, in mean prices, from which on a free hinge whose maximum is gone stays as it is."""


SETTINGS = WorkingSetSettings()


class PathState:
    """Multipliers with prices of the chosen vertices and of the free hinges."""

    def __init__(self, constraints: Constraints, pricing: PathPricing) -> None:
        """Collect the vertices."""
        self.constraints, self.pricing = constraints, pricing
        self.targets = constraints.targets
        vertices = pricing.vertices()
        self.vertices = GrowingHinges(vertices)
        self.features = stored_features(constraints, vertices)
        rows, high = SETTINGS.high_floor
        self.flat = isinstance(pricing, PlanePricing)
        self.floor = high if len(self.targets) >= rows else SETTINGS.floor
        balls = bool(constraints.problem.radii.any()) or not self.flat
        self.near, self.close = (SETTINGS.near, SETTINGS.close) if balls else SETTINGS.of_samples
        if not self.flat:
            self.floor = SETTINGS.beyond[0]
        self.multipliers: Array = np.zeros_like(self.targets)
        self.columns: Array = np.zeros((len(vertices), self.targets.shape[1]))
        self.chosen: Indices = np.zeros(0, dtype=np.intp)
        self.free = vertices[:0]
        self.free_features: Array = np.zeros((0, len(self.targets)))
        self.free_prices = self.prices = np.zeros(0)
        self.maximum = 0.0  # of the dual constraint
        self.accurate = False  # whether rounding of linear systems has come to count
        # Of the free hinges in a plane: the roots of the bends, and where the last step led them.
        self._roots = np.zeros(0)
        self._moved = self.free, np.zeros(0, dtype=bool)  # and which of them it held

    def begin(self) -> bool:
        """Go to the center, which is a least-squares problem; false if the vertices do not span the
        targets."""
        self.chosen = self._first()
        center = self._center()
        if center is None and not isinstance(self.pricing, PlanePricing):
            # Beyond the plane patterns may have no vertex.
            self.chosen = np.arange(len(self.vertices))
            vertices = self.vertices[self.chosen] + self.pricing.spanning()
            self.vertices = GrowingHinges(vertices)
            self.features = stored_features(self.constraints, vertices)
            self.chosen = np.arange(len(vertices))  # some direction may need any of them
            center = self._center()
        if center is None:
            return False
        # In units of the highest vertex maxima inside arcs that are higher exceed the floor.
        columns = np.asarray(self.features @ center)
        unit = float(np.linalg.norm(columns, axis=1).max())
        highest = unit * self.price(center / unit, columns / unit)[0]
        self._begin_at(center * (SETTINGS.start / highest), SETTINGS.start)
        return True

    def _begin_at(self, multipliers: Array, maximum: float, gap: float = np.inf) -> None:
        """Begin at multipliers with this pricing maximum, below one; complementarity is at most the
        gap, as a share of the objective."""
        self.multipliers, self.maximum = multipliers, maximum
        self.columns = np.asarray(self.features @ self.multipliers)
        heights = self._heights()
        near = np.argsort(-heights, kind="stable")[: 4 * len(self.targets)]
        self.chosen = np.union1d(self.chosen, near[heights[near] > SETTINGS.start_near])
        heights = heights[self.chosen]
        slacks = (1.0 - heights**2) / 2
        # The prices whose network's products with the multipliers are those of the targets.
        aim = self.objective / float(np.sum(heights**2 / slacks))
        if not self.flat:
            aim = min(aim, min(gap, SETTINGS.loose) * self.objective / len(heights))
        self.prices = aim / slacks
        values = self.constraints.multipliers(self.multipliers)
        self._free_at(self.pricing.inner_maxima(*values, self.floor)[0], aim)

    def _center(self) -> Array | None:
        """The path's limit for large mu, up to a factor, or None if the chosen hinges do not span
        the targets."""
        features = self.features[self.chosen]
        matrix = full(features.T @ features)
        if self.flat:
            try:
                factor = Cholesky(matrix)
            except np.linalg.LinAlgError:
                return None
            center = np.column_stack([factor.solve(each[:, None]) for each in self.targets.T])
        else:
            center = np.asarray(np.linalg.lstsq(matrix, self.targets, rcond=NEGLIGIBLE_RCOND)[0])
        missed = np.abs(self.targets - matrix @ center).max()
        return center if missed <= 1e-6 * np.abs(self.targets).max() else None

    def _first(self) -> Indices:
        """The vertices of the first system."""
        m, count = len(self.targets), len(self.vertices)
        if count <= SETTINGS.all_of * m:
            return np.arange(count)
        if isinstance(self.features, np.ndarray):
            entries = np.count_nonzero(self.features, axis=1)
        else:
            entries = np.diff(self.features.indptr)
        order = np.argsort(entries, kind="stable")
        rest = np.random.default_rng(0).permutation(order[SETTINGS.shortest * m :])
        return np.concatenate([order[: SETTINGS.shortest * m], rest[: SETTINGS.random * m]])

    @property
    def objective(self) -> float:
        """<T, Z>."""
        return float(np.sum(self.targets * self.multipliers))

    def _heights(self) -> Array:
        """The dual constraint |q| at the vertices."""
        return np.asarray(np.linalg.norm(self.columns, axis=1))

    def price(self, multipliers: Array, columns: Array) -> tuple[float, Hinges, Array]:
        """The greatest value of the dual constraint for multipliers with these columns of the
        vertices, and the local maxima inside arcs with their values."""
        values = self.constraints.multipliers(multipliers)
        found, heights = self.pricing.inner_maxima(*values, self.floor)
        at_vertices = np.sqrt(np.sum(columns**2, axis=1).max(initial=0.0))
        return float(max(at_vertices, heights.max(initial=0.0))), found, heights

    def working(self) -> Working:
        """The hinges of the next system."""
        features = self.free_features
        columns = features @ self.multipliers
        owners, turns, lags = self._bends(features)
        every = np.concatenate([self.columns[self.chosen], columns])
        slacks = (1.0 - np.sum(every**2, axis=1)) / 2
        return Working(
            stacked(self.features[self.chosen], features),
            every,
            np.maximum(slacks, LEAST_SLACK),
            np.concatenate([self.prices, self.free_prices]),
            len(self.chosen) + owners,
            turns,
            lags,
        )

    def _bends(self, features: Array) -> tuple[Indices, Array, Array]:
        """How the free hinges move: see `Working`."""
        if isinstance(self.pricing, PlanePricing):
            slopes, depths, turns = bends(
                self.constraints, self.pricing, self.free, features, self.multipliers
            )
            self._roots = np.sqrt(depths)
            return np.arange(len(turns)), turns / self._roots[:, None], slopes / self._roots
        owners, turns = self._models()
        m, p = self.targets.shape
        turned = turns.reshape(-1, m, p).transpose(0, 2, 1)
        return owners, turned.reshape(-1, m * p), np.zeros(len(owners))

    def _models(self) -> tuple[Indices, Array]:
        """The quadratic models of the free hinges."""
        return quadratic_models(self.constraints, self.pricing, self.free, self.multipliers)

    def hinges(self) -> Hinges:
        """The hinges of `working`."""
        return self.vertices[self.chosen] + self.free

    def advance(self, step: Step, length: float, columns: Array) -> None:
        """Take a step, which changes the columns of the vertices by these."""
        self.multipliers = self.multipliers + length * step.multipliers
        self.columns = self.columns + length * columns
        change = length * step.prices
        self.prices = self.prices + change[: len(self.prices)]
        before, self.free_prices = self.free_prices, self.free_prices + change[len(self.prices) :]
        if isinstance(self.pricing, PlanePricing):
            # The network is linear in price times motion, of which the step is the change.
            turned = length * step.motions / self._roots * before / self.free_prices
            self._moved = self.pricing.moved(self.free, turned[:, None])

    def scale(self, factor: float) -> None:
        """Scale the multipliers, and the prices so that the network stays."""
        self.multipliers, self.columns = factor * self.multipliers, factor * self.columns
        self.prices, self.free_prices = self.prices / factor, self.free_prices / factor
        self.maximum *= factor

    def caught(self, above: Hinges, room: float) -> bool:
        """Whether some of these hinges, violated after a step, are so already before it, and joined
        instead of the step: exact pricing had not missed them."""
        return False

    def exchange(self, found: Hinges, met: Hinges, limits: Array, aim: float) -> None:
        """Hinges for the next system.

        Parameters
        ----------
        found : Hinges
            Local maxima inside arcs at the present multipliers: the free hinges.
        met : Hinges
            Those that cut the step short: they stay where they are.
        limits : (V,) array
            Lengths of the step at which vertices would have been violated.
        aim : float
            Price times slack that new hinges get.
        """
        count, room = len(limits), SETTINGS.cap * self._missed() if self.flat else np.inf
        self._free_at(found, aim, room)
        if len(met):
            features = self.constraints.features(met)
            heights = np.linalg.norm(features @ self.multipliers, axis=1)
            inside = np.flatnonzero(heights < 1.0)
            prices = fresh_prices(features[inside], heights[inside], aim, room)
            self.keep(met[inside], features[inside], prices)
        heights, m = self._heights(), len(self.targets)
        self._drop(heights)
        out = np.ones(len(heights), dtype=bool)
        out[self.chosen] = False
        new = []
        for order, wanted in (
            (-heights, out & (heights > self.near)),
            (limits, out[:count] & (limits < 1.0)),
        ):
            chosen = np.flatnonzero(wanted)
            new.append(chosen[np.argsort(order[chosen], kind="stable")][: SETTINGS.most_new * m])
        enter = np.union1d(*new)
        self.chosen = np.concatenate([self.chosen, enter])
        prices = fresh_prices(self.features[enter], heights[enter], aim, room)
        self.prices = np.concatenate([self.prices, prices])

    def _missed(self) -> float:
        """By how much the weights of the chosen and the free hinges miss the targets."""
        weights = self.prices[:, None] * self.columns[self.chosen]
        features = self.free_features
        free = self.free_prices[:, None] * (features @ self.multipliers)
        made = self.features[self.chosen].T @ weights + features.T @ free
        return float(np.linalg.norm(self.targets - made))

    def _drop(self, heights: Array) -> None:
        """Let light vertices leave, unless some row would not be seen any more."""
        m, own = len(self.targets), heights[self.chosen]
        weights = self.prices * own
        if len(weights) <= 2 * m:
            return
        limit = SETTINGS.light * np.partition(weights, len(weights) - m)[len(weights) - m]
        kept = (weights >= limit) | (own >= self.close)
        if (abs(self.features[self.chosen[kept]]).sum(axis=0) > 0.0).all():
            self.chosen, self.prices = self.chosen[kept], self.prices[kept]

    def _free_at(self, found: Hinges, aim: float, room: float = np.inf) -> None:
        """Make local maxima the free hinges.

        Those on one arc, or in one pattern, take over the price; others add at most `room` each to
        what the network misses.  Of those that are gone the heavy ones stay where they are.
        """
        pairs = nearest_pairs(found, self._places(found), self.free, self._places(self.free))
        gone = self.free
        if self.flat:
            gone, found = self._moved[0], self._led(found, pairs)
        features = self.constraints.features(found)
        heights = np.linalg.norm(features @ self.multipliers, axis=1)
        fresh, left = fresh_prices(features, heights, aim, room), self.free_prices.copy()
        for new, old in pairs:
            fresh[new], left[old] = left[old], 0.0
        self.free, self.free_features, self.free_prices = found, features, fresh
        self._moved = found, np.zeros(len(found), dtype=bool)
        rest = left > SETTINGS.inherited * self.prices.mean()
        if rest.any():
            self.keep(gone[rest], self.constraints.features(gone[rest]), left[rest])

    def _led(self, found: Hinges, pairs: list[tuple[int, int]]) -> Hinges:
        """The maxima; of those that were so before the step where it has led them, if the dual
        constraint is nearly as large there.

        Where it hardly bends its maximum runs to and fro: changes of second order, divided by the
        bend, move it by far more than the step, whose network then misses the targets.
        """
        moved, held = self._moved
        new, old = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        slack, slack_there = (
            1.0 - np.linalg.norm(self.constraints.features(hinges) @ self.multipliers, axis=1)
            for hinges in (found[new], moved[old])
        )
        good = ~held[old] & (slack_there <= SETTINGS.led * np.maximum(slack, LEAST_SLACK))
        normals, biases = found.normals.copy(), found.biases.copy()
        normals[new[good]], biases[new[good]] = moved.normals[old[good]], moved.biases[old[good]]
        return replace(found, normals=normals, biases=biases)

    def raise_floor(self, gap: float) -> None:
        """Beyond the plane fewer local maxima count the smaller complementarity is."""
        self.floor = SETTINGS.beyond[sum(gap < limit for limit in SETTINGS.stages)]

    def _places(self, hinges: Hinges) -> Names:
        """Numbers of the arcs, or the patterns in bytes: maxima of one name may be the same."""
        if isinstance(self.pricing, PlanePricing):
            return hinges.faces
        packed = np.packbits(hinges.patterns, axis=1)
        return packed.view(f"S{packed.shape[1]}")[:, 0]

    def keep(self, hinges: Hinges, features: Array, prices: Array) -> None:
        """Add hinges that stay where they are, with their features, to the vertices and to the
        chosen ones."""
        count = len(self.vertices)
        still = replace(hinges, free=np.zeros(len(hinges), dtype=bool))
        self.vertices = self.vertices + still
        self.features = stacked(self.features, features)
        self.columns = np.concatenate([self.columns, features @ self.multipliers])
        self.chosen = np.concatenate([self.chosen, np.arange(count, len(self.vertices))])
        self.prices = np.concatenate([self.prices, prices])
