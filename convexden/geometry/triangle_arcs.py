r"""The pricing maximum of multipliers on the balls of a triangle, in closed form.

A hinge that cuts none of three balls has one of them on one side.  Turned over it sees the other
two, with the same value of the dual constraint, so let ball k alone be active.  For a fixed normal
w the constraint :math:`F = l_k (w^T x_k + b) + G_k w` is affine in b: it is largest where the hinge
touches ball k (the *apex arc* of normals), or where it touches that of the other two which is
further along w (two *base arcs*).  On each of them :math:`F = u + G w`, and :math:`|F|^2` is a
trigonometric polynomial of degree two in the angle of w, stationary at the roots of a quartic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.geometry.triangle import Triangle

Array = NDArray[np.float64]

# A double root on the unit circle is off it by the root of rounding; values there are second order.
_ON_CIRCLE = 1e-6
# A leading coefficient below this share of the others is taken for it: its root is far away.
_VANISHING = 1e-14


@dataclass(frozen=True, eq=False)
class ArcFrame:
    """The nine arcs of normals of a triangle's balls, three a vertex: its apex arc and its two base
    arcs.

    Attributes
    ----------
    radius : float
    arms : (9, 2) array
        From the ball that the hinge touches to the active one.
    starts, ends : (9,) arrays
        Angles from the x-axis; an arc with its end before its start is empty.
    """

    radius: float
    arms: Array
    starts: Array
    ends: Array

    __repr__ = display.field_line

    @classmethod
    def of(cls, triangle: Triangle, radius: float) -> ArcFrame:
        """Those of balls of this radius."""
        x = triangle.vertices
        arms, starts, ends = [], [], []
        for k in range(3):
            one, two = (k + 1) % 3, (k + 2) % 3
            toward = float(np.arctan2(*triangle.normals[k][::-1]))
            room = [_half_circle(x[k] - x[m], 2 * radius, toward) for m in (one, two)]
            arms.append(np.zeros(2))
            starts.append(max(room[0][0], room[1][0]))
            ends.append(min(room[0][1], room[1][1]))
            for own, (m, other) in zip(room, ((one, two), (two, one)), strict=True):
                # On this arc m is further along w than the other.
                side = _half_circle(x[m] - x[other], 0.0, toward)
                arms.append(x[k] - x[m])
                starts.append(max(own[0], side[0]))
                ends.append(min(own[1], side[1]))
        return cls(radius, np.array(arms), np.array(starts), np.array(ends))

    def arcs(self, values: Array, jacobians: Array) -> Arcs:
        """With multipliers (3, 2) and (3, 2, 2)."""
        mine = np.repeat(values, 3, axis=0)
        slopes = np.repeat(jacobians, 3, axis=0) + mine[:, :, None] * self.arms[:, None, :]
        return Arcs(self.radius * _SIGNS[:, None] * mine, slopes, self.starts, self.ends)


# An apex arc is at a distance of the radius before its ball, base arcs are beyond the others.
_SIGNS = np.tile([1.0, -1.0, -1.0], 3)


@dataclass(frozen=True, eq=False)
class Arcs:
    """The nine arcs of an `ArcFrame` with multipliers.

    Attributes
    ----------
    shifts, slopes : (9, 2), (9, 2, 2) arrays
        u and G.
    starts, ends : (9,) arrays
    """

    shifts: Array
    slopes: Array
    starts: Array
    ends: Array

    __repr__ = display.field_line

    @classmethod
    def of(cls, triangle: Triangle, radius: float, values: Array, jacobians: Array) -> Arcs:
        """Those of multipliers (3, 2) and (3, 2, 2) for balls of this radius."""
        return ArcFrame.of(triangle, radius).arcs(values, jacobians)

    def value(self, which: NDArray[np.intp], angles: Array) -> Array:
        """|F| at these angles of these arcs."""
        normals = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        found = self.shifts[which] + (self.slopes[which] @ normals[..., None])[..., 0]
        return np.asarray(np.sqrt((found * found).sum(axis=-1)))

    def stationary(self) -> tuple[NDArray[np.intp], Array]:
        """The arcs and the angles at which |F| is stationary inside."""
        first = 2 * (self.slopes.swapaxes(1, 2) @ self.shifts[..., None])[..., 0]
        gram = self.slopes.swapaxes(1, 2) @ self.slopes
        even, odd = (gram[:, 0, 0] - gram[:, 1, 1]) / 2, gram[:, 0, 1]
        # d/dt of a cos t + b sin t + c cos 2t + d sin 2t, times z^2, with z = exp(i t).
        a, b, c, d = first[:, 0], first[:, 1], even, odd
        coefficients = np.stack(
            [
                1j * c + d,
                (1j * a + b) / 2,
                np.zeros(len(a)),
                (-1j * a + b) / 2,
                -1j * c + d,
            ],
            axis=1,
        )
        full = np.flatnonzero(self.starts < self.ends)
        roots = _roots(coefficients[full])
        owners, which = np.nonzero(np.abs(np.abs(roots) - 1) < _ON_CIRCLE)
        found, turns = full[owners], np.angle(roots[owners, which])
        turns = self.starts[found] + (turns - self.starts[found]) % (2 * np.pi)
        inside = turns < self.ends[found]
        return found[inside], turns[inside]

    @property
    def highest(self) -> float:
        """The largest |F| on all arcs."""
        full = np.flatnonzero(self.starts <= self.ends)
        inner, angles = self.stationary()
        which = np.concatenate([full, full, inner])
        every = np.concatenate([self.starts[full], self.ends[full], angles])
        return float(self.value(which, every).max())


def largest_on_arcs(triangle: Triangle, radius: float, values: Array, jacobians: Array) -> float:
    """The pricing maximum of multipliers (3, 2) and (3, 2, 2) for balls of this radius."""
    return Arcs.of(triangle, radius, values, jacobians).highest


def _half_circle(direction: Array, least: float, near: float) -> tuple[float, float]:
    """The angles, those next to a given one, of normals w with ``w @ direction >= least``."""
    middle = float(np.arctan2(direction[1], direction[0]))
    middle += 2 * np.pi * round((near - middle) / (2 * np.pi))
    half = float(np.arccos(np.clip(least / np.hypot(*direction), -1.0, 1.0)))
    return middle - half, middle + half


def _roots(coefficients: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The roots (B, 4) of quartics with these coefficients (B, 5), that of z^4 first: eigenvalues
    of their companion matrices."""
    sizes = np.abs(coefficients).max(axis=1)
    least = np.maximum(_VANISHING * sizes, np.finfo(float).tiny)
    leading = np.where(np.abs(coefficients[:, 0]) < least, least, coefficients[:, 0])
    companion = np.zeros((len(coefficients), 4, 4), dtype=np.complex128)
    companion[:, [1, 2, 3], [0, 1, 2]] = 1.0
    companion[:, 0] = -coefficients[:, 1:] / leading[:, None]
    return np.asarray(np.linalg.eigvals(companion))
