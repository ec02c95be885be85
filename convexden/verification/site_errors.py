"""How far a network is from the target of every site, with a rigorous bound over each ball.

The network is evaluated with code of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.verification.exact.line_network import line_errors

Array = NDArray[np.float64]

# Numbers held at a time while Jacobians are computed.
CHUNK = 4_000_000


@dataclass(frozen=True, eq=False)
class SiteErrors:
    r"""Errors of a network at sites n = 1..N, in the units of the data; arrays (N,).

    On the closed ball the network is its affine piece at the centre plus what the hinges that enter
    the ball add, so :math:`|h(y) - t_n| \le |e_n| + r_n |E_n| + o_n`.

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
    """Measure a network on every site of a problem; see `SiteErrors`.

    On a line the errors are those of exact arithmetic, rounded up.
    """
    balls = np.flatnonzero(problem.radii > 0)
    if problem.input_dimension == 1:
        values, slopes, overlaps = line_errors(
            problem.centers[:, 0], problem.radii, problem.targets, network
        )
        slopes[problem.radii == 0] = 0.0
        totals = values + problem.radii * slopes + overlaps
        return SiteErrors(values, slopes, overlaps, totals, bool(balls.size))
    a, w = network.output_weights, network.input_weights
    origin = problem.centers.mean(axis=0)
    goal = problem.targets.mean(axis=0)
    y = problem.centers - origin
    # Far from the origin biases and offset cancel against w.y and V y.  In centred coordinates the
    # cancellation happens once, in extended precision where there is any, so that the errors are
    # those of the network and not those of its evaluation.
    far = origin.astype(np.longdouble)
    biases = (w.astype(np.longdouble) @ far + network.biases).astype(float)
    offset = (network.skip.astype(np.longdouble) @ far + network.offset - goal).astype(float)
    z = y @ w.T + biases
    reached = np.maximum(z, 0.0) @ a + y @ network.skip.T + offset
    values = np.linalg.norm(reached - (problem.targets - goal), axis=1)

    jacobians, overlaps = np.zeros(len(problem)), np.zeros(len(problem))
    jacobians[balls] = _jacobian_norms(network, z[balls] > 0)
    inside = problem.radii[balls, None] * np.linalg.norm(w, axis=1) - np.abs(z[balls])
    overlaps[balls] = np.maximum(inside, 0.0) @ np.linalg.norm(a, axis=1)
    totals = values + problem.radii * jacobians + overlaps
    return SiteErrors(values, jacobians, overlaps, totals, bool(balls.size))


def _jacobian_norms(network: ShallowNetwork, active: NDArray[np.bool_]) -> Array:
    """Frobenius norms of sum_k D_nk a_k w_k^T + V, some sites at a time."""
    a, w = network.output_weights, network.input_weights
    p, d = network.skip.shape
    step = max(1, CHUNK // (p * max(d, len(a))))
    norms = np.empty(len(active))
    for start in range(0, len(active), step):
        rows = slice(start, start + step)
        jacobians = (active[rows, None, :] * a.T) @ w + network.skip
        norms[rows] = np.linalg.norm(jacobians, axis=(1, 2))
    return norms
