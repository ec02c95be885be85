r"""Three ramps with tilted ends on the balls of an acute triangle, and their multipliers.

Vertex k has the base hinge :math:`n_k \cdot (y - p_k)`, which touches both other balls and is
parallel to the side between them, and the apex hinge :math:`w_k \cdot (y - x_k) + \rho`, which
touches ball k only and is turned off the side by the angle :math:`t_k`.  No ramp is flat on its
ball by itself: all three share one *leak*, a matrix M that the skip connection -M cancels.  The
notation is that of `convexden.theorems.acute_triangle`.

**Equations.**  There are 21 for the numbers :math:`(t, c, M, l, q)`.  The ramp to the vertex v of
the least height may lose its rise :math:`x_v - L(p_v)`; then M, :math:`c - x_v` and the other two
angles vanish in proportion.  They are written as :math:`\epsilon` times numbers that stay finite,
with coordinates counted from :math:`x_v`, so that the equations stay regular down to
:math:`\epsilon = 0`.  The two further unknowns :math:`\epsilon` and :math:`\rho` leave two
equations to choose:

* at a given radius :math:`\epsilon = 1`, which is the original system;
* at a given radius the rise has the length :math:`\epsilon`;
* that, and :math:`\epsilon = 0`: where the ramp vanishes.

**Newton's method.**  The equations are analytic, so their derivatives are taken by complex steps,
which are exact to rounding (Squire and Trapp 1998): the imaginary part of f(x + i h) is h f'(x) up
to h^3, and with h = 1e-30 nothing is subtracted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.geometry.triangle import Triangle
from convexden.geometry.triangle_arcs import largest_on_arcs
from convexden.theorems._median import weighted_geometric_median

Array = NDArray[np.float64]
Complex = NDArray[Any]
Closing = Callable[["_Equations"], tuple[Complex, Complex]]

# Unknowns: three angles, the center (2), the leak (4), the l_k and q_k (6 each), epsilon and rho.
_UNKNOWNS = 23
# The complex step: its cube is far below rounding.
_STEP = 1e-30
# Newton steps: five are enough within the range, and divergence shows in a dozen.
_NEWTON = 15
# A step of this size, in units of the triangle, is rounding.
_ROUNDING = 1e-13
# Numbers of this size are those of an iteration that runs away.
_RUNAWAY = 1e3
# Residual of the equations that rounding explains, in units of the triangle.
_MET = 1e-11
# Below this the sine is its series: the next term is below rounding.
_SMALL_ANGLE = 1e-3


@dataclass(frozen=True, eq=False)
class TiltedRamps:
    """A solution of the equations, in the plane of the triangle and its units.

    Attributes
    ----------
    triangle : Triangle
    radius : float
    angles : (3,) array
        The t_k by which the apex hinges are turned off the sides, in radians.
    center : (2,) array
        c, the value of the affine part at the origin.
    leak : (2, 2) array
        M.
    base_weights, apex_weights : (3, 2) arrays
        A_k and B_k.
    values : (3, 2) array
        Multipliers l_k.
    jacobians : (3, 2, 2) array
        Multipliers G_k.
    unknowns : (23,) array
        What was solved for.
    """

    triangle: Triangle
    radius: float
    angles: Array
    center: Array
    leak: Array
    base_weights: Array
    apex_weights: Array
    values: Array
    jacobians: Array
    unknowns: Array

    __repr__ = display.field_line

    @property
    def apex_normals(self) -> Array:
        """Unit normals (3, 2) of the apex hinges."""
        cos, sin = np.cos(self.angles)[:, None], np.sin(self.angles)[:, None]
        return np.asarray(cos * self.triangle.normals + sin * self.triangle.along)

    @property
    def hinges(self) -> tuple[Array, Array, Array]:
        """Weights, unit normals (6, 2) and biases (6,): three base hinges, three apex hinges."""
        each, normals, apex = self.triangle, self.triangle.normals, self.apex_normals
        base = -(normals * each.feet).sum(axis=1) - self.radius
        touching = self.radius - (apex * each.vertices).sum(axis=1)
        return (
            np.vstack([self.base_weights, self.apex_weights]),
            np.vstack([normals, apex]),
            np.concatenate([base, touching]),
        )

    @property
    def cost(self) -> float:
        """The sum of the |A_k| and the |B_k|."""
        weights = np.vstack([self.base_weights, self.apex_weights])
        return float(np.linalg.norm(weights, axis=1).sum())

    @property
    def pricing_maximum(self) -> float:
        """The largest value of the dual constraint on hinges that cut no ball, in closed form."""
        return largest_on_arcs(self.triangle, self.radius, self.values, self.jacobians)


def at_radius(triangle: Triangle, radius: float) -> TiltedRamps | None:
    """The solution at this radius, from the face-aligned network; None if Newton's method does not
    find it, as where the median is a vertex."""
    start = _face_aligned(triangle, radius)
    return None if start is None else _solved(triangle, start, _whole(radius))


def near_the_end(before: TiltedRamps, radius: float) -> TiltedRamps | None:
    """The solution at this radius, next to where the ramp to the vertex of the least height has no
    rise left, from one at a smaller radius; None if the ramp has none any more."""
    found = _solved(before.triangle, _scaled(before), _rising(radius))
    return None if found is None or found.unknowns[-2] <= 0.0 else found


def vanishing_radius(before: TiltedRamps) -> float:
    """The radius at which the ramp to the vertex of the least height has no rise left, from a
    solution at a smaller one; not a number if it is not found."""
    found = _solved(before.triangle, _scaled(before), _vanishing)
    return np.nan if found is None else found.radius


def _whole(radius: float) -> Closing:
    """That epsilon is 1 and the radius is given."""
    return lambda found: (found.epsilon - 1.0, found.radius - radius)


def _rising(radius: float) -> Closing:
    """That epsilon is the length of the last ramp's rise, and the radius is given."""
    return lambda found: (found.excess, found.radius - radius)


def _vanishing(found: _Equations) -> tuple[Complex, Complex]:
    """That epsilon is the length of the last ramp's rise, and zero."""
    return found.excess, found.epsilon


def _face_aligned(triangle: Triangle, radius: float) -> Array | None:
    r"""The unknowns (23,) of the face-aligned network, which is next to the solution; None if its
    median is a vertex.

    Angles and leak are zero, c is the weighted median, :math:`l_k = 2 \omega_k v_k` and
    :math:`q_k = \gamma_k v_k^\perp`, with the :math:`\gamma_k` that come closest to the equalities.
    """
    x = _from_last(triangle)
    prices = 1 / (triangle.heights - 2 * radius)
    center = weighted_geometric_median(x, prices)
    arms = x - center
    lengths = np.sqrt((arms * arms).sum(axis=1))
    if not lengths.all():
        return None
    units = arms / lengths[:, None]
    turned = np.column_stack([-units[:, 1], units[:, 0]])
    middles = 2 * x - triangle.heights[:, None] * triangle.normals
    moment = (prices[:, None, None] * units[:, :, None] * middles[:, None, :]).sum(axis=0)
    free = turned[:, :, None] * triangle.along[:, None, :]
    gammas = np.linalg.lstsq(free.reshape(3, 4).T, -moment.ravel(), rcond=None)[0]
    values, slopes = 2 * prices[:, None] * units, gammas[:, None] * turned
    zeros, ends = np.zeros(4), np.array([1.0, radius])
    return np.concatenate([zeros[:3], center, zeros, values.ravel(), slopes.ravel(), ends])


def _scaled(before: TiltedRamps) -> Array:
    """The unknowns of a solution with epsilon the length of the last ramp's rise."""
    unknowns, v = before.unknowns.copy(), _last(before.triangle)
    old = unknowns[-2]
    rise = _Equations.at(before.triangle, unknowns[None]).last_rise[0]
    factor = float(np.linalg.norm(rise))
    angle = unknowns[v]
    unknowns[:9] /= factor
    unknowns[v] = angle
    unknowns[-2] = old * factor
    return unknowns


def _last(triangle: Triangle) -> int:
    """The vertex of the least height, whose ramp may vanish."""
    return int(triangle.heights.argmin())


def _from_last(triangle: Triangle) -> Array:
    """The vertices, counted from that one."""
    return np.asarray(triangle.vertices - triangle.vertices[_last(triangle)])


def _solved(triangle: Triangle, start: Array, closing: Closing) -> TiltedRamps | None:
    """Newton's method from these unknowns (23,); None if it does not converge."""
    unknowns = start
    for _ in range(_NEWTON):
        shifted = np.vstack([unknowns, unknowns + 1j * _STEP * np.eye(_UNKNOWNS)])
        residual = _Equations.at(triangle, shifted).closed(closing)
        try:
            step = np.linalg.solve(residual[1:].imag.T / _STEP, -residual[0].real)
        except np.linalg.LinAlgError:
            return None
        unknowns = unknowns + step
        size = np.abs(step).max()
        if not size < _RUNAWAY:  # or not a number
            return None
        if size <= _ROUNDING:
            break
    found = _Equations.at(triangle, unknowns[None])
    if not np.abs(found.closed(closing)).max() <= _MET:
        return None
    return _ramps(triangle, unknowns, found)


def _ramps(triangle: Triangle, unknowns: Array, found: _Equations) -> TiltedRamps:
    """What these unknowns stand for."""
    v, epsilon = _last(triangle), float(unknowns[-2])
    center, leak = epsilon * unknowns[3:5], epsilon * unknowns[5:9].reshape(2, 2)
    values, slopes = unknowns[9:15].reshape(3, 2), unknowns[15:21].reshape(3, 2)
    jacobians = found.base_slopes[0, :, :, None] * triangle.normals[:, None, :]
    jacobians = jacobians + slopes[:, :, None] * triangle.along[:, None, :]
    shrunk = np.where(np.arange(3) == v, epsilon, 1.0)[:, None]
    last = triangle.vertices[v]
    return TiltedRamps(
        triangle,
        float(unknowns[-1]),
        found.angles[0],
        last + center + leak @ last,
        leak,
        shrunk * found.base_weights[0],
        shrunk * found.apex_weights[0],
        values,
        jacobians,
        unknowns,
    )


@dataclass(frozen=True, eq=False)
class _Equations:
    """What B vectors of unknowns give; all may be complex, so that no modulus is taken.

    Attributes
    ----------
    residual : (B, 21) array
    epsilon, radius : (B,) arrays
    angles : (B, 3) array
    last_rise : (B, 2) array
        Of the last ramp, over epsilon.
    base_weights, apex_weights : (B, 3, 2) arrays
        A_k and B_k, those of the last ramp over epsilon.
    base_slopes : (B, 3, 2) array
        The G_k n_k.
    """

    residual: Complex
    epsilon: Complex
    radius: Complex
    angles: Complex
    last_rise: Complex
    base_weights: Complex
    apex_weights: Complex
    base_slopes: Complex

    @property
    def excess(self) -> Complex:
        """By how much the square of the last ramp's rise, over that of epsilon, exceeds 1."""
        return np.asarray((self.last_rise * self.last_rise).sum(axis=1) - 1.0)

    def closed(self, closing: Closing) -> Complex:
        """All 23 equations (B, 23)."""
        return np.column_stack([self.residual, *closing(self)])

    @classmethod
    def at(cls, triangle: Triangle, unknowns: Complex) -> _Equations:
        """The equations of `convexden.theorems.acute_triangle`, in its order."""
        ramps = _RampsAt.of(triangle, unknowns)
        count = len(unknowns)
        values = unknowns[:, 9:15].reshape(count, 3, 2)
        slopes = unknowns[:, 15:21].reshape(count, 3, 2)
        cos, sin = np.cos(ramps.angles)[..., None], np.sin(ramps.angles)[..., None]
        base_units, apex_units = _units(ramps.base), _units(ramps.apex)
        base_slopes = base_units - ramps.level * values
        saturated = ramps.rho * values + cos * base_slopes + sin * slopes - apex_units
        turning = (apex_units * (cos * slopes - sin * base_slopes)).sum(axis=2)
        moment = values.swapaxes(1, 2) @ _from_last(triangle)
        moment = moment + base_slopes.swapaxes(1, 2) @ triangle.normals
        moment = moment + slopes.swapaxes(1, 2) @ triangle.along
        blocks = (ramps.flatness, saturated, turning, values.sum(axis=1), moment)
        return cls(
            np.concatenate([block.reshape(count, -1) for block in blocks], axis=1),
            unknowns[:, -2],
            unknowns[:, -1],
            ramps.angles,
            ramps.rises[:, _last(triangle)],
            ramps.base,
            ramps.apex,
            base_slopes,
        )


@dataclass(frozen=True, eq=False)
class _RampsAt:
    """The ramps at B vectors of unknowns.

    Attributes
    ----------
    rho : (B, 1, 1) array
    level : (B, 3, 1) array
        The d_k - rho.
    angles : (B, 3) array
    rises : (B, 3, 2) array
        The x_k - L(p_k), that of the last ramp over epsilon, and so the weights.
    base, apex : (B, 3, 2) arrays
        A_k and B_k.
    flatness : (B, 3, 2) array
        What is not flat on the balls, over epsilon.
    """

    rho: Complex
    level: Complex
    angles: Complex
    rises: Complex
    base: Complex
    apex: Complex
    flatness: Complex

    @classmethod
    def of(cls, triangle: Triangle, unknowns: Complex) -> _RampsAt:
        """Those of unknowns (B, 23)."""
        center = unknowns[:, None, 3:5]
        turned = unknowns[:, 5:9].reshape(-1, 2, 2).swapaxes(1, 2)  # the transpose of M
        epsilon, rho = unknowns[:, -2:-1], unknowns[:, -1, None, None]
        last = np.arange(3) == _last(triangle)
        angles = np.where(last, unknowns[:, :3], epsilon * unknowns[:, :3])
        cos = np.cos(angles)[..., None]
        # sin t_k over epsilon, but for the last ramp.
        tilts = np.where(last, np.sin(angles), unknowns[:, :3] * _sinc(angles))[..., None]
        level = triangle.heights[:, None] - rho
        spans = level * cos - rho  # D_k
        # L(p_k), counted from x_v, over epsilon.
        x = _from_last(triangle)
        affine = center - (x - level * triangle.normals) @ turned
        shrunk = np.where(last[:, None], 1.0, epsilon[..., None])
        rises = x - shrunk * affine
        apex = -rises / spans
        base = shrunk * (triangle.normals @ turned) - cos * apex
        flatness = spans * (triangle.along @ turned) + tilts * rises
        return cls(rho, level, angles, rises, base, apex, flatness)


def _units(vectors: Complex) -> Complex:
    """Vectors (B, 3, 2) over their lengths, as analytic functions."""
    return np.asarray(vectors / np.sqrt((vectors * vectors).sum(axis=2))[..., None])


def _sinc(angles: Complex) -> Complex:
    """sin(t) / t, as an analytic function."""
    small = np.abs(angles) < _SMALL_ANGLE
    square = angles * angles
    series = 1.0 - square / 6.0 * (1.0 - square / 20.0)
    return np.where(small, series, np.sin(angles) / np.where(small, 1.0, angles))
