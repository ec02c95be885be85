"""Coordinates of the line or plane of the data, and networks in them.

A `Chart` is a problem with its network in orthonormal coordinates of the affine hull of the
centers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.errors import InvalidInput, NotSupported
from convexden.geometry.hull import Hull
from convexden.network import LARGEST, ShallowNetwork
from convexden.problem import Interpolation
from convexden.tolerances import FEASIBILITY_RTOL, FLAT_RTOL, ORTHOGONAL_ROUNDING

Array = NDArray[np.float64]

_HULLS = {1: "a line", 2: "a plane"}


@dataclass(frozen=True, eq=False)
class Chart:
    """A problem and a network in coordinates of the line or plane of the centers.

    Attributes
    ----------
    network : ShallowNetwork
        From r coordinates to q outputs, with unit input weights.
    weights : (K,) array
        The |a_k| of all outputs, also of those left out.
    sites : (N, r) array
    radii : (N,) array
    targets : (N, q) array
    denoising : bool
        Whether the targets are clean points of the sites; then q = r and both have the same axes.
    projected : bool
        Whether the coordinates are not those of the data, because these have more of them.
    clean : (M, q) array
        The distinct targets, in their order.
    outputs : str
        What the q outputs are.
    """

    network: ShallowNetwork
    weights: Array
    sites: Array
    radii: Array
    targets: Array
    denoising: bool
    projected: bool
    clean: Array
    outputs: str

    __repr__ = display.field_line

    def frame(self, margin: float) -> tuple[Array, Array]:
        """Corners of a box around sites and clean points, at most twice as long as wide."""
        radii = self.radii[:, None]
        points = np.concatenate(
            [self.sites - radii, self.sites + radii, self.targets if self.denoising else self.sites]
        )
        low, high = points.min(axis=0), points.max(axis=0)
        middle, half = (low + high) / 2, (high - low) / 2
        half = np.maximum(half + margin * half.max(), (0.5 + margin / 2) * half.max())
        return middle - half, middle + half


def chart(problem: Interpolation, network: ShallowNetwork, rank: int, most: int) -> Chart:
    """Draw up the chart of a problem whose centers span a line (rank 1) or a plane (rank 2).

    Data of that very dimension keep their coordinates.  A denoiser keeps its outputs in the
    chart; of others the first `most` are taken, in principal coordinates of the targets if there
    are more.

    Raises
    ------
    NotSupported
        If the centers span anything else.
    """
    found = problem.rank
    if found != rank:
        raise NotSupported(
            f"the centers span {_HULLS.get(found, f'{found} dimensions')}, not {_HULLS[rank]}: "
            "only networks on a line or in a plane can be drawn"
        )
    projected = problem.input_dimension > rank
    origin, basis = np.zeros(rank), np.eye(rank)
    if projected:
        origin, basis = problem.hull.origin, problem.hull.basis
        largest = np.abs(basis).argmax(axis=1)[:, None]
        basis = basis * np.sign(np.take_along_axis(basis, largest, axis=1))
    distinct = np.sort(np.unique(problem.targets, axis=0, return_index=True)[1])
    denoising = is_denoising(problem, distinct, origin, basis)
    p = problem.output_dimension
    if denoising:
        shift, rows, name = origin, basis, "$h(y)$"
    elif p <= most:
        shift, rows, name = np.zeros(p), np.eye(p), "$h(y)$" if p == 1 else "components of $h(y)$"
    else:
        hull = Hull.of(problem.targets)
        shift, rows = hull.origin, hull.basis
        name = (
            "principal coordinates of $h(y)$" if len(rows) > 1 else "principal coordinate of $h(y)$"
        )
        if len(rows) > most:
            name = f"first {f'{most} ' if most > 1 else ''}of {len(rows)} {name}"
        rows = rows[:most]
    restricted = restrict(network, origin, basis)
    targets = (problem.targets - shift) @ rows.T
    return Chart(
        project(restricted, shift, rows),
        np.linalg.norm(restricted.output_weights, axis=1),
        (problem.centers - origin) @ basis.T,
        problem.radii,
        targets,
        denoising,
        projected,
        targets[distinct],
        name,
    )


def check_fit(problem: Interpolation, *networks: ShallowNetwork) -> None:
    """Raise InvalidInput unless the networks map inputs of the problem to outputs of it."""
    arguments.instance("problem", problem, Interpolation)
    for network in networks:
        arguments.instance("network", network, ShallowNetwork)
    shape = (problem.input_dimension, problem.output_dimension)
    if any((h.input_dimension, h.output_dimension) != shape for h in networks):
        raise InvalidInput(
            f"the networks do not map {shape[0]} inputs to {shape[1]} outputs: give networks of "
            "the problem"
        )


def is_denoising(
    problem: Interpolation, distinct: NDArray[np.intp], origin: Array, basis: Array
) -> bool:
    """Are the targets of most sites the clean points nearest to them, and in the chart?

    In a plane they are projected on it, because noisy samples of few points lie a little off.
    """
    from scipy.spatial import cKDTree

    if problem.input_dimension != problem.output_dimension or len(distinct) == 1:
        return False
    targets, centers = problem.targets - origin, problem.centers - origin
    beside = np.abs(targets - targets @ basis.T @ basis).max()
    if len(basis) == 1 and beside > FEASIBILITY_RTOL * problem.target_spread:
        return False
    nearest = cKDTree(targets[distinct] @ basis.T).query(centers @ basis.T)[0]
    own = np.linalg.norm((targets - centers) @ basis.T, axis=1)
    return bool(np.mean(own <= nearest + FLAT_RTOL * problem.target_spread) > 0.5)


def restrict(network: ShallowNetwork, origin: Array, basis: Array) -> ShallowNetwork:
    """The network as a function of s in y = origin + s @ basis.

    Its input weights have unit length; neurons that are constant there become part of the offset.

    Parameters
    ----------
    network : ShallowNetwork
    origin : (d,) array
    basis : (r, d) array
        Orthogonal rows of the same length.
    """
    weights = network.input_weights @ basis.T
    biases = network.biases + network.input_weights @ origin
    norms = np.linalg.norm(weights, axis=1)
    sizes = np.linalg.norm(network.input_weights, axis=1) * np.linalg.norm(basis[0])
    # Of a neuron that weight decay has all but removed, the hinge is beyond all numbers.
    active = (norms > ORTHOGONAL_ROUNDING * sizes) & (np.abs(biases) <= LARGEST * norms)
    constant = np.maximum(biases[~active], 0.0) @ network.output_weights[~active]
    return ShallowNetwork(
        network.output_weights[active] * norms[active, None],
        weights[active] / norms[active, None],
        biases[active] / norms[active],
        network.skip @ basis.T,
        network.offset + network.skip @ origin + constant,
    )


def project(network: ShallowNetwork, origin: Array, basis: Array) -> ShallowNetwork:
    """The coordinates (h(y) - origin) @ basis.T of the output in orthonormal rows (q, p)."""
    return ShallowNetwork(
        network.output_weights @ basis.T,
        network.input_weights,
        network.biases,
        basis @ network.skip,
        basis @ (network.offset - origin),
    )
