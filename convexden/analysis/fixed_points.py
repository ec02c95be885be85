"""Where a denoiser leads that is applied again and again: its fixed points and their stability."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.analysis.coordinates import project, restrict
from convexden.analysis.pieces import box
from convexden.errors import InvalidInput
from convexden.network import ShallowNetwork
from convexden.tolerances import DEPENDENT_RTOL, NEGLIGIBLE_RCOND, TOUCH_RTOL

Array = NDArray[np.float64]
Signs = NDArray[np.int8]
Stability = Literal["attracting", "saddle", "repelling", "neutral"]

# In a box of size 1: what is closer to a hinge lies on it, what is closer together is the same.
# Ten times the accuracy of the linear programs, whose constraints are met to `TOUCH_RTOL`.
CLOSE = 10 * TOUCH_RTOL


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """A point with h(y) = y.

    Attributes
    ----------
    point : (d,) array
    eigenvalues : (q,) complex array
        Of the Jacobian, the largest modulus first, on the q dimensions in which the outputs of
        the network vary; across them it is 0.
    stability : {"attracting", "saddle", "repelling", "neutral"}
        Whether all, some or none of the eigenvalues lie inside the unit circle: whether the
        denoiser, applied again and again, draws in what is near.  "neutral" if one lies on the
        circle, or if the point is on a hinge and its sides disagree.
    dimension : int
        Of the set of fixed points around it in its cell: 0 if there is no other.
    """

    point: Array
    eigenvalues: NDArray[np.complex128]
    stability: Stability
    dimension: int

    def __repr__(self) -> str:
        """One line with what matters."""
        around = f"on a set of dimension {self.dimension}" if self.dimension else ""
        return display.one_line(self, display.vector(self.point), self.stability, around)


def fixed_points(network: ShallowNetwork, low: ArrayLike, high: ArrayLike) -> list[FixedPoint]:
    r"""Find every fixed point of a denoiser in a box.

    On each cell of the arrangement of its hinges the network is affine, :math:`h(y) = J y + c`,
    and :math:`(I - J)\, y = c` is solved to rounding.  Which cells can hold a solution is decided
    by branching on the sides of hinges: a branch ends where the linear program in y and the
    activations :math:`\max(z, 0) \le s_k \le u_k (z - l_k) / (u_k - l_k)` of the undecided hinges,
    bounds :math:`l_k \le z \le u_k` being those of the branch, has no solution.

    Parameters
    ----------
    network : ShallowNetwork
        With as many outputs as inputs.
    low, high : float or (d,) array
        Corners of the box.

    Returns
    -------
    list of FixedPoint
        Attracting ones first, repelling ones last.  Where fixed points are not isolated, one of
        each cell that holds any.

    Raises
    ------
    InvalidInput
        If inputs and outputs differ in number, or there is no such box.

    Examples
    --------
    Between two clean points the denoiser moves away from the middle:

    >>> import convexden as cd
    >>> network = cd.theorems.univariate.closed_form([0.0, 1.0], 0.25).network
    >>> for fixed in cd.fixed_points(network, -1, 2):
    ...     print(fixed.point, fixed.eigenvalues.real, fixed.stability)
    [0.] [0.] attracting
    [1.] [0.] attracting
    [0.5] [2.] repelling
    """
    arguments.instance("network", network, ShallowNetwork)
    if network.output_dimension != network.input_dimension:
        raise InvalidInput(
            f"the network maps {network.input_dimension} inputs to {network.output_dimension} "
            "outputs: only a denoiser has fixed points"
        )
    first, last = box(network, low, high)
    size = float(np.linalg.norm(last - first)) / 2
    directions = _range(network)
    origin = network.offset + (((first + last) / 2 - network.offset) @ directions.T) @ directions
    if not len(directions):  # a constant
        inside = bool(((first <= origin) & (origin <= last)).all())
        return [FixedPoint(origin, np.zeros(0, dtype=complex), "attracting", 0)] * inside
    # In coordinates s of y = origin + size s @ directions the box has size 1.
    reduced = project(restrict(network, origin, size * directions), origin, directions / size)
    sides = _Sides(
        np.vstack([directions.T, -directions.T]) * size,
        np.concatenate([last - origin, origin - first]),
    )
    found: list[FixedPoint] = []
    for s, jacobian, dimension in _search(reduced, sides):
        eigenvalues = np.linalg.eigvals(jacobian).astype(complex)
        eigenvalues = eigenvalues[np.argsort(-np.abs(eigenvalues), kind="stable")]
        point = origin + size * s @ directions
        new = FixedPoint(point, eigenvalues, _stability(eigenvalues), dimension)
        _add(found, new, CLOSE * size)
    order = ("attracting", "neutral", "saddle", "repelling")
    return sorted(found, key=lambda fixed: (order.index(fixed.stability), *fixed.point))


@dataclass(frozen=True, eq=False)
class _Sides:
    """The box in coordinates: normals @ s <= heights."""

    normals: Array
    heights: Array


def _range(network: ShallowNetwork) -> Array:
    """Orthonormal rows (q, d) that span the differences of outputs."""
    weights = np.column_stack([network.skip, network.output_weights.T])
    left, sizes, _ = np.linalg.svd(weights, full_matrices=False)
    rank = int((sizes > NEGLIGIBLE_RCOND * max(1.0, sizes.max(initial=0.0))).sum())
    return left[:, :rank].T


def _search(network: ShallowNetwork, sides: _Sides) -> Iterator[tuple[Array, Array, int]]:
    """Fixed points s, their Jacobians and dimensions; those on hinges once for every side."""
    q = network.input_dimension
    stack: list[tuple[Signs, Array, Array]] = [
        (np.zeros(network.neurons, dtype=np.int8), -np.ones(q), np.ones(q))
    ]
    while stack:
        signs, low, high = stack.pop()
        program = _Program(network, sides, signs, low, high)
        bounds = program.bounds()
        if bounds is None:
            continue
        low, high = bounds
        least, most = _ranges(network, low, high)
        signs = np.where((signs == 0) & (least >= 0.0), 1, signs)
        signs = np.where((signs == 0) & (most <= 0.0), -1, signs).astype(np.int8)
        undecided = np.flatnonzero(signs == 0)
        if not undecided.size:
            yield from _solve(network, sides, signs)
            continue
        doubt = np.linalg.norm(network.output_weights, axis=1) * np.minimum(-least, most)
        k = undecided[doubt[undecided].argmax()]
        for sign in (-1, 1):
            child = signs.copy()
            child[k] = sign
            stack.append((child, low, high))


class _Program:
    """The linear program of a branch: s = h(s) with the undecided activations relaxed."""

    def __init__(
        self, network: ShallowNetwork, sides: _Sides, signs: Signs, low: Array, high: Array
    ) -> None:
        """State the program for a box of inputs and the signs of hinges that are decided."""
        a, w, b = network.output_weights, network.input_weights, network.biases
        least, most = _ranges(network, low, high)
        on, open_, decided = signs > 0, np.flatnonzero(signs == 0), signs != 0
        q, m = network.input_dimension, open_.size
        identity, none = np.eye(m), np.zeros((m, 1))
        self.equalities = np.column_stack([np.eye(q) - network.skip - a[on].T @ w[on], -a[open_].T])
        self.values = network.offset + b[on] @ a[on]
        slopes = (most / (most - least))[open_, None] if m else none
        self.rows = np.vstack(
            [
                np.column_stack([sides.normals, np.zeros((len(sides.normals), m))]),
                np.column_stack([-signs[decided, None] * w[decided], np.zeros((decided.sum(), m))]),
                np.column_stack([w[open_], -identity]),
                np.column_stack([-slopes * w[open_], identity]),
            ]
        )
        self.heights = np.concatenate(
            [
                sides.heights,
                signs[decided] * b[decided],
                -b[open_],
                slopes[:, 0] * (b[open_] - least[open_]),
            ]
        )
        self.limits = [*zip(low - CLOSE, high + CLOSE, strict=True), *[(0.0, None)] * m]
        self.inputs = q

    def bounds(self) -> tuple[Array, Array] | None:
        """The smallest box (q,), (q,) around the solutions; None if there is none."""
        low, high = np.zeros(self.inputs), np.zeros(self.inputs)
        for i in range(self.inputs):
            for ends, sign in ((low, 1.0), (high, -1.0)):
                found = self._least(i, sign)
                if found is None:
                    return None
                ends[i] = sign * found
        return low, high

    def _least(self, i: int, sign: float) -> float | None:
        """The least (sign 1) or greatest (-1) coordinate i of the cell; None if it is empty."""
        from scipy.optimize import linprog

        objective = np.zeros(self.rows.shape[1])
        objective[i] = sign
        result: Any = linprog(
            objective,
            self.rows,
            self.heights + CLOSE,
            self.equalities,
            self.values,
            self.limits,
            options={"primal_feasibility_tolerance": TOUCH_RTOL},
        )
        if result.status == 2:
            return None
        # Whatever else ends the program leaves the old bound, which is valid.
        old = self.limits[i][0 if sign > 0 else 1]
        return float(result.fun) if result.status == 0 else sign * float(old or 0.0)


def _ranges(network: ShallowNetwork, low: Array, high: Array) -> tuple[Array, Array]:
    """Bounds (K,) of w.s + b on a box, enlarged by what is too close to tell."""
    middle = network.input_weights @ (low + high) / 2 + network.biases
    reach = np.abs(network.input_weights) @ (high - low) / 2 + CLOSE
    return middle - reach, middle + reach


def _solve(
    network: ShallowNetwork, sides: _Sides, signs: Signs
) -> Iterator[tuple[Array, Array, int]]:
    """The fixed point, or one in the middle of many, of a cell."""
    from scipy.optimize import linprog

    a, w, b = network.output_weights, network.input_weights, network.biases
    on = signs > 0
    jacobian = network.skip + a[on].T @ w[on]
    matrix, right = np.eye(len(jacobian)) - jacobian, network.offset + b[on] @ a[on]
    left, sizes, basis = np.linalg.svd(matrix)
    free = sizes <= DEPENDENT_RTOL * max(1.0, sizes[0])
    s = ((left.T @ right)[~free] / sizes[~free]) @ basis[~free]
    rows = np.vstack([sides.normals, -signs[:, None] * w])
    slack = np.concatenate([sides.heights, signs * b]) - rows @ s
    dimension = int(free.sum())
    if dimension:
        if np.abs(matrix @ s - right).max() > CLOSE:
            return
        # The point of the set that is furthest inside.
        along = rows @ basis[free].T
        result: Any = linprog(
            np.append(np.zeros(dimension), -1.0),
            np.column_stack([along, np.linalg.norm(along, axis=1)]),
            slack + CLOSE,
            bounds=[(-4.0, 4.0)] * (dimension + 1),
        )
        if result.status != 0:
            return
        move = result.x[:-1]
        s, slack = s + move @ basis[free], slack - along @ move
    if slack.min(initial=np.inf) >= -2 * CLOSE:
        yield s, jacobian, dimension


def _stability(eigenvalues: NDArray[np.complex128]) -> Stability:
    """What eigenvalues of the Jacobian say about repeated application."""
    moduli = np.abs(eigenvalues)
    if (np.abs(moduli - 1.0) <= DEPENDENT_RTOL).any():
        return "neutral"
    inside = moduli < 1.0
    return "attracting" if inside.all() else "saddle" if inside.any() else "repelling"


def _add(found: list[FixedPoint], new: FixedPoint, close: float) -> None:
    """Add a fixed point, or merge it with the same one from another side of a hinge."""
    for i, old in enumerate(found):
        if np.linalg.norm(old.point - new.point) <= close:
            largest = max(old, new, key=lambda fixed: float(np.abs(fixed.eigenvalues[:1]).sum()))
            agree = old.stability == new.stability
            found[i] = FixedPoint(
                largest.point,
                largest.eigenvalues,
                old.stability if agree else "neutral",
                min(old.dimension, new.dimension),
            )
            return
    found.append(new)
