r"""Samples under any cost: column generation, finished by Newton's method.

1. The pool begins with rays of the arrangement, hinges through as many samples as there are
   dimensions.  If the price is polyhedral, they are all that count.
2. The restricted problem over the pool (`group_lasso`, with a penalty of 0 for interpolation) gives
   weights and multipliers, which are priced exactly: a bound, and hinges that violate them.
3. Newton's method starts from the local maxima that carry weight.  What it finds is priced as well.
4. Violated hinges join the pool until there are none, or until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from convexden.errors import NotCertified
from convexden.network import ShallowNetwork
from convexden.running.clock import Clock, Stopped
from convexden.solution import Progress
from convexden.solvers.central.local_model import local_model
from convexden.solvers.central.newton import polish
from convexden.solvers.central.pricing import CentralPricing, Maxima
from convexden.solvers.central.samples import Samples
from convexden.solvers.central.second_order import second_order_step
from convexden.solvers.hinges import Array
from convexden.solvers.programs.group_lasso import solve_group_lasso
from convexden.tolerances import COST_ROUNDING


@dataclass(frozen=True)
class CentralSettings:
    """Parameters of the rounds."""

    rounds: int = 60
    """Most of them; a dozen are usual."""

    first: int = 300
    """Rays that the pool begins with."""

    new: int = 60
    """Violated hinges that join it in a round."""

    most: int = 600
    """Hinges of the pool from which on those without weight leave it."""

    near: float = 1e-3
    """Maxima as close to 1, relatively, join the pool after a second-order step."""

    seen: float = 0.8
    """Share of the largest maximum from which on others have models."""

    models: int = 60
    """Most models of a step."""

    light: tuple[float, ...] = (1e-3, 1e-5, 1e-7)
    """Shares of the heaviest, from which on a model counts: what a cone solver gives to the others
    is of its accuracy.  Newton's method takes the first with which it succeeds."""

    weightless: float = 1e-10
    """Share of the heaviest below which a hinge has no weight."""

    arrived: float = COST_ROUNDING
    """Relative gap that is rounding."""

    close: float = 1e-9
    """Relative gap that is good enough, but might become rounding."""

    spare: int = 3
    """Rounds that such a gap leaves for Newton's method to succeed."""

    progress: float = 0.7
    """Share of the gap before above which a round made no progress."""

    stalled: int = 6
    """Rounds without progress after which nothing more is expected."""


SETTINGS = CentralSettings()


@dataclass(eq=False)
class Found:
    """The best network and multipliers so far.

    Attributes
    ----------
    hinges, weights : (K, D) and (K, p) arrays
    reduced : (M, p) array
    maximum : float
        The P of the reduced multipliers.
    objective, lower : float
        In units of the penalty, if there is one.
    rounds : int
    interrupted : bool
    """

    hinges: Array
    weights: Array
    reduced: Array
    maximum: float = 0.0
    objective: float = np.inf
    lower: float = 0.0
    rounds: int = 0
    interrupted: bool = False

    @property
    def gap(self) -> float:
        """The relative gap."""
        return (self.objective - self.lower) / self.objective if self.objective < np.inf else 1.0


class CentralSolver:
    """The problem of some samples, for any penalty."""

    def __init__(self, samples: Samples, clock: Clock) -> None:
        """Enumerate the faces.

        Raises
        ------
        TooLarge
            If they are too many.
        """
        self.samples, self.clock = samples, clock
        self.pricing = CentralPricing(samples)

    def solve(self, softness: float, report: Callable[[Progress], None]) -> Found:
        """The best network and multipliers for a penalty, 0 for interpolation.

        Raises
        ------
        NotCertified
            If the time was over before there was a network.
        """
        samples = self.samples
        empty = np.zeros((0, samples.vectors.shape[1])), np.zeros((0, samples.targets.shape[1]))
        found = Found(*empty, np.zeros_like(samples.targets))
        if not np.abs(samples.targets).max(initial=0.0) > 1e-14:
            found.objective = 0.0
            return found
        if softness:
            self._keep(found, *empty, softness)
        try:
            self._rounds(found, softness, report)
        except Stopped:
            found.interrupted = True
            if found.objective == np.inf:
                raise NotCertified("stopped before there was anything: raise time_limit") from None
        return found

    def largest_penalty(self) -> float:
        """From which on no hinge is used: P of the targets."""
        values = self.samples.multipliers(self.samples.targets)
        heights = self.pricing.maxima(values).heights
        return float(heights.max(initial=0.0))

    def _rounds(self, found: Found, softness: float, report: Callable[[Progress], None]) -> None:
        """Steps 1 to 4."""
        pool, stalled, spare = self._first_pool(), 0, SETTINGS.spare
        for _ in range(SETTINGS.rounds):
            self.clock.check()
            gap = found.gap
            columns = self.samples.features(pool)
            weights, reduced = solve_group_lasso(
                columns, self.samples.targets, softness, self.clock
            )
            maxima = self._rate(found, pool, weights, reduced, softness)
            report(Progress(found.rounds, found.objective, found.lower, len(pool)))
            if found.gap <= SETTINGS.arrived:
                return
            sizes = np.linalg.norm(weights, axis=1)
            carried = sizes > SETTINGS.weightless * sizes.max()
            if len(pool) > SETTINGS.most:
                pool = pool[carried]
            pool = np.vstack([pool, self._violated(maxima)])
            if not self.pricing.polyhedral:
                pool = np.vstack([pool, self._second_order(found, maxima, pool, softness)])
            if found.gap <= SETTINGS.arrived:
                return
            pool = _distinct(pool)
            stalled = stalled + 1 if found.gap > SETTINGS.progress * gap else 0
            spare -= found.gap <= SETTINGS.close
            if stalled >= SETTINGS.stalled or spare < 0:
                return

    def _first_pool(self) -> Array:
        """Rays, all or some of them, that span the features."""
        rays = self.pricing.rays
        if len(rays) <= SETTINGS.first:
            return rays
        rng = np.random.default_rng(0)
        columns = self.samples.features(rays)
        # Pivots first, which span what all span; then at random.
        pivots = scipy.linalg.qr(columns.T, mode="r", pivoting=True)[1][: columns.shape[1]]
        others = rng.permutation(np.setdiff1d(np.arange(len(rays)), pivots))
        return rays[np.concatenate([pivots, others])[: SETTINGS.first]]

    def _violated(self, maxima: Maxima) -> Array:
        """The hinges that violate the dual constraint most."""
        violated: Array = maxima.hinges[maxima.heights > 1 + 1e-12]
        return violated[: SETTINGS.new]

    def _second_order(self, found: Found, maxima: Maxima, pool: Array, softness: float) -> Array:
        """A step with second-order models, then Newton's method on the faces that count in it;
        hinges that either of them needs."""
        kept = np.flatnonzero(maxima.heights > SETTINGS.seen * maxima.heights[0])
        kept = kept[: SETTINGS.models]
        models, faces = [], []
        for k in kept:
            face = int(maxima.faces[k])
            model = local_model(self.pricing, face, maxima.hinges[k], self._last)
            if model is not None:
                models.append(model)
                faces.append(face)
        columns = self.samples.features(pool)
        step = second_order_step(
            self._last, columns, models, self.samples.targets, softness, self.clock
        )
        if step is None:
            return pool[:0]
        reduced, counts = step
        none = np.zeros((0, self.samples.targets.shape[1]))
        after = self._rate(found, pool[:0], none, reduced, softness)
        hinges = np.array([each.hinge for each in models])
        needed = np.vstack([self._near(after), hinges[counts > SETTINGS.light[-1] * counts.max()]])
        for light in SETTINGS.light:
            used = counts > light * counts.max(initial=0.0)
            polished = polish(
                self.pricing, np.array(faces)[used], hinges[used], counts[used], reduced, softness
            )
            if polished is not None:
                after = self._rate(
                    found, polished.hinges, polished.weights, polished.reduced, softness
                )
                return np.vstack([needed, polished.hinges, self._violated(after)])
        return needed

    def _near(self, maxima: Maxima) -> Array:
        """The hinges that nearly reach the bound of the dual constraint, or violate it."""
        near: Array = maxima.hinges[maxima.heights > 1 - SETTINGS.near]
        return near[: SETTINGS.new]

    def _rate(
        self, found: Found, hinges: Array, weights: Array, reduced: Array, softness: float
    ) -> Maxima:
        """Price multipliers, and keep them and the network if they are the best."""
        targets = self.samples.targets
        maxima = self.pricing.maxima(self.samples.multipliers(reduced))
        self._last = reduced
        largest = float(maxima.heights[0])
        scale = 1.0 / max(largest, 1e-300)
        product, square = float(np.sum(reduced * targets)), softness * float(np.sum(reduced**2))
        if square > 0.0:
            scale = min(scale, max(product, 0.0) / square)
        bound = scale * (product - scale / 2 * square)
        if bound > found.lower:
            found.lower, found.reduced, found.maximum = bound, scale * reduced, scale * largest
        self._keep(found, hinges, weights, softness)
        found.rounds += 1
        return maxima

    def _keep(self, found: Found, hinges: Array, weights: Array, softness: float) -> None:
        """Keep a network if it is the best; without a penalty it is made to interpolate first."""
        if not len(hinges) and not softness:
            return
        targets, columns = self.samples.targets, self.samples.features(hinges)
        sizes = np.linalg.norm(weights, axis=1)
        used = sizes > SETTINGS.weightless * sizes.max(initial=0.0)
        hinges, weights, columns = hinges[used], weights[used], columns[used]
        if not softness:
            for _ in range(2):
                weights = weights + np.linalg.lstsq(columns.T, targets - columns.T @ weights)[0]
            rest = np.linalg.norm(targets - columns.T @ weights)
            if rest > 1e-11 * np.linalg.norm(targets):
                return
        objective = float(np.linalg.norm(weights, axis=1).sum())
        if softness:
            objective += float(np.sum((targets - columns.T @ weights) ** 2)) / (2 * softness)
        if objective < found.objective:
            found.hinges, found.weights, found.objective = hinges, weights, objective

    def network(self, found: Found) -> ShallowNetwork:
        """The network that was found."""
        return self.samples.network(found.hinges, found.weights)


def _distinct(hinges: Array) -> Array:
    """The hinges, each once."""
    first = np.unique(np.round(hinges, 11), axis=0, return_index=True)[1]
    return hinges[np.sort(first)]
