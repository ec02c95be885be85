"""Where a denoiser leads that is applied again and again: its fixed points and their stability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.analysis.coordinates import project, restrict
from convexden.analysis.fixed_point_cells import Sides
from convexden.analysis.fixed_point_search import CLOSE, Progress, Search
from convexden.analysis.pieces import box
from convexden.errors import InvalidInput
from convexden.network import ShallowNetwork
from convexden.running.clock import Stopped
from convexden.tolerances import DEPENDENT_RTOL, NEGLIGIBLE_RCOND

Array = NDArray[np.float64]
Stability = Literal["attracting", "saddle", "repelling", "neutral"]


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """A point with h(y) = y.

    Attributes
    ----------
    point : (d,) array
    eigenvalues : (q,) complex array
        Of the Jacobian J, the largest modulus first, on the q dimensions in which the outputs of
        the network vary; across them it is 0.
    stability : {"attracting", "saddle", "repelling", "neutral"}
        Whether all, some or none of the eigenvalues lie inside the unit circle: whether the
        denoiser, applied again and again, draws in what is near.  "neutral" if one lies on the
        circle, or if the point is on a hinge and its sides disagree.
    flow_stability : {"attracting", "saddle", "repelling", "neutral"}
        The same of the score flow, by the eigenvalues with real parts below 1.
    dimension : int
        Of the set of fixed points around it in its cell: 0 if there is no other.
    index : int
        The sign of det(I - J); 0 if the point is degenerate.  The indices of all fixed points in a
        box that the network maps into itself sum to 1, if none is degenerate (Lefschetz).
    """

    point: Array
    eigenvalues: NDArray[np.complex128]
    stability: Stability
    flow_stability: Stability
    dimension: int
    index: int

    def __repr__(self) -> str:
        """One line with what matters."""
        around = f"on a set of dimension {self.dimension}" if self.dimension else ""
        flow = f"{self.flow_stability} in the flow" * (self.flow_stability != self.stability)
        return display.one_line(
            self,
            display.vector(self.point),
            self.stability,
            flow,
            around,
            "degenerate" if self.degenerate and not self.dimension else "",
        )

    @property
    def degenerate(self) -> bool:
        """Whether 1 is an eigenvalue of J, or the sides of a hinge disagree about the index.

        Small changes of the network split a degenerate point, move it far or remove it.
        """
        return self.index == 0


class FixedPoints(list[FixedPoint]):
    """Fixed points, attracting ones first.

    Attributes
    ----------
    interrupted : bool
        Whether the search was stopped before it was done, so that others may be missing.
    """

    interrupted: bool = False


def fixed_points(
    network: ShallowNetwork, low: ArrayLike, high: ArrayLike, *, progress: Progress | None = None
) -> FixedPoints:
    r"""Find every fixed point of a denoiser in a box.

    On each cell of the arrangement of its hinges the network is affine, :math:`h(y) = J y + c`,
    and :math:`(I - J)\, y = c` is solved to rounding.  Which cells can hold a solution is decided
    by branching on the sides of hinges, see `convexden.analysis.fixed_point_search`.

    Parameters
    ----------
    network : ShallowNetwork
        With as many outputs as inputs.
    low, high : float or (d,) array
        Corners of the box.
    progress : callable, optional
        Called with a `TaskProgress` of branches now and then; a StopIteration that it raises ends
        the search with what was found.

    Returns
    -------
    FixedPoints
        A list of `FixedPoint`, attracting ones first, repelling ones last.  Where fixed points are
        not isolated, one of each cell that holds any.

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
    arguments.callback("progress", progress)
    first, last = box(network, low, high)
    size = float(np.linalg.norm(last - first)) / 2
    directions = _range(network)
    origin = network.offset + (((first + last) / 2 - network.offset) @ directions.T) @ directions
    found = FixedPoints()
    if not len(directions):  # a constant
        if ((first <= origin) & (origin <= last)).all():
            found.append(_fixed_point(origin, np.zeros((0, 0)), 0))
        return found
    # In coordinates s of y = origin + size s @ directions the box has size 1.
    reduced = project(restrict(network, origin, size * directions), origin, directions / size)
    sides = Sides(
        np.vstack([directions.T, -directions.T]) * size,
        np.concatenate([last - origin, origin - first]),
    )
    try:
        for s, jacobian, dimension in Search(reduced, sides).run(progress):
            point = origin + size * s @ directions
            _add(found, _fixed_point(point, jacobian, dimension), CLOSE * size)
    except Stopped:
        found.interrupted = True
    order = ("attracting", "neutral", "saddle", "repelling")
    found.sort(key=lambda fixed: (order.index(fixed.stability), *fixed.point))
    return found


def _range(network: ShallowNetwork) -> Array:
    """Orthonormal rows (q, d) that span the differences of outputs."""
    weights = np.column_stack([network.skip, network.output_weights.T])
    left, sizes, _ = np.linalg.svd(weights, full_matrices=False)
    rank = int((sizes > NEGLIGIBLE_RCOND * max(1.0, sizes.max(initial=0.0))).sum())
    return left[:, :rank].T


def _fixed_point(point: Array, jacobian: Array, dimension: int) -> FixedPoint:
    """A fixed point with what its Jacobian says about it."""
    eigenvalues = np.linalg.eigvals(jacobian).astype(complex)
    eigenvalues = eigenvalues[np.argsort(-np.abs(eigenvalues), kind="stable")]
    degenerate = (np.abs(eigenvalues - 1.0) <= DEPENDENT_RTOL).any() or dimension > 0
    index = 0 if degenerate else round(np.linalg.slogdet(np.eye(len(jacobian)) - jacobian)[0])
    return FixedPoint(
        point,
        eigenvalues,
        _stability(np.abs(eigenvalues)),
        _stability(eigenvalues.real),
        dimension,
        index,
    )


def _stability(sizes: Array) -> Stability:
    """What the sizes of eigenvalues say: their moduli, or of a flow their real parts."""
    if (np.abs(sizes - 1.0) <= DEPENDENT_RTOL).any():
        return "neutral"
    inside = sizes < 1.0
    return "attracting" if inside.all() else "saddle" if inside.any() else "repelling"


def _add(found: list[FixedPoint], new: FixedPoint, close: float) -> None:
    """Add a fixed point, or merge it with the same one from another side of a hinge."""
    for i, old in enumerate(found):
        if np.linalg.norm(old.point - new.point) <= close:
            largest = max(old, new, key=lambda fixed: float(np.abs(fixed.eigenvalues[:1]).sum()))
            agree = old.stability == new.stability
            flows_agree = old.flow_stability == new.flow_stability
            found[i] = FixedPoint(
                largest.point,
                largest.eigenvalues,
                old.stability if agree else "neutral",
                old.flow_stability if flows_agree else "neutral",
                min(old.dimension, new.dimension),
                old.index if old.index == new.index else 0,
            )
            return
    found.append(new)
