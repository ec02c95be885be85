r"""The line: the minimum-norm network connects the dots, and so does its dual.

On a line :math:`R(h) = \int |h''|`.  The minimizer is constant on balls and affine between
neighboring sites (Zeno et al. 2023, arXiv 2311.06748, univariate denoisers; Savarese et al.
2019, arXiv 1902.05040).  Its certificate is as explicit: the function q(b) of the dual constraint
is affine between neighboring sites, equal to the unit vector of the slope's jump wherever the
slope jumps, and zero outside the data; a convex combination of unit vectors has norm at most one.

Both are found in closed form, in time O(N) after the ends of the sites are sorted.  What takes care
is rounding: multipliers and weights are as large as one over the smallest gap, and their errors act
over the whole line.  Ends, slopes and their jumps are therefore kept in two floats each, and the
numbers that are stored are differences of rounded sums (slopes of the network, sums of the
multipliers right of a gap) that they reproduce exactly: errors do not add up from site to site.
Where gaps are so short that one rounding counts, two floats a number are stored as well.

A line in a space of more dimensions is one of positions in two floats.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from convexden.arithmetic.two_part import TwoPart, affine_values
from convexden.errors import NotCertified
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.hinges import Array
from convexden.solvers.line.blocks import blocks_of
from convexden.solvers.line.multipliers import multipliers
from convexden.solvers.line.network import connect_dots


@dataclass(frozen=True, eq=False)
class LineSolution:
    """The optimal network with optimal multipliers: values (N, p), jacobians (N, p, d), and low
    parts of them where they count.

    `maximum` is the largest norm of q and `objective` the sum of l_n . t_n, in floats.
    """

    network: ShallowNetwork
    values: Array
    jacobians: Array
    maximum: float
    objective: float
    values_low: Array | None = None
    jacobians_low: Array | None = None


def solve_line(problem: Interpolation, rounding: float = 0.0) -> LineSolution:
    """Solve a problem of input dimension one, balls and samples in any mix, vector targets.

    Jumps of the slope below `rounding`, in units of target spread over input spread, spend no
    neuron: for data that are rounded.
    """
    positions = TwoPart.of(problem.centers[:, 0])
    return _solve(positions, problem.radii, problem.targets, rounding)


def solve_along(problem: Interpolation, direction: Array, rounding: float = 0.0) -> LineSolution:
    """Solve a problem whose centers lie on a line of this direction (d,), up to rounding.

    All input weights of the network are the direction or its negative.

    Raises
    ------
    NotCertified
        If sites of different targets meet on the line.
    """
    square = TwoPart.product(direction, direction).total()
    root = np.sqrt(square.high)
    length = TwoPart.sum(root, square.minus(TwoPart.product(root, root)).high / (2 * root))
    none = TwoPart.of(np.zeros(1))
    positions = affine_values(problem.centers, direction[None], none).rows(0).over(length)
    line = _solve(positions, problem.radii, problem.targets, rounding)
    network = line.network
    weights, biases = network.exact_output_weights.over(length), network.exact_biases.times(length)
    unit = TwoPart.of(direction).over(length)
    slopes = TwoPart.of(line.jacobians, line.jacobians_low).times(unit)
    fine = line.jacobians_low is not None or line.values_low is not None
    return replace(
        line,
        network=replace(
            network,
            output_weights=weights.high,
            input_weights=network.input_weights * direction,
            biases=biases.high,
            skip=network.skip * unit.high,
            output_weights_low=weights.low if network.two_part else None,
            biases_low=biases.low if network.two_part else None,
        ),
        jacobians=slopes.high,
        jacobians_low=slopes.low if fine else None,
    )


def _solve(positions: TwoPart, radii: Array, targets: Array, rounding: float) -> LineSolution:
    """The solution for sites at these positions (N,), with Jacobians (N, p, 1)."""
    # Powers of two bring the spreads near 1 without rounding.
    inputs, outputs = _exponent(positions.high), _exponent(targets)
    centers, radii = positions.scaled(2.0**-inputs), np.ldexp(radii, -inputs)
    targets = np.ldexp(targets, -outputs)
    blocks, numbers = blocks_of(centers, radii)
    if (targets[blocks.sites][numbers] != targets).any():
        raise NotCertified(
            "sites of different targets are so close that rounding makes them meet, so that "
            "nothing was solved: lower the radii"
        )
    unit = connect_dots(blocks, targets[blocks.sites], rounding)
    a, b = unit.exact_output_weights.scaled(2.0 ** (outputs - inputs)), unit.exact_biases
    b = b.scaled(2.0**inputs)
    network = ShallowNetwork(
        a.high,
        unit.input_weights,
        b.high,
        np.ldexp(unit.skip, outputs - inputs),
        np.ldexp(unit.offset, outputs),
        a.low,
        b.low,
    )
    values, jacobians = np.zeros((2, *targets.shape)), np.zeros((2, *targets.shape))
    if network.neurons == 0:  # a cost of zero needs no proof
        return LineSolution(network, values[0], jacobians[0, :, :, None], 0.0, 0.0)
    dual = multipliers(blocks, targets[blocks.sites], radii[blocks.sites])
    values[:, dual.sites] = dual.values.scaled(2.0**-inputs)
    jacobians[:, dual.sites] = dual.jacobians
    objective = float(np.ldexp(dual.objective, outputs - inputs))
    return LineSolution(
        network,
        values[0],
        jacobians[0, :, :, None],
        dual.maximum,
        objective,
        values[1] if values[1].any() else None,
        jacobians[1, :, :, None] if jacobians[1].any() else None,
    )


def _exponent(points: Array) -> int:
    """The exponent of the largest difference to the first point."""
    return int(np.frexp(np.abs(points - points[0]).max())[1])
