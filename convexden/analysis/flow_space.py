"""The coordinates in which a score flow happens, and what it passed in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.analysis.cell_motion import CellMaps
from convexden.analysis.coordinates import project, restrict
from convexden.network import ShallowNetwork
from convexden.tolerances import NEGLIGIBLE_RCOND

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
# Starts, times, points and cells of what some flows entered at one time.
Entered = tuple[Indices, Array, Array, Indices]


class FlowSpace:
    """Coordinates s of y = origin + s @ basis + rest, in which all but `rest` moves.

    The basis spans the directions in which the denoiser sees its inputs and moves its outputs.
    Across it the flow is a plain decay to where the outputs are.

    Attributes
    ----------
    basis : (r, d) array
        Orthonormal rows.
    maps : CellMaps
        Of the denoiser in these coordinates, with every hinge once.
    inside : (M, r) array
        The starts.
    size : float
        Largest distance of a clean point from their mean, the origin.
    largest : float
        Largest coordinate of all, whose rounding all heights share.
    """

    def __init__(self, network: ShallowNetwork, clean: Array, starts: Array) -> None:
        """Find the coordinates of clean points (N, d) and starts (M, d)."""
        network = network.canonical()
        self.origin: Array = clean.mean(axis=0)
        self.basis = _basis(network)
        reduced = project(
            restrict(network, self.origin, self.basis), self.origin, self.basis
        ).canonical()
        self.maps = CellMaps(reduced)
        self.inside: Array = (starts - self.origin) @ self.basis.T
        self._across: Array = starts - self.origin - self.inside @ self.basis
        away = network.offset - self.origin
        self._goal: Array = away - (away @ self.basis.T) @ self.basis
        if len(self.basis) == starts.shape[1]:
            self._across, self._goal = np.zeros_like(starts), np.zeros(starts.shape[1])
        self.size = float(np.linalg.norm(clean - self.origin, axis=1).max()) or 1.0
        self.largest = float(max(np.abs(starts).max(initial=0.0), np.abs(clean).max(), self.size))

    def outside(self, points: Array, times: Array, starts: Indices) -> Array:
        """The points (n, d) of coordinates (n, r) at times (n,) of the flows from these starts."""
        decay = np.exp(-times)[:, None]
        across = self._goal + decay * (self._across[starts] - self._goal)
        found: Array = self.origin + points @ self.basis + across
        return found


@dataclass(frozen=True, eq=False)
class Events:
    """What M flows entered, one after the other, each in order of time.

    Attributes
    ----------
    space : FlowSpace
    starts, times, points, cells : (n,), (n,), (n, r), (n,) arrays
        Whose flow, when, where, and the number of the cell.
    bounds : (M + 1,) array
        Flow i has the entries from bounds[i] to bounds[i + 1].
    """

    space: FlowSpace
    starts: Indices
    times: Array
    points: Array
    cells: Indices
    bounds: Indices

    __repr__ = display.field_line

    @classmethod
    def collect(cls, space: FlowSpace, entered: list[Entered], count: int) -> Events:
        """Sort what the flows of `count` starts entered in rounds."""
        none = np.zeros(0, dtype=np.intp)
        entered = [*entered, (none, np.zeros(0), np.zeros((0, len(space.basis))), none)]
        starts, times, points, cells = (np.concatenate(part) for part in zip(*entered, strict=True))
        order = np.argsort(starts, kind="stable")
        starts = starts[order]
        bounds = np.searchsorted(starts, np.arange(count + 1))
        return cls(space, starts, times[order], points[order], cells[order], bounds)

    def split(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """The part (n, ...) of every flow."""
        if len(self.bounds) == 1:  # no flows
            return []
        return np.split(values, self.bounds[1:-1])


def _basis(network: ShallowNetwork) -> Array:
    """Orthonormal rows (r, d) that span input weights, output weights and the skip connection."""
    d = network.input_dimension
    heavy = np.linalg.norm(network.output_weights, axis=1, keepdims=True)
    parts = [
        network.input_weights,
        network.output_weights / np.where(heavy > 0.0, heavy, 1.0),
        network.skip,
        network.skip.T,
    ]
    _, sizes, rows = np.linalg.svd(np.vstack(parts), full_matrices=False)
    rank = int((sizes > NEGLIGIBLE_RCOND * sizes.max(initial=0.0)).sum())
    return np.eye(d) if rank == d else rows[: max(1, rank)]
