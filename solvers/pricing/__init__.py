"""Pricing: hinges at which the dual constraint is largest.

A heuristic pricer and an exact one differ by type, so that only an exact one can supply a bound.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np

from convexden.certificate import Leaves
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Hinges
from convexden.solvers.patterns.ramps import widest_ramps


class Pricing(ABC):
    """What the exchange loop asks of a pricer: hinges to add, and how they may move."""

    problem: Interpolation
    clock: Clock = UNLIMITED  # of the run

    @abstractmethod
    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        """Local maxima with g >= min(floor, P), the greatest first, the greatest always, and the
        values of g there; none if no hinge is feasible.  P is the greatest that the pricer
        finds."""

    def patterns(self) -> Flags:
        """Activation patterns (P, N) with ramps to start from, of every two complements one: none
        by default."""
        return np.zeros((0, len(self.problem)), dtype=bool)

    @cached_property
    def ramps(self) -> tuple[Hinges, Hinges]:
        """The hinges at the starts and at the ends of the ramps of `patterns`."""
        return widest_ramps(self.problem, self.patterns(), self.clock)

    @abstractmethod
    def initial(self, count: int) -> Hinges:
        """At most so many hinges to start from."""

    @abstractmethod
    def spanning(self) -> Hinges:
        """Hinges whose features span those of all feasible hinges, as far as the pricer finds
        them."""

    @abstractmethod
    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """Orthonormal directions (K, d, m) in which the hinges may move on their faces, padded with
        zero, and the centers (K, d) of the spheres on which their normals do."""

    @abstractmethod
    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """The hinges after steps (K, m) in these directions, and which of them were held back at
        the end of their face."""


class ExactPricing(Pricing):
    """A pricer that misses nothing: the greatest of its maxima is the pricing maximum."""

    name: str
    costly: bool = False
    """Whether it takes so long that a method asks it only for proofs."""

    def leaves(self, values: Array, jacobians: Array) -> Leaves | None:
        """What shows for most patterns that the dual constraint is at most one at multipliers
        (N, p) and (N, p, d), for whom pricing again takes too long; None if it does not."""
        return None

    def quick(self) -> Pricing:
        """A pricer for the rounds between two certificates, which may miss some: this one, unless
        it has a quicker one."""
        return self
