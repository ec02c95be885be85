"""The twelve hinges of three balls at the vertices of an acute triangle.

For each vertex: a base hinge, tangent to both other balls; two cross hinges, each tangent to its
ball and to one of the others on opposite sides; and one apex hinge, tangent to its ball alone,
which turns.  That no minimizer has another hinge is an observation, so this pricer proposes: the
verification proves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convexden.geometry.triangle import Triangle
from convexden.geometry.triangle_arcs import ArcFrame
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.hinges import Array, Flags, Hinges, Indices, dual_constraint
from convexden.solvers.pricing import Pricing

# The arcs of the apex hinges among all arcs of a triangle.
_APEX: Indices = np.array([0, 3, 6], dtype=np.intp)


class TwelveHinges(Pricing):
    """The largest values of the dual constraint on the twelve hinges.

    Parameters
    ----------
    problem : Interpolation
        Three balls of one radius at the vertices of an acute triangle in the plane, with room for
        a base hinge at every vertex.
    """

    def __init__(self, problem: Interpolation, clock: Clock = UNLIMITED) -> None:
        """The nine rigid hinges and the arcs of the other three; parameters as above."""
        self.problem, self.clock = problem, clock
        self.triangle = Triangle.of(problem.centers)
        self.radius = float(problem.radii[0])
        self.frame = ArcFrame.of(self.triangle, self.radius)
        self.starts, self.ends = self.frame.starts[_APEX], self.frame.ends[_APEX]
        every = np.arange(3)
        feet = (self.triangle.normals * self.triangle.feet).sum(axis=1)
        none = np.zeros(3, dtype=bool)
        base = Hinges(
            self.triangle.normals, -feet - self.radius, np.eye(3, dtype=bool), every, every, none
        )
        held = [self.apex(every, angles, none) for angles in (self.starts, self.ends)]
        self.rigid = base + held[0] + held[1]

    def apex(self, vertices: Indices, angles: Array, free: Flags) -> Hinges:
        """Hinges tangent to the balls of these vertices alone, with normals at these angles."""
        normals = np.column_stack([np.cos(angles), np.sin(angles)])
        biases = self.radius - (normals * self.problem.centers[vertices]).sum(axis=1)
        patterns = np.eye(3, dtype=bool)[vertices]
        return Hinges(normals, biases, patterns, vertices, vertices, free)

    def maxima(
        self, values: Array, jacobians: Array, floor: float, limit: int | None = None
    ) -> tuple[Hinges, Array]:
        """See `Pricing.maxima`; a cross hinge is one if the constraint does not grow from there on
        the arc of the apex hinge."""
        arcs = self.frame.arcs(values, jacobians)
        which, angles = arcs.stationary(_APEX)
        falls = (arcs.slope(_APEX, self.starts) <= 0.0, arcs.slope(_APEX, self.ends) >= 0.0)
        rigid = self.rigid[np.concatenate([np.ones(3, dtype=bool), *falls])]
        hinges = rigid + self.apex(which // 3, angles, np.ones(len(which), dtype=bool))
        found = dual_constraint(self.problem, hinges, values, jacobians)
        order = np.argsort(-found, kind="stable")[:limit]
        order = order[found[order] >= min(floor, found.max())]
        return hinges[order], found[order]

    def initial(self, count: int) -> Hinges:
        """The rigid ones, and the apex hinges parallel to the sides."""
        straight = np.arctan2(self.triangle.normals[:, 1], self.triangle.normals[:, 0])
        return (self.rigid + self.apex(np.arange(3), straight, np.ones(3, dtype=bool)))[:count]

    def spanning(self) -> Hinges:
        """All of them."""
        return self.initial(12)

    def tangents(self, hinges: Hinges) -> tuple[Array, Array]:
        """An apex hinge turns about its ball."""
        turn = np.column_stack([-hinges.normals[:, 1], hinges.normals[:, 0]])
        return (turn * hinges.free[:, None])[:, :, None], np.zeros_like(hinges.normals)

    def moved(self, hinges: Hinges, steps: Array) -> tuple[Hinges, Flags]:
        """Apex hinges turned by steps (K, 1), at most to where they touch another ball."""
        free = np.flatnonzero(hinges.free)
        vertices, w = hinges.pivots[free], hinges.normals[free]
        wanted = steps[free, 0]
        turned = (np.arctan2(w[:, 1], w[:, 0]) - self.starts[vertices]) % (2 * np.pi)
        length = self.ends[vertices] - self.starts[vertices]
        # Rounding may have put a hinge at the start of its arc before it.
        turned = np.where(turned > np.pi, 0.0, turned)
        angles = np.clip(turned + wanted, 0.0, length)
        moved = self.apex(vertices, self.starts[vertices] + angles, np.ones(len(free), dtype=bool))
        normals, biases = hinges.normals.copy(), hinges.biases.copy()
        normals[free], biases[free] = moved.normals, moved.biases
        held = np.zeros(len(hinges), dtype=bool)
        held[free] = angles != turned + wanted
        return replace(hinges, normals=normals, biases=biases), held
