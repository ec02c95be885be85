r"""Exact pricing of simplices with more faces than memory: pattern by pattern.

N sites in N - 1 dimensions have :math:`2^{N-1} - 1` patterns of :math:`2^N - 2` faces.  Near the
optimum the dual constraint is clearly below its maximum on nearly all patterns, which one
semidefinite program each shows (`programs.leaf`).

1. Local pricing says how large the maximum is at the least.
2. Patterns whose multipliers of an earlier call still show that they do not exceed this, or the
   floor if it is lower, are settled.
3. So are those for which the semidefinite program finds such multipliers.
4. On the others all faces are maximized, a few patterns at a time.
5. Local pricing remembers what it had missed.

The multipliers of the settled patterns are *leaves* of the certificate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from convexden.certificate import Leaves
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Hinges, Indices, distinct, no_hinges
from convexden.solvers.patterns.face_table import FaceTable
from convexden.solvers.patterns.faces import PatternFaces, simplex_patterns
from convexden.solvers.pricing import ExactPricing, Pricing
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.local import LocalPricing
from convexden.solvers.programs.leaf import LeafProgram
from convexden.tolerances import SAME_HINGE_RTOL


@dataclass(frozen=True)
class PatternSettings:
    """How patterns are settled."""

    most_sites: int = 14
    """Sites at the most: 8191 patterns, some 50 ms each, and 2400 unknown multipliers."""

    accuracy: float = 1e-4
    """Of the semidefinite programs; at 1e-8 they settle hardly more patterns."""

    room: float = 1e-7
    """Least eigenvalue of a leaf: above what rounding its numbers to nine digits may cost."""

    together: int = 60_000
    """Faces that are maximized together, of 2^N a pattern."""

    checked: int = 512
    """Patterns whose matrices are looked at together."""


SETTINGS = PatternSettings()


class PatternPricing(ExactPricing):
    """Global and local maxima of the dual constraint, pattern by pattern.

    Parameters
    ----------
    problem : Interpolation
        N balls that span N - 1 dimensions, in units of its spread.
    clock : Clock, optional
        Of the run.
    settings : PatternSettings, optional
    """

    name = "leaves"
    costly = True

    def __init__(
        self,
        problem: Interpolation,
        clock: Clock = UNLIMITED,
        settings: PatternSettings = SETTINGS,
    ) -> None:
        """Nothing is known of any pattern yet."""
        n, d = problem.centers.shape
        self.problem, self.clock, self.settings = problem, clock, settings
        self.local = LocalPricing(problem, clock=clock)
        self._patterns = simplex_patterns(n)
        self._program = LeafProgram(problem)
        count = len(self._patterns)
        self._spheres, self._products = np.zeros(count), np.zeros((count, n, n))
        self._lengths, self._tilts = np.zeros((count, n)), np.zeros((count, n, d))

    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        """See `Pricing.maxima`."""
        # Step 1.
        known = self.local.maxima(values, jacobians, floor, limit)
        ceiling = min(floor, float(known[1].max(initial=0.0)))
        # Steps 2 and 3.
        images = self._images(values, jacobians)
        rest = np.flatnonzero(~self._settled(images, ceiling))
        found = self._on_faces(rest, values, jacobians, ceiling)
        # Step 5.
        self.local.remember(found[0])
        hinges, heights = known[0] + found[0], np.concatenate([known[1], found[1]])
        order = np.argsort(-heights, kind="stable")
        order = order[distinct(hinges[order], SAME_HINGE_RTOL)]
        high = heights[order] >= min(floor, heights.max(initial=0.0))
        return hinges[order[high][:limit]], heights[order[high][:limit]]

    def leaves(self, values: Array, jacobians: Array) -> Leaves:
        """The leaves of the patterns that are known not to exceed one at these multipliers."""
        images = self._images(values, jacobians)
        rows = np.flatnonzero(self._margins(images) > self.settings.room)
        n, (first, second) = len(self.problem), np.triu_indices(len(self.problem), 1)
        return Leaves(
            np.where(self._patterns[rows], 1, -1),
            self._spheres[rows],
            self._products[rows][:, first, second],
            self._lengths[rows],
            self._program.combinations(self._tilts[rows]).reshape(len(rows), n, n),
        )

    def quick(self) -> Pricing:
        """Local pricing, which remembers what it had missed."""
        return self.local

    def patterns(self) -> Flags:
        """As `Pricing.patterns`."""
        return self.local.patterns()

    @property
    def ramps(self) -> tuple[Hinges, Hinges]:
        """As `Pricing.ramps`."""
        return self.local.ramps

    def initial(self, count: int) -> Hinges:
        """As `Pricing.initial`."""
        return self.local.initial(count)

    def spanning(self) -> Hinges:
        """As `Pricing.spanning`."""
        return self.local.spanning()

    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """As `Pricing.tangents`."""
        return self.local.tangents(hinges)

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """As `Pricing.moved`."""
        return self.local.moved(hinges, steps)

    def _images(self, values: Array, jacobians: Array) -> Array:
        """F (P, p, d + 2) on (1, w, b), for each pattern."""
        active, problem = self._patterns.astype(float), self.problem
        moments = values[:, :, None] * problem.centers[:, None, :] + jacobians
        n, p, d = moments.shape
        images = np.zeros((len(active), p, d + 2))
        images[:, :, 1:-1] = (active @ moments.reshape(n, -1)).reshape(-1, p, d)
        images[:, :, -1] = active @ values
        return images

    def _settled(self, images: Array, ceiling: float) -> Flags:
        """Which patterns are shown not to exceed a ceiling: steps 2 and 3."""
        settings = self.settings
        if not ceiling > 0.0:
            return np.zeros(len(images), dtype=bool)
        images = images / ceiling
        settled = self._margins(images) > settings.room
        for row in np.flatnonzero(~settled):
            self.clock.check()
            found = self._program.solve(self._patterns[row], images[row], settings.accuracy)
            settled[row] = found.margin > settings.room
            if settled[row]:
                self._spheres[row], self._products[row] = found.sphere, found.products
                self._lengths[row], self._tilts[row] = found.lengths, found.tilts
        return settled

    def _margins(self, images: Array) -> Array:
        """The least eigenvalues (P,) of S with the multipliers that are known."""
        margins = []
        for start in range(0, len(images), self.settings.checked):
            rows = slice(start, start + self.settings.checked)
            matrices = self._program.matrices(
                self._patterns[rows],
                images[rows],
                self._spheres[rows],
                self._products[rows],
                self._lengths[rows],
                self._tilts[rows],
            )
            margins.append(np.linalg.eigvalsh(matrices)[:, 0])
        return np.concatenate(margins)

    @cached_property
    def _faces(self) -> PatternFaces:
        """Of whatever patterns."""
        return PatternFaces(self.problem, self.clock)

    def _on_faces(
        self, rows: Indices, values: Array, jacobians: Array, floor: float
    ) -> tuple[Hinges, Array]:
        """Step 4: the local maxima of these patterns that are as high as the floor."""
        hinges, heights = no_hinges(self.problem), [np.zeros(0)]
        step = max(1, self.settings.together >> len(self.problem))
        for start in range(0, len(rows), step):
            chunk = self._patterns[rows[start : start + step]]
            table = FaceTable(self.problem, chunk, self._faces.of(chunk))
            pricing = FacePricing(self.problem, self.clock, table=table)
            found, high = pricing.maxima(values, jacobians, floor)
            kept = np.flatnonzero(high >= floor)
            # Numbers of faces mean nothing beyond their table.
            hinges = hinges + replace(found[kept], faces=np.full(len(kept), -1))
            heights.append(high[kept])
        return hinges, np.concatenate(heights)
