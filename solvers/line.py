r"""The line: the minimum-norm network connects the dots, and so does its dual.

On a line :math:`R(h) = \int |h''|`.  The minimiser is constant on balls and affine between
neighbouring sites (Zeno et al. 2023, arXiv 2311.06748, univariate denoisers; Savarese et al.
2019, arXiv 1902.05040).  Its certificate is as explicit: the function q(b) of the dual constraint
is affine between neighbouring sites, equal to the unit vector of the slope's jump wherever the
slope jumps, and zero outside the data; a convex combination of unit vectors has norm at most one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.atoms import Array, Flags, Indices


@dataclass(frozen=True, eq=False)
class LineSolution:
    """The optimal network with optimal multipliers: values (N, p), jacobians (N, p, 1)."""

    network: ShallowNetwork
    values: Array
    jacobians: Array


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Maximal unions of sites that meet (and so share a target), from left to right.

    A block is flat if it contains a ball; `sites` names a ball of it, or its sample.
    """

    left: Array
    right: Array
    flat: Flags
    sites: Indices


def solve_line(problem: Interpolation) -> LineSolution:
    """Solve a problem of input dimension one, balls and samples in any mix, vector targets."""
    blocks = _blocks(problem)
    targets = problem.targets[blocks.sites]
    gaps = blocks.left[1:] - blocks.right[:-1]
    slopes = np.diff(targets, axis=0) / gaps[:, None]
    edge = np.zeros((1, problem.output_dimension))
    flat = blocks.flat[:, None]
    # Slope inside a block: 0 on a ball; a sample at the end of the data lets its slope run on.
    before, after = np.concatenate([slopes[:1], slopes]), np.concatenate([slopes, slopes[-1:]])
    before[0] = np.where(blocks.flat[0], 0.0, before[0])
    after[-1] = np.where(blocks.flat[-1], 0.0, after[-1])
    jumps_left = np.where(flat, -before, after - before)
    jumps_right = np.where(flat, after, 0.0)
    knots = np.concatenate([blocks.left, blocks.right])
    jumps = np.concatenate([jumps_left, jumps_right])
    bent = np.linalg.norm(jumps, axis=1) > 1e-15 * np.abs(slopes).max(initial=1.0)
    skip = before[0]
    network = ShallowNetwork(
        jumps[bent],
        np.ones((int(bent.sum()), 1)),
        -knots[bent],
        skip[:, None],
        targets[0] - skip * blocks.left[0],
    )
    # q at the left and at the right end of every block.
    q_left, q_right = _units(jumps_left), _units(jumps_right)
    q_right = np.where(flat, q_right, q_left)
    _interpolate(q_left, q_right, blocks, bent[: len(gaps) + 1])
    # The sum of the multipliers right of a gap is minus the slope of q over it.
    tails = np.concatenate([edge, -(q_left[1:] - q_right[:-1]) / gaps[:, None], edge])
    values = np.zeros((len(problem), problem.output_dimension))
    jacobians = np.zeros((len(problem), problem.output_dimension, 1))
    block_values = tails[:-1] - tails[1:]
    values[blocks.sites] = block_values
    width = (blocks.right - blocks.left)[:, None]
    reach = (problem.centers[blocks.sites, 0] - blocks.left)[:, None]
    slope = q_left - q_right - tails[1:] * width - block_values * reach
    jacobians[blocks.sites, :, 0] = np.where(flat, slope, 0.0)
    return LineSolution(network, values, jacobians)


def _blocks(problem: Interpolation) -> _Blocks:
    left = problem.centers[:, 0] - problem.radii
    right = problem.centers[:, 0] + problem.radii
    order = np.lexsort((right, left))
    reached = np.maximum.accumulate(right[order])
    start = np.concatenate([[True], left[order][1:] > reached[:-1]])
    block = np.cumsum(start) - 1
    first = np.flatnonzero(start)
    last = np.append(first[1:], len(order)) - 1
    # Within a block a ball, if there is one, stands for all.
    chosen = np.lexsort((-problem.radii[order], block))
    sites = order[chosen[np.searchsorted(block[chosen], np.arange(first.size))]]
    return _Blocks(left[order][first], reached[last], problem.radii[sites] > 0, sites)


def _units(jumps: Array) -> Array:
    norms = np.linalg.norm(jumps, axis=1, keepdims=True)
    units: Array = np.divide(jumps, norms, out=np.zeros_like(jumps), where=norms > 0)
    return units


def _interpolate(q_left: Array, q_right: Array, blocks: _Blocks, bent: Flags) -> None:
    """At samples where the slope does not jump, q goes straight on between its neighbours."""
    inner = np.arange(len(blocks.sites))
    straight = ~blocks.flat & ~bent
    straight[[0, -1]] = False
    known = ~straight
    for j in range(q_left.shape[1]):
        at = np.concatenate([blocks.left[known], blocks.right[known]])
        q = np.concatenate([q_left[known, j], q_right[known, j]])
        order = np.argsort(at, kind="stable")
        q_left[straight, j] = np.interp(blocks.left[inner][straight], at[order], q[order])
        q_right[straight, j] = q_left[straight, j]
