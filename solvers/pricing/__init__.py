"""Exact pricing: the global maximum of the dual constraint over all feasible hinges."""

from __future__ import annotations

from typing import Protocol

from convexden.problem import Interpolation
from convexden.solvers.atoms import Array, Flags, Hinges


class Pricing(Protocol):
    """What the exchange loop asks of an exact pricer."""

    name: str
    problem: Interpolation

    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        """Local maxima with g >= min(floor, P), the greatest first, the greatest always, and the
        values of g there; none if no hinge is feasible."""

    def initial(self, count: int) -> Hinges:
        """At most so many hinges to start from."""

    def spanning(self) -> Hinges:
        """Hinges whose features span those of all feasible hinges."""

    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """Orthonormal directions (K, d, m) in which the hinges may move on their faces, padded with
        zero, and the centres (K, d) of the spheres on which their normals do."""

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """The hinges after steps (K, m) in these directions, and which of them were held back at
        the end of their face."""
