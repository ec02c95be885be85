r"""The line: the minimum-norm network connects the dots, and so does its dual.

On a line :math:`R(h) = \int |h''|`.  The minimiser is constant on balls and affine between
neighbouring sites (Zeno et al. 2023, arXiv 2311.06748, univariate denoisers; Savarese et al.
2019, arXiv 1902.05040).  Its certificate is as explicit: the function q(b) of the dual constraint
is affine between neighbouring sites, equal to the unit vector of the slope's jump wherever the
slope jumps, and zero outside the data; a convex combination of unit vectors has norm at most one.

Both are found in closed form, in time O(N) after the ends of the sites are sorted.  What takes care
is rounding: multipliers and weights are as large as one over the smallest gap, and their errors act
over the whole line.  Ends, slopes and their jumps are therefore kept in two floats each, and the
numbers that are stored are differences of rounded sums (slopes of the network, sums of the
multipliers right of a gap) that they reproduce exactly: errors do not add up from site to site.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.atoms import Array
from convexden.solvers.line.blocks import blocks_of
from convexden.solvers.line.multipliers import multipliers
from convexden.solvers.line.network import connect_dots


@dataclass(frozen=True, eq=False)
class LineSolution:
    """The optimal network with optimal multipliers: values (N, p), jacobians (N, p, 1).

    `maximum` is the largest norm of q and `objective` the sum of l_n . t_n, in floats.
    """

    network: ShallowNetwork
    values: Array
    jacobians: Array
    maximum: float
    objective: float


def solve_line(problem: Interpolation, rounding: float = 0.0) -> LineSolution:
    """Solve a problem of input dimension one, balls and samples in any mix, vector targets.

    Jumps of the slope below `rounding`, in units of target spread over input spread, spend no
    neuron: for data that are rounded.
    """
    # Powers of two bring the spreads near 1 without rounding.
    inputs, outputs = _exponent(problem.centers), _exponent(problem.targets)
    centers, radii = np.ldexp(problem.centers[:, 0], -inputs), np.ldexp(problem.radii, -inputs)
    targets = np.ldexp(problem.targets, -outputs)
    blocks = blocks_of(centers, radii)
    unit = connect_dots(blocks, targets[blocks.sites], rounding)
    network = ShallowNetwork(
        np.ldexp(unit.output_weights, outputs - inputs),
        unit.input_weights,
        np.ldexp(unit.biases, inputs),
        np.ldexp(unit.skip, outputs - inputs),
        np.ldexp(unit.offset, outputs),
    )
    values, jacobians = np.zeros(targets.shape), np.zeros((*targets.shape, 1))
    if network.neurons == 0:  # a cost of zero needs no proof
        return LineSolution(network, values, jacobians, 0.0, 0.0)
    dual = multipliers(blocks, targets[blocks.sites], radii[blocks.sites])
    values[dual.sites] = np.ldexp(dual.values, -inputs)
    jacobians[dual.sites, :, 0] = dual.jacobians
    objective = float(np.ldexp(dual.objective, outputs - inputs))
    return LineSolution(network, values, jacobians, dual.maximum, objective)


def _exponent(points: Array) -> int:
    """The exponent of the largest difference to the first point."""
    return int(np.frexp(np.abs(points - points[0]).max())[1])
