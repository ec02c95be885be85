"""How far the heavy hinges of one network are turned from those of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.analysis.coordinates import check_fit, restrict
from convexden.geometry.directions import angles_to_nearest
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

Array = NDArray[np.float64]

# Share of the weight of a network in the hinges that are called heavy.  What is left is in many
# light ones, of which some lie near any direction.
HEAVY = 0.9


@dataclass(frozen=True, eq=False)
class HingeAngles:
    """Angles of the heavy hinges of a network, one a neuron, the heaviest first.

    Attributes
    ----------
    weights : (K,) array
        The |a_k| for unit input weights in the affine hull of the centers.
    angles : (K,) array
        Of the normals to the nearest normal of a heavy hinge of the reference, in degrees from 0
        to 90: orientations and places do not count.
    """

    weights: Array
    angles: Array

    __repr__ = display.field_line

    @property
    def mean(self) -> float:
        """The mean angle with the weights, in degrees; NaN without hinges."""
        total = float(self.weights.sum())
        return float(self.weights @ self.angles) / total if total else float("nan")

    def share_within(self, degrees: float) -> float:
        """The share of the weight whose angle is at most this many degrees."""
        total = float(self.weights.sum())
        return float(self.weights @ (self.angles <= degrees)) / total if total else float("nan")


def hinge_angles(
    problem: Interpolation,
    network: ShallowNetwork,
    reference: ShallowNetwork,
    share: float = HEAVY,
) -> HingeAngles:
    """Compare the heavy hinges of a network with those of another, in angle.

    Everything is seen in the affine hull of the centers, and hinges are those of the canonical
    form, as in `convexden.hinge_alignment`.  The heavy hinges are as few of the heaviest as hold
    this share of the weight.

    Parameters
    ----------
    problem : Interpolation
    network, reference : ShallowNetwork
        On the inputs and outputs of the problem, for example a trained and a certified one.
    share : float, optional
        Above 0 and at most 1.

    Returns
    -------
    HingeAngles

    Raises
    ------
    InvalidProblem
        If a network does not fit the problem.
    InvalidInput
        If the share is out of its range.

    Examples
    --------
    >>> import convexden as cd
    >>> from convexden.analysis.hinge_angles import hinge_angles
    >>> points = cd.data.triangle([60, 60, 60])
    >>> small, large = (cd.solve(cd.denoising(points, radius=r)) for r in (0.1, 0.3))
    >>> round(hinge_angles(small.problem, small.network, large.network).mean, 4)
    0.0
    """
    share = arguments.number("share", share, above=0.0, most=1.0)
    check_fit(problem, network)
    check_fit(problem, reference)
    weights, normals = _heavy(problem, network, share)
    directions = _heavy(problem, reference, share)[1]
    if not len(directions) or not len(normals):
        return HingeAngles(np.zeros(0), np.zeros(0))
    return HingeAngles(weights, angles_to_nearest(normals, directions))


def _heavy(problem: Interpolation, network: ShallowNetwork, share: float) -> tuple[Array, Array]:
    """Weights (K,) and unit normals (K, r) in the hull of the heaviest hinges with this share."""
    hinges = restrict(network, problem.hull.origin, problem.hull.basis).canonical()
    weights = np.linalg.norm(hinges.output_weights, axis=1)
    order = np.argsort(-weights, kind="stable")
    sums = np.cumsum(weights[order])
    # One more than those that do not reach it.
    count = int(np.sum(sums < share * sums[-1])) + 1 if len(sums) else 0
    kept = order[:count]
    return weights[kept], hinges.input_weights[kept]
