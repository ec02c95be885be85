"""A network as a sum of rank-one ramps: what it does along each of its directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidInput
from convexden.network import ShallowNetwork
from convexden.tolerances import COST_ROUNDING, MERGE_RTOL, TOUCH_RTOL

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ramp:
    r"""A rank-one piecewise-linear function :math:`v\,\phi(u^T y)` with unit vectors u and v.

    The profile :math:`\phi(s) = \sum_i j_i [s - t_i]_+` is 0 up to its first knot, where it starts
    to rise: :math:`j_1 > 0`.

    Attributes
    ----------
    direction : (d,) array
        The unit vector u, perpendicular to the hinges.
    output_direction : (p,) array
        The unit vector v.
    knots : (m,) array
        The :math:`t_i` in order, where the profile bends.
    jumps : (m,) array
        The :math:`j_i`, by which its slope changes there.
    spread : float
        The largest angle, in radians, by which a hinge or its output weight had to be turned to
        become part of the ramp: 0 up to rounding in a network that is a sum of ramps.
    """

    direction: Array
    output_direction: Array
    knots: Array
    jumps: Array
    spread: float = 0.0

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"weight={display.number(self.weight)}",
            f"u={display.vector(self.direction)}",
            f"v={display.vector(self.output_direction)}",
            display.counted(len(self.knots), "knot"),
        )

    def profile(self, positions: ArrayLike) -> Array:
        r"""The profile :math:`\phi(s)` at positions s along u, of any shape."""
        s = np.asarray(positions, dtype=float)[..., None]
        values: Array = np.maximum(s - self.knots, 0.0) @ self.jumps
        return values

    def __call__(self, points: ArrayLike) -> Array:
        """Evaluate at points (M, d) -> (M, p), or at one point (d,) -> (p,)."""
        along = np.asarray(points, dtype=float) @ self.direction
        values: Array = self.profile(along)[..., None] * self.output_direction
        return values

    @property
    def slopes(self) -> Array:
        """Slopes (m + 1,) of the profile before, between and after the knots."""
        return np.concatenate([[0.0], np.cumsum(self.jumps)])

    @property
    def weight(self) -> float:
        """The sum of the sizes of the jumps: what the ramp costs."""
        return float(np.abs(self.jumps).sum())

    @property
    def bounded(self) -> bool:
        """Whether the profile is constant after the last knot, up to the spread."""
        return bool(abs(self.jumps.sum()) <= (COST_ROUNDING + self.spread) * self.weight)

    @property
    def rise(self) -> float:
        """The profile at the last knot; it is 0 at the first."""
        return float(self.slopes[1:-1] @ np.diff(self.knots))

    def reversed(self) -> Ramp:
        """The ramp with the same bends along -u: the same function up to an affine one."""
        sign = float(np.sign(self.jumps[-1]))
        return Ramp(
            -self.direction,
            sign * self.output_direction,
            -self.knots[::-1],
            sign * self.jumps[::-1],
            self.spread,
        )


@dataclass(frozen=True, eq=False)
class Decomposition:
    r"""A network as ramps and an affine map, :math:`\sum_i v_i \phi_i(u_i^T y) + V y + c`.

    Attributes
    ----------
    ramps : tuple of Ramp
        The heaviest first.
    skip : (p, d) array
        What is left of the skip connection: 0, up to rounding, for a sum of bounded ramps.
    offset : (p,) array
    """

    ramps: tuple[Ramp, ...]
    skip: Array
    offset: Array

    def __repr__(self) -> str:
        """One line with what matters."""
        outputs, inputs = self.skip.shape
        weight = sum(ramp.weight for ramp in self.ramps)
        return display.one_line(
            self,
            display.counted(len(self.ramps), "ramp"),
            display.spaces(inputs, outputs),
            f"weight={display.number(weight)}",
        )

    def __str__(self) -> str:
        """The table as text."""
        return display.table_text(self)

    def __call__(self, points: ArrayLike) -> Array:
        """Evaluate at points (M, d) -> (M, p), or at one point (d,) -> (p,)."""
        return self.network()(points)

    def network(self) -> ShallowNetwork:
        """The decomposition as a network, one neuron a knot."""
        p, d = self.skip.shape
        ramps = self.ramps
        return ShallowNetwork(
            _stack([np.outer(ramp.jumps, ramp.output_direction) for ramp in ramps], p),
            _stack([np.tile(ramp.direction, (ramp.knots.size, 1)) for ramp in ramps], d),
            np.concatenate([np.zeros(0), *(-ramp.knots for ramp in ramps)]),
            self.skip,
            self.offset,
        )

    @property
    def spread(self) -> float:
        """The largest spread of a ramp, in radians."""
        return max((ramp.spread for ramp in self.ramps), default=0.0)


def decode(
    network: ShallowNetwork, tolerance: float = MERGE_RTOL, origin: ArrayLike | None = None
) -> Decomposition:
    r"""Write a network as a sum of rank-one ramps.

    Neurons whose hinges are parallel and whose output weights are parallel make one ramp.  Hinges
    of the other orientation are turned by :math:`[-z]_+ = [z]_+ - z`, the affine rest of which
    joins the skip connection.

    Parameters
    ----------
    network : ShallowNetwork
    tolerance : float
        Largest angle, in radians, of hinges and of output weights that count as parallel.  With
        the default the decomposition equals the network up to rounding.  A larger one joins the
        slightly tilted hinges of a solved network to the ramps that they almost are, each at its
        distance from the origin; what is lost is of the order of `Decomposition.spread`.
    origin : (d,) array, optional
        The ramps point away from here; the origin of the inputs if not given.

    Returns
    -------
    Decomposition

    Raises
    ------
    InvalidInput
        If the origin does not fit the inputs, or the tolerance is not from 0 to 1.

    Examples
    --------
    The denoiser of an obtuse triangle, two ramps along the edges at its obtuse vertex:

    >>> import convexden as cd
    >>> network = cd.theorems.rays.closed_form([[0, 0], [1, 0], [-1, 1]], 0.1).network
    >>> for ramp in cd.decode(network).ramps:
    ...     print(ramp.direction.round(6), ramp.knots.round(6), round(ramp.rise, 6))
    [1. 0.] [0.1 0.9] 1.0
    [-0.707107  0.707107] [0.1      1.314214] 1.414214
    """
    d = arguments.instance("network", network, ShallowNetwork).input_dimension
    tolerance = arguments.number("tolerance", tolerance, least=0.0, below=1.0)
    start = np.zeros(d)
    if origin is not None:
        start = arguments.array("coordinates of the origin", origin, error=InvalidInput)
    if start.shape != (d,):
        raise InvalidInput(f"the origin does not fit {d} inputs: give {d} finite numbers")
    hinges = network.canonical()
    skip, offset = hinges.skip.copy(), hinges.offset.copy()
    ramps = []
    for members in _parallel(hinges, tolerance):
        ramp, turned = _ramp(hinges, members, start)
        # a [z]_+ = a [-z]_+ + a z
        skip += hinges.output_weights[turned].T @ hinges.input_weights[turned]
        offset += hinges.biases[turned] @ hinges.output_weights[turned]
        ramps.append(ramp)
    ramps.sort(key=lambda ramp: -ramp.weight)
    return Decomposition(tuple(ramps), skip, offset)


def _parallel(hinges: ShallowNetwork, tolerance: float) -> list[NDArray[np.intp]]:
    """Groups of neurons that are parallel to the heaviest of the group, inside and out."""
    sizes = np.linalg.norm(hinges.output_weights, axis=1)
    outputs = hinges.output_weights / sizes[:, None]
    left = np.argsort(-sizes, kind="stable")
    groups = []
    while left.size:
        seed = left[0]
        same = (_angles(hinges.input_weights[left], hinges.input_weights[seed]) <= tolerance) & (
            _angles(outputs[left], outputs[seed]) <= tolerance
        )
        same[0] = True
        groups.append(left[same])
        left = left[~same]
    return groups


def _ramp(
    hinges: ShallowNetwork, members: NDArray[np.intp], origin: Array
) -> tuple[Ramp, NDArray[np.intp]]:
    """The ramp of parallel neurons, and those of them that were turned."""
    w, a = hinges.input_weights[members], hinges.output_weights[members]
    sizes = np.linalg.norm(a, axis=1)
    signs = np.where(w @ w[0] < 0, -1.0, 1.0)
    distances = -signs * (w @ origin + hinges.biases[members])
    if _points_back(w[0], float(sizes @ distances), float(sizes @ np.abs(distances))):
        signs, distances = -signs, -distances
    direction = _unit(sizes * signs @ w)
    order = np.argsort(distances, kind="stable")
    output = _unit(np.where(a @ a[0] < 0, -1.0, 1.0) @ a)
    if a[order[0]] @ output < 0:
        output = -output
    spread = max(_angles(w, direction).max(), _angles(a / sizes[:, None], output).max())
    knots = distances[order] + direction @ origin
    ramp = Ramp(direction, output, knots, a[order] @ output, float(spread))
    return ramp, members[signs < 0]


def _points_back(w: Array, distance: float, size: float) -> bool:
    """Whether a ramp along w at this distance points to the origin.

    One in the middle of which the origin lies has its largest component positive.
    """
    if abs(distance) > TOUCH_RTOL * size:
        return distance < 0
    return bool(w[np.abs(w).argmax()] < 0)


def _angles(vectors: Array, axis: Array) -> Array:
    """Angles (M,) in radians, 0 to pi / 2, of unit vectors (M, r) with the line along another."""
    sines = np.linalg.norm(vectors - np.outer(vectors @ axis, axis), axis=1)
    angles: Array = np.arctan2(sines, np.abs(vectors @ axis))
    return angles


def _unit(vector: Array) -> Array:
    """The vector divided by its length."""
    return vector / np.linalg.norm(vector)


def _stack(blocks: list[Array], width: int) -> Array:
    """The blocks below each other, also if there are none."""
    return np.concatenate([np.zeros((0, width)), *blocks])
