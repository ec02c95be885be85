r"""A semi-infinite primal-dual interior point.

The dual problem has one constraint for each hinge z,

    maximize <T, Z>   subject to   c_z(Z) = (1 - |q_z|^2) / 2 >= 0,      q_z = Z^T psi_z.

Its central path for mu > 0 is

    sum_z price_z psi_z q_z^T = T,      price_z c_z = mu.

All *vertices*, hinges that touch as many sites as there are dimensions, are constraints; beside
them count the local maxima inside arcs, beyond the plane inside faces (*free* hinges), which move
with Z and enter with their curvature.

1. Start from the vertices' center, the path's limit for large mu, with a pricing maximum of .7.
   Beyond the plane, where these do not span the targets, local maxima join them.
2. Predictor: Newton's step to mu = 0.
3. Corrector: the step to sigma mu, with the second order of the predictor, and up to three more
   that lengthen it (`central_path_direction`).
4. Ratio test over all vertices, whether they are in the system or not, and the models of the free
   hinges: 98 % of the way to the first that it would violate.
5. Exact pricing of the new multipliers.  If a free hinge is violated: back, and it joins the
   constraints where it is; if that happens by little, the multipliers are scaled down.
6. Free hinges on the same arc, or next to each other with one pattern, keep their prices.  In the
   plane they go where the step leads them, price times motion, not to their maxima: the network
   is linear in these products, and a maximum where the dual constraint hardly bends runs away.
   Vertices without weight leave the system, those near violation enter it.  Back to 2.
7. Once complementarity is below 1e-6 to 1e-9, Newton's method on the active hinges (local
   reduction) ends it.  With targets of one dimension the dual is a linear program, whose path ends
   inside a face of optimal multipliers, where the system is singular: there column generation
   ends it, from complementarity 1e-5 on, over the hinges that nearly saturate.

There is one run where column generation solves many cone programs.  Where it does not converge,
column generation takes over, first over the hinges that nearly saturate, then from its own start.

References: Hettich and Kortanek, Semi-infinite programming, SIAM Review 35 (1993).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from convexden.problem import Interpolation
from convexden.solvers.hinges import Array, Flags, Hinges
from convexden.solvers.methods.central_path_direction import direction, progress
from convexden.solvers.methods.central_path_state import PathPricing, PathState
from convexden.solvers.methods.central_path_system import Working, vanishing
from convexden.solvers.methods.column_generation import ColumnGeneration
from convexden.solvers.methods.exchange import SMALL, Incumbent
from convexden.solvers.methods.large_newton import polish_large
from convexden.solvers.methods.newton import Polished, active_set
from convexden.solvers.methods.normal_equations import full
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.plane import PlanePricing
from convexden.tolerances import COST_ROUNDING


@dataclass(frozen=True)
class CentralPathSettings:
    """Parameters of the interior point; `benchmarks/settings.py` shows what moving them does."""

    from_balls: int = 40
    """Sites, some of them balls, with targets of two or more dimensions, from which on it takes
    less time than column generation: two thirds for 40 discs in a box, a third for 55."""

    from_labels: int = 60
    """The same with targets of one dimension: as much for 55 discs, two fifths for 70."""

    from_samples: int = 150
    """The same for samples alone: of two draws of 100 one took as much and one a sixth."""

    most_ramps: int = 300
    """Patterns beyond the plane up to which their ramps make a first network: of 25 points in space
    the 1900 ramps took half as long as the path."""

    iterations: int = 160
    """After which column generation takes over; 15 to 45 are usual.  Of ten clusters of 100 noisy
    samples one took 56, and another had a gap of 1e-6 after 120."""

    boundary: float = 0.98
    """Share of the way to the boundary: .99 saved an iteration in twenty, and lost one problem."""

    overshoot: tuple[float, float, float] = (0.5, 0.3, 1.1)
    """Violations of free hinges that are scaled away: shares of the gain of the step and of
    complementarity, and the largest pricing maximum."""

    cuts: int = 12
    """Times that a step is cut short."""

    shortest: float = 1e-8
    """Length of a step below which it leads nowhere."""

    margin: float = 0.1
    """Share of the room below one before the step that scaling leaves."""

    often: float = 0.1
    """Share of complementarity after which bound and cost are worked out again: both take as long
    as an iteration."""

    met: float = 1e-2
    """Residual below which the network is near enough to be repaired, and to have a cost."""

    lightest: float = 1e-3
    """Share of complementarity that the hinges weigh which are left out of the network."""

    newton: tuple[float, float] = (1e-7, 1e-9)
    """Complementarity at which Newton's method is tried, for small and for large systems: above,
    price and slack do not tell which hinges are active."""

    newton_beyond: float = 1e-6
    """The same beyond the plane."""

    again: float = 1 / 30
    """Share of that at which it is tried again."""

    large: int = 150
    """Unknown multipliers from which on `large_newton` takes less time than `newton`."""

    spare: int = 6
    """Iterations that a gap within the tolerance leaves for Newton's method to succeed."""

    spare_beyond: int = 20
    """The same beyond the plane, where Newton's method fails more often: of fourteen nearly
    regular simplices of five dimensions three ended above 1e-10 with six."""

    huge: int = 1200
    """Unknown multipliers from which on an iteration takes seconds."""

    spare_huge: int = 2
    """How many are left then: 300 discs end at 6e-12, with none at 9e-10."""

    few: tuple[int, int] = (600, 2)
    """Unknown multipliers from which on networks are made of few hinges, and how many for each: the
    others weigh 1e-6 of them when the gap is 1e-9, and a repair of all takes ten seconds."""

    each: int = 3
    """Beside the heaviest as many for each row, those that add most to it: a row that no hinge sees
    cannot be corrected, and the verification has to find hinges of its own."""

    crossover: float = 1e-5
    """Complementarity at which column generation ends a path of targets of one dimension: with 200
    samples one master was enough, from 1e-3 on it took five."""

    saturating: tuple[float, float] = (0.97, 0.995)
    """Dual constraint value from which on hinges go to that column generation, far from the end and
    near it: of 200 samples with 175 neurons 600 and 300 do, and the masters over the latter, which
    take most of the time, half as long."""

    near_end: float = 1e-3
    """Gap below which that is near: the active hinges are among the fewer ones."""

    most_saturating: int = 4000
    """How many they may be: with targets of two dimensions a master over 1000 takes seconds, and
    over the 16 000 of ten clusters of 100 noisy samples it did not end."""

    least: float = 1e-12
    """Complementarity that is rounding: of twenty flowers in four dimensions 110 iterations between
    this and a tenth of it improved nothing."""


SETTINGS = CentralPathSettings()


def pays(problem: Interpolation) -> bool:
    """Whether this takes less time than column generation: in the plane if sites are many, and
    always beyond."""
    if problem.input_dimension > 2:
        return True
    if not problem.radii.any():
        return len(problem) >= SETTINGS.from_samples
    labels = problem.output_dimension == 1
    return len(problem) >= (SETTINGS.from_labels if labels else SETTINGS.from_balls)


class CentralPath(ColumnGeneration):
    """The interior point on one problem, with column generation to fall back on.

    Parameters are those of `ColumnGeneration`.
    """

    _believed: Array | None = None  # multipliers whose bound is that of the path itself

    def run(self, start: Hinges | None = None) -> Incumbent:
        """See `Exchange.run`; the hinges to start from are for column generation."""
        if self._affine():
            return self.incumbent
        pricing = self._applicable()
        state = None if pricing is None else self._state(pricing)
        if state is not None:
            if not state.flat and len(self.pricing.patterns()) <= SETTINGS.most_ramps:
                self._ramps()  # a network at once, for those who stop early
            with suppress(np.linalg.LinAlgError):  # the systems are no longer definite
                self._follow(state)
        if self.incumbent.multipliers is self._believed:
            # Rounding may have merged vertices that large multipliers tell apart.
            self.incumbent.proven = 0.0
            self.prove()
        if state is not None:
            large = self.constraints.targets.size >= (SETTINGS.large if state.flat else SMALL)
            if self.incumbent.gap > (self.tolerance if large else self._goal):
                self._cross_over(state)
        if self.incumbent.gap > self.tolerance:
            return super().run(start)
        self._thin()
        return self.incumbent

    def _cross_over(self, state: PathState) -> None:
        """Column generation over the hinges that nearly saturate at the end of the path."""
        if not np.isfinite(self.incumbent.cost):
            return
        far, near = SETTINGS.saturating
        limit = near if self.incumbent.gap < SETTINGS.near_end else far
        high = np.linalg.norm(state.working().columns, axis=1) > limit
        if 0 < high.sum() <= SETTINGS.most_saturating:
            self._exchange(state.hinges()[np.flatnonzero(high)])

    def _applicable(self) -> PathPricing | None:
        """Exact pricing; None if in the plane the room between some sites is narrow."""
        if isinstance(self.exact, FacePricing):
            return self.exact
        if isinstance(self.exact, PlanePricing) and not self.constraints.narrow:
            return self.exact
        return None

    def _state(self, pricing: PathPricing) -> PathState:
        """Before the first iteration."""
        return PathState(self.constraints, pricing)

    def _follow(self, state: PathState) -> None:
        """Steps 1 to 7."""
        if not state.begin():
            return
        incumbent, settings = self.incumbent, SETTINGS
        large = self.constraints.targets.size >= settings.large
        tried, shown = settings.newton[large], np.inf
        huge = self.constraints.targets.size >= settings.huge
        spare = settings.spare_huge if huge else settings.spare
        if not state.flat:
            tried, spare = settings.newton_beyond, settings.spare_beyond
        line = state.flat and self.constraints.targets.shape[1] == 1
        end = settings.crossover if line else settings.least
        working = state.working()
        for _ in range(settings.iterations):
            self.constraints.clock.check()
            if not iterate(state, working):
                return
            working = state.working()
            gap, residual = progress(state, working)
            if not state.flat:
                self._believe(state)
                state.raise_floor(gap)
            if gap < max(shown, self.tolerance):
                if state.flat:
                    self._price(state.multipliers, 1.0)
                if residual < settings.met:
                    self._improve_primal(state.hinges(), working, gap)
                shown = settings.often * gap
            self._record(len(working.prices))
            near = residual < 10 * gap if state.flat else incumbent.gap < tried
            if gap < tried and near:
                self._newton(*self._active(state, working, gap), state.multipliers)
                tried = gap * settings.again
            spare -= incumbent.gap <= self.tolerance
            if incumbent.gap <= self._goal or spare < 0 or gap < end:
                return

    def _active(self, state: PathState, working: Working, gap: float) -> tuple[Hinges, Array]:
        """The active hinges and their weights."""
        hinges = state.hinges()
        if state.flat:
            active = _active(working)
            return hinges[np.flatnonzero(active)], working.prices[active]
        found = self._rate(self.pricing, state.multipliers, 0.9)
        own = np.linalg.norm(working.columns, axis=1)
        return active_set(hinges, working.prices * own, own, *found, gap, constant=False)

    def _believe(self, state: PathState) -> None:
        """Keep the multipliers if their bound is the best: they were priced exactly."""
        incumbent = self.incumbent
        lower = state.objective / state.maximum
        if incumbent.proven < lower <= incumbent.cost * (1 + COST_ROUNDING):
            self._believed = multipliers = state.multipliers / state.maximum
            incumbent.proven, incumbent.proof = lower, multipliers
            if incumbent.lower < lower:
                incumbent.lower, incumbent.multipliers = lower, multipliers

    def _improve_primal(self, hinges: Hinges, working: Working, gap: float) -> None:
        """Repair the network of the working hinges, without the lightest: together they weigh a
        small share of complementarity."""
        weights = working.prices[:, None] * working.columns
        norms = np.linalg.norm(weights, axis=1)
        order = np.argsort(norms)
        share = np.cumsum(norms[order]) / norms.sum()
        order = order[share > SETTINGS.lightest * gap]
        (many, few), size = SETTINGS.few, self.constraints.targets.size
        if size >= many:
            added = norms[:, None] * np.abs(full(working.features))
            most = np.argpartition(-added, SETTINGS.each, axis=0)[: SETTINGS.each]
            order = np.union1d(order[-few * size :], most)
        heavy = np.sort(order)
        features = self.constraints.features(hinges[heavy])
        self._improve_cost(hinges[heavy], features, weights[heavy])

    def _polish(self, active: Hinges, alphas: Array, multipliers: Array) -> Polished | None:
        """See `Exchange`."""
        if multipliers.size < SETTINGS.large or self.constraints.problem.input_dimension > 2:
            return super()._polish(active, alphas, multipliers)
        return polish_large(self.constraints, self.pricing, active, alphas, multipliers)


def _active(working: Working) -> Flags:
    """The hinges with more price than slack, in units in which the product of both is mu."""
    mean = float(working.prices @ working.slacks) / len(working.prices)
    rows = working.features.shape[1] * working.columns.shape[1]
    return np.asarray(working.prices > np.sqrt(mean * working.prices.sum() / rows))


def iterate(state: PathState, working: Working) -> bool:
    """Steps 2 to 6; whether that led anywhere."""
    step, aim = direction(state, working)
    columns = np.asarray(state.features @ step.multipliers)
    slacks = (1.0 - np.sum(state.columns**2, axis=1)) / 2
    slopes, curves = np.sum(state.columns * columns, axis=1), np.sum(columns**2, axis=1)
    limits = vanishing(slacks, slopes, curves)
    longest = min(float(limits.min()), working.longest(step))
    length = min(1.0, SETTINGS.boundary * longest)
    # Step 5.
    gain = float(np.sum(state.targets * step.multipliers)) / state.objective
    slack = float(working.prices @ working.slacks) / state.objective
    met = state.free[:0]
    for _ in range(SETTINGS.cuts):
        maximum, found, heights = state.price(
            state.multipliers + length * step.multipliers, state.columns + length * columns
        )
        by_gain, by_slack, most = SETTINGS.overshoot
        allowed = max(by_gain * length * gain, by_slack * slack)
        if maximum < 1.0 or (maximum < most and maximum - 1.0 < allowed):
            break
        above = found[heights > 1.0]
        if state.caught(above, slack):
            return True
        met = met + above
        rise = maximum - state.maximum
        cut = SETTINGS.boundary * (1.0 - state.maximum) / rise if rise > 0.0 else 0.5
        length *= float(np.clip(cut, 0.1, 0.5))
    room = 1.0 - state.maximum
    state.advance(step, length, columns)
    state.maximum = maximum
    if maximum >= 1.0:
        heaviest = max(state.prices.max(), state.free_prices.max(initial=0.0))
        state.scale((1.0 - max(SETTINGS.margin * room, 2 * aim / heaviest)) / maximum)
    # Step 6.
    state.exchange(found, met, limits, aim)
    return length > SETTINGS.shortest
