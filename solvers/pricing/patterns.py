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

Patterns are independent: steps 3 and 4 can be done by several processes.  The multipliers of the
settled patterns are *leaves* of the certificate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from convexden.certificate import Leaves
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.running.workers import HERE, Workers
from convexden.solvers.hinges import Array, Flags, Hinges, Indices, distinct, no_hinges
from convexden.solvers.patterns.face_table import FaceTable
from convexden.solvers.patterns.faces import PatternFaces, simplex_patterns
from convexden.solvers.pricing import ExactPricing, Pricing
from convexden.solvers.pricing.faces import FacePricing
from convexden.solvers.pricing.local import SETTINGS as LOCAL
from convexden.solvers.pricing.local import LocalPricing
from convexden.solvers.programs.leaf import LeafMultipliers, LeafProgram
from convexden.tolerances import SAME_HINGE_RTOL


@dataclass(frozen=True)
class PatternSettings:
    """How patterns are settled."""

    least_sites: int = 10
    """Sites from which on this takes less time than all faces: of nine digits it took half more, of
    ten three quarters, of eleven a third."""

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

    doubt: int = 3
    """Rounds of local pricing without a greater maximum, where nothing is violated: what it misses
    is found by the steps after it."""

    apart: int = 16
    """Semidefinite programs that a process solves before it reports: half a second."""


SETTINGS = PatternSettings()


class PatternPricing(ExactPricing):
    """Global and local maxima of the dual constraint, pattern by pattern.

    Parameters
    ----------
    problem : Interpolation
        N balls that span N - 1 dimensions, in units of its spread.
    clock : Clock, optional
        Of the run.
    workers : Workers, optional
        Who does steps 3 and 4.
    settings : PatternSettings, optional
    """

    name = "leaves"
    costly = True

    def __init__(
        self,
        problem: Interpolation,
        clock: Clock = UNLIMITED,
        workers: Workers = HERE,
        settings: PatternSettings = SETTINGS,
    ) -> None:
        """Nothing is known of any pattern yet."""
        n, d = problem.centers.shape
        self.problem, self.clock, self.workers, self.settings = problem, clock, workers, settings
        self._patterns = simplex_patterns(n)
        effort = replace(LOCAL, stock=len(self._patterns), doubt=settings.doubt)
        self.local = LocalPricing(problem, clock=clock, settings=effort)
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

    def recall(self, leaves: Leaves) -> None:
        """Begin with leaves of a problem nearby, which are looked at again before they count."""
        if leaves.sides.shape[1] != len(self.problem):
            return
        first, second = np.triu_indices(len(self.problem), 1)
        places = {pattern.tobytes(): row for row, pattern in enumerate(self._patterns)}
        for k, sides in enumerate(leaves.sides):
            # Of a pattern and its complement, with the same forms, one is stored.
            turned = sides * sides[0]
            row = places.get((turned > 0).tobytes())
            if row is None or not sides.all():
                continue
            self._spheres[row] = leaves.spheres[k]
            self._products[row][first, second] = leaves.products[k]
            self._lengths[row] = leaves.lengths[k]
            self._tilts[row] = sides[0] * leaves.tilts[k] @ self.problem.centers

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
        rows = np.flatnonzero(~settled)
        tasks = [
            (chunk, self._patterns[chunk], images[chunk]) for chunk in _parts(rows, settings.apart)
        ]
        solve = partial(_solved, self._program, settings.accuracy)
        for chunk, leaves in self.workers.results(solve, tasks, self.clock):
            for row, leaf in zip(chunk, leaves, strict=True):
                settled[row] = leaf.margin > settings.room
                if settled[row]:
                    self._spheres[row], self._products[row] = leaf.sphere, leaf.products
                    self._lengths[row], self._tilts[row] = leaf.lengths, leaf.tilts
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

    def _on_faces(
        self, rows: Indices, values: Array, jacobians: Array, floor: float
    ) -> tuple[Hinges, Array]:
        """Step 4: the local maxima of these patterns that are as high as the floor."""
        together = max(1, self.settings.together >> len(self.problem))
        tasks = [(int(chunk[0]), self._patterns[chunk]) for chunk in _parts(rows, together)]
        search = partial(_highest, self.problem, values, jacobians, floor)
        hinges, heights = no_hinges(self.problem), [np.zeros(0)]
        # Sorted, so that a run does not depend on which process was first.
        for _, found, high in sorted(
            self.workers.results(search, tasks, self.clock), key=lambda result: result[0]
        ):
            hinges = hinges + found
            heights.append(high)
        return hinges, np.concatenate(heights)


def _parts(rows: Indices, size: int) -> list[Indices]:
    """The rows, so many at a time."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _solved(
    program: LeafProgram, accuracy: float, task: tuple[Indices, Flags, Array]
) -> tuple[Indices, list[LeafMultipliers]]:
    """Step 3 for some patterns, given with their rows and images."""
    rows, patterns, images = task
    return rows, [
        program.solve(pattern, image, accuracy)
        for pattern, image in zip(patterns, images, strict=True)
    ]


def _highest(
    problem: Interpolation, values: Array, jacobians: Array, floor: float, task: tuple[int, Flags]
) -> tuple[int, Hinges, Array]:
    """Step 4 for some patterns, given with the row of the first."""
    row, patterns = task
    table = FaceTable(problem, patterns, _faces(_Sites(problem)).of(patterns))
    found, high = FacePricing(problem, table=table).maxima(values, jacobians, floor)
    kept = np.flatnonzero(high >= floor)
    # Numbers of faces mean nothing beyond their table.
    return row, replace(found[kept], faces=np.full(len(kept), -1)), high[kept]


class _Sites:
    """The sites of a problem, equal where they are: a process is handed a copy with every task."""

    def __init__(self, problem: Interpolation) -> None:
        """Of this problem."""
        self.problem = problem
        self._key = problem.centers.tobytes(), problem.radii.tobytes()

    def __eq__(self, other: object) -> bool:
        """Whether these are the same balls."""
        return isinstance(other, _Sites) and self._key == other._key

    def __hash__(self) -> int:
        """Of the numbers."""
        return hash(self._key)


@lru_cache(maxsize=1)
def _faces(sites: _Sites) -> PatternFaces:
    """The faces of whatever patterns."""
    return PatternFaces(sites.problem)
