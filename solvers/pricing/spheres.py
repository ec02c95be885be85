r"""Where hinges go that keep touching sites: on spheres, along great circles, until a ball blocks.

Touching the affinely independent sites T leaves the normal of a hinge the sphere w = c + R u,
|u| = 1, across the steps between them.  Along a great circle of it the distance from every other
site swings about its mean like a cosine, which tells how far the hinge can go before it would cut a
ball or change its pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.arithmetic.float64 import SMALL
from convexden.problem import Interpolation
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.tolerances import DEPENDENT_RTOL, TANGENCY_RTOL


@dataclass(frozen=True, eq=False)
class Spheres:
    """The spheres of K hinges.

    Attributes
    ----------
    signs : (K, N) array
        1 for the sites on the active sides of the hinges, -1 for the others.
    members : (K, d) int array
        The touched sites, the pivot first, padded with -1.
    frame : (K, d, d - 1) array
        Orthonormal basis of the steps between them, padded with zero.
    triangle : (K, d - 1, d - 1) array
        The steps from the pivot to the others in this basis, padded with the identity.
    centers : (K, d) array
    radius : (K,) array
        Zero if it is less by rounding.
    """

    problem: Interpolation
    signs: Array
    members: Indices
    frame: Array
    triangle: Array
    centers: Array
    radius: Array

    @staticmethod
    def of(problem: Interpolation, patterns: Flags, members: Indices) -> Spheres:
        """Those of hinges with patterns (K, N) that touch affinely independent sites."""
        signs = np.where(patterns, 1.0, -1.0)
        sites = np.where(members >= 0, members, members[:, :1])
        offsets = np.take_along_axis(signs, sites, axis=1) * problem.radii[sites]
        frame, triangle = _steps(problem, sites)
        held = members[:, 1:] >= 0
        frame = frame * held[:, None, :]
        diagonal = np.arange(held.shape[1])
        triangle[:, diagonal, diagonal] += ~held
        relative = (offsets[:, 1:] - offsets[:, :1])[:, :, None]
        centers = (frame @ np.linalg.solve(triangle.transpose(0, 2, 1), relative))[:, :, 0]
        radius = np.sqrt(np.maximum(1.0 - np.sum(centers**2, axis=1), 0.0))
        return Spheres(problem, signs, members, frame, triangle, centers, radius)

    def __getitem__(self, which: Indices) -> Spheres:
        """Some of the spheres."""
        return Spheres(
            self.problem,
            self.signs[which],
            self.members[which],
            self.frame[which],
            self.triangle[which],
            self.centers[which],
            self.radius[which],
        )

    @property
    def pivots(self) -> Indices:
        """The first of the touched sites, (K,)."""
        return self.members[:, 0]

    @property
    def reach(self) -> Array:
        """Signed distances (K,) of the hinges from their pivots."""
        reach: Array = self.signs[np.arange(len(self.signs)), self.pivots]
        return reach * self.problem.radii[self.pivots]

    def across(self, vectors: Array) -> Array:
        """The parts of vectors (K, d) in the spaces of the spheres."""
        along = self.frame.transpose(0, 2, 1) @ vectors[:, :, None]
        return np.asarray(vectors - (self.frame @ along)[:, :, 0])

    def biases(self, normals: Array) -> Array:
        """Those of hinges with normals (K, d) on the spheres."""
        return np.asarray(self.reach - np.sum(normals * self.problem.centers[self.pivots], axis=1))

    def walk(self, normals: Array, ahead: Array, angles: Array) -> tuple[Array, Indices]:
        """Turn the hinges about the centers toward tangents (K, d) of unit length, as far as no
        ball blocks the way: the normals at the end, and the sites that block, -1 for none."""
        radial = unit(self.across(normals - self.centers))
        limits = self._limits(radial, ahead)
        first = limits.argmin(axis=1)
        least = limits[np.arange(len(first)), first]
        blocked = least < angles
        angles = np.where(blocked, least, angles)[:, None]
        turned = radial * np.cos(angles) + ahead * np.sin(angles)
        return self.centers + self.radius[:, None] * turned, np.where(blocked, first, -1)

    def _limits(self, radial: Array, ahead: Array) -> Array:
        """The angles (K, N) at which hinges on their way would cut the balls."""
        mean = self.signs * self.reach[:, None] + self._heights(self.centers) - self.problem.radii
        cosine = self.radius[:, None] * self._heights(radial)
        sine = self.radius[:, None] * self._heights(ahead)
        swing = np.hypot(cosine, sine)
        share = np.divide(-mean, swing, out=np.full_like(swing, -2.0), where=swing > DEPENDENT_RTOL)
        limits = np.arctan2(sine, cosine) + np.arccos(np.clip(share, -1.0, 1.0))
        limits[(mean + cosine <= TANGENCY_RTOL) & (sine < 0.0)] = 0.0
        limits[share < -1.0] = np.inf
        rows, columns = np.nonzero(self.members >= 0)
        limits[rows, self.members[rows, columns]] = np.inf
        return np.maximum(limits, 0.0)

    def _heights(self, vectors: Array) -> Array:
        """How far the sites are from the pivots along vectors (K, d), on their sides."""
        centers = self.problem.centers
        pivot = np.sum(vectors * centers[self.pivots], axis=1)
        return np.asarray(self.signs * (vectors @ centers.T - pivot[:, None]))


def independent(problem: Interpolation, members: Indices) -> Indices:
    """The members (K, d), padded with -1, without those in the affine hull of the ones before."""
    sites = np.where(members >= 0, members, members[:, :1])
    lengths = np.linalg.norm(problem.centers[sites] - problem.centers[sites[:, :1]], axis=2)
    triangle = _steps(problem, sites)[1]
    diagonal = np.abs(np.diagonal(triangle, axis1=1, axis2=2))
    kept = members >= 0
    kept[:, 1:] &= diagonal > DEPENDENT_RTOL * lengths[:, 1:]
    order = np.argsort(~kept, axis=1, kind="stable")
    return np.take_along_axis(np.where(kept, members, -1), order, axis=1)


def unit(vectors: Array) -> Array:
    """Vectors (K, d) of length one; those without a direction are zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > SMALL)


def _steps(problem: Interpolation, sites: Indices) -> tuple[Array, Array]:
    """The QR factors of the steps from the first site to the others."""
    points = problem.centers[sites]
    frame, triangle = np.linalg.qr((points[:, 1:] - points[:, :1]).transpose(0, 2, 1))
    return frame, triangle
