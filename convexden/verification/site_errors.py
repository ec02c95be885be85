"""How far a network is from the target of every site: rigorous bounds, over each ball.

The network is evaluated with code of its own.  All numbers are upper bounds: to what is computed a
bound of its rounding is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

Array = NDArray[np.float64]

# Numbers held at a time while hidden layers and Jacobians are computed.
CHUNK = 4_000_000
# Twice the relative error of one operation, which leaves room for errors of the second order.
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class SiteErrors:
    r"""Errors of a network at sites n = 1..N, in the units of the data; arrays (N,).

    On the closed ball the network is its affine piece at the centre plus what the hinges that enter
    the ball add, so :math:`|h(y) - t_n| \le |e_n| + r_n |E_n| + o_n`.  Each number is at least what
    it stands for, whatever the rounding.

    Attributes
    ----------
    values : array
        :math:`|e_n| = |h(y_n) - t_n|`.
    jacobians : array
        Frobenius norm of the Jacobian :math:`E_n` at the centre; 0 at samples.
    overlaps : array
        :math:`o_n = \sum_k |a_k| [r_n |w_k| - |w_k^T y_n + b_k|]_+`; 0 at samples.
    totals : array
        The bound.
    balls : bool
        Whether any site is a ball.
    """

    values: Array
    jacobians: Array
    overlaps: Array
    totals: Array
    balls: bool


def site_errors(problem: Interpolation, network: ShallowNetwork) -> SiteErrors:
    """Bound the errors of a network on every site of a problem; see `SiteErrors`."""
    step = max(1, CHUNK // max(1, network.neurons, network.input_dimension))
    chunks = [
        _errors(problem, network, slice(start, start + step))
        for start in range(0, len(problem), step)
    ]
    values, jacobians, overlaps = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    totals = (values + problem.radii * jacobians + overlaps) * (1 + 4 * EPS)
    return SiteErrors(values, jacobians, overlaps, totals, bool((problem.radii > 0).any()))


def _errors(
    problem: Interpolation, network: ShallowNetwork, rows: slice
) -> tuple[Array, Array, Array]:
    """Bounds of the errors of values, of Jacobians, and of overlaps at some sites."""
    a, w, skip = network.output_weights, network.input_weights, network.skip
    neurons, dimension = w.shape
    origin = problem.centers.mean(axis=0)
    goal = problem.targets.mean(axis=0)
    y, radii = problem.centers[rows] - origin, problem.radii[rows]
    # Far from the origin biases and offset cancel against w.y and V y.  In centred coordinates the
    # cancellation happens once, in extended precision where there is any, so that the errors are
    # those of the network and not those of its evaluation.
    far = origin.astype(np.longdouble)
    biases = (w.astype(np.longdouble) @ far + network.biases).astype(float)
    offset = (skip.astype(np.longdouble) @ far + network.offset - goal).astype(float)
    extended = (dimension + 4) * float(np.finfo(np.longdouble).eps)
    reach = np.linalg.norm(origin)
    a_sizes, w_sizes = np.linalg.norm(a, axis=1), np.linalg.norm(w, axis=1)
    lost = extended * (w_sizes * reach + np.abs(network.biases)) + EPS * np.abs(biases)

    z = y @ w.T + biases
    hidden = np.maximum(z, 0.0)
    wanted = problem.targets[rows] - goal
    missed = hidden @ a + y @ skip.T + offset - wanted
    # d products and the rounding of y in each z, K products in the sum, and the affine part.
    distances = np.linalg.norm(y, axis=1)
    units = (dimension + 6) * EPS
    slope, constant = float(a_sizes @ w_sizes), float(a_sizes @ (units * np.abs(biases) + lost))
    affine = float(np.linalg.norm(skip)) * (units * distances + extended * reach)
    fixed = extended * float(np.linalg.norm(network.offset)) + units * np.linalg.norm(offset)
    sums = (neurons + 6) * EPS * (hidden @ a_sizes)
    rounding = slope * units * distances + constant + sums + affine + fixed
    rounding = rounding + 4 * EPS * np.linalg.norm(wanted, axis=1)
    values = (np.linalg.norm(missed, axis=1) + rounding) * (1 + units + len(goal) * EPS)

    jacobians, overlaps = np.zeros(len(y)), np.zeros(len(y))
    balls = np.flatnonzero(radii > 0)
    if balls.size:
        jacobians[balls] = _jacobian_norms(network, z[balls] > 0)
        error = (
            np.outer(units * (distances + radii)[balls], w_sizes) + units * np.abs(biases) + lost
        )
        inside = radii[balls, None] * w_sizes - np.abs(z[balls])
        # Where the sign is not known, the piece at the centre may be that of the other side.
        unsure = np.abs(z[balls]) <= error
        inside = np.where(unsure, radii[balls, None] * w_sizes, inside) + error
        overlaps[balls] = np.maximum(inside, 0.0) @ a_sizes * (1 + (neurons + 4) * EPS)
    return values, jacobians, overlaps


def _jacobian_norms(network: ShallowNetwork, active: NDArray[np.bool_]) -> Array:
    """Bounds of the Frobenius norms of sum_k D_nk a_k w_k^T + V, some sites at a time."""
    a, w = network.output_weights, network.input_weights
    p, d = network.skip.shape
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(w, axis=1)
    rounding = (len(a) + 4) * EPS * (active @ sizes + np.linalg.norm(network.skip))
    step = max(1, CHUNK // (p * max(d, len(a))))
    norms = np.empty(len(active))
    for start in range(0, len(active), step):
        rows = slice(start, start + step)
        jacobians = (active[rows, None, :] * a.T) @ w + network.skip
        norms[rows] = np.linalg.norm(jacobians, axis=(1, 2))
    return norms * (1 + p * d * EPS) + rounding
