"""What to start from: the solution of a problem nearby."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden import display
from convexden.certificate import Certificate
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Hinges
from convexden.tolerances import CUT_RTOL


@dataclass(frozen=True, eq=False)
class Start:
    """A network, and multipliers if there are any, in the coordinates of the problem to solve."""

    network: ShallowNetwork
    certificate: Certificate | None = None

    __repr__ = display.field_line


def multipliers_near(constraints: Constraints, certificate: Certificate) -> Array:
    """The multipliers (M, p) of the reduced rows next to those of a certificate."""
    # As the multipliers of the sites depend on those of the rows, for each output alike.
    every = constraints.multipliers(np.eye(len(constraints.targets)))  # (N, M) and (N, M, d)
    rows = np.concatenate([every[0][:, :, None], every[1]], axis=2).transpose(0, 2, 1)
    values, jacobians = certificate.values, certificate.jacobians
    given = np.concatenate([values[:, :, None], jacobians], axis=2).transpose(0, 2, 1)
    size = rows.shape[0] * rows.shape[1]
    found = np.linalg.lstsq(rows.reshape(size, -1), given.reshape(size, -1), rcond=None)[0]
    return np.asarray(found)


def hinges_near(problem: Interpolation, network: ShallowNetwork) -> Hinges:
    """The hinges of a network, moved along their normals until each touches the site next to it.

    Hinges that cut a ball even so are left out: what is left may be none.

    Parameters
    ----------
    problem : Interpolation
        Reduced.
    network : ShallowNetwork
        On the inputs of the problem.
    """
    lengths = np.linalg.norm(network.input_weights, axis=1)
    real = lengths > 0
    normals = network.input_weights[real] / lengths[real, None]
    heights = normals @ problem.centers.T + (network.biases[real] / lengths[real])[:, None]
    patterns = heights > 0
    # Turned to the side on which the site that it touches is active, as the pricers state them.
    pivots = np.abs(np.abs(heights) - problem.radii).argmin(axis=1)
    every = np.arange(len(normals))
    turn = np.where(patterns[every, pivots] | (problem.radii[pivots] == 0), 1.0, -1.0)
    normals, patterns = turn[:, None] * normals, patterns ^ (turn < 0)[:, None]
    biases = problem.radii[pivots] - (normals * problem.centers[pivots]).sum(axis=1)
    nowhere, held = np.full(len(normals), -1), np.zeros(len(normals), dtype=bool)
    hinges = Hinges(normals, biases, patterns, pivots, nowhere, held)
    return hinges[hinges.depths(problem).max(axis=1, initial=0.0) <= CUT_RTOL]
