"""Pricing of the faces near to recent maxima, between two calls for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convexden.solvers.hinges import Array, Flags, Hinges, Indices
from convexden.solvers.pricing import Pricing

if TYPE_CHECKING:
    from convexden.solvers.pricing.faces import FacePricing


class QuickFaces(Pricing):
    """The local maxima on faces near to recent ones; what else there is goes unseen for a while."""

    def __init__(self, exact: FacePricing) -> None:
        """What is quick beside this exact pricing."""
        self.problem, self.clock, self.exact = exact.problem, exact.clock, exact
        self._calls = 0

    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        """As `Pricing.maxima`; everywhere as long as there are no recent maxima."""
        found, constraint_values = self._maxima(self._near(), values, jacobians, floor, limit)
        high = constraint_values >= min(floor, constraint_values.max(initial=0.0))
        return found[high], constraint_values[high]

    def inner_maxima(self, values: Array, jacobians: Array, floor: float) -> tuple[Hinges, Array]:
        """As `maxima`, on the faces on which hinges can move; of all of these every few calls."""
        faces, last = self._near(), self.exact.table.starts[-2]
        if self._calls % self.exact.settings.often == 0:
            faces = np.arange(last)
        self._calls += 1
        found, heights = self._maxima(faces[faces < last], values, jacobians, floor, None)
        high = heights >= min(floor, heights.max(initial=0.0))
        return found[high], heights[high]

    def _near(self) -> Indices:
        """The faces near to recent maxima; all as long as there are none."""
        table, recent = self.exact.table, self.exact.recent
        return table.near(np.concatenate(recent)) if recent else np.arange(len(table))

    def _maxima(
        self, faces: Indices, values: Array, jacobians: Array, floor: float, limit: int | None
    ) -> tuple[Hinges, Array]:
        """The local maxima on faces, and lower ones which are remembered as well."""
        exact = self.exact
        found = exact.maxima_on(faces, values, jacobians, min(floor, exact.settings.watched), limit)
        exact.recent.append(found[0].faces)
        return found

    def vertices(self) -> Hinges:
        """As `FacePricing.vertices`."""
        return self.exact.vertices()

    def patterns(self) -> Flags:
        """As `Pricing.patterns`."""
        return self.exact.patterns()

    @property
    def ramps(self) -> tuple[Hinges, Hinges]:
        """As `Pricing.ramps`."""
        return self.exact.ramps

    def initial(self, count: int) -> Hinges:
        """As `Pricing.initial`."""
        return self.exact.initial(count)

    def spanning(self) -> Hinges:
        """As `Pricing.spanning`."""
        return self.exact.spanning()

    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """As `Pricing.tangents`."""
        return self.exact.tangents(hinges)

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """As `Pricing.moved`."""
        return self.exact.moved(hinges, steps)
