"""Whether a network is a gradient, and its energy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convexden.analysis.flows import score_flow
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.theorems._attractors import starts

Array = NDArray[np.float64]


def asymmetry(network: ShallowNetwork) -> tuple[float, float]:
    """How far a network is from a gradient: the skip connection, and the neurons.

    Returns
    -------
    skip : float
        Largest entry of V - V^T.
    angle : float
        Mean angle (degrees) between the lines of a_k and w_k, weighted by |a_k| |w_k|, every hinge
        once.
    """
    network = network.canonical()
    a, w = network.output_weights, network.input_weights
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(w, axis=1)
    across = a - ((a * w).sum(axis=1) / (w * w).sum(axis=1))[:, None] * w
    sines = np.linalg.norm(across, axis=1) / np.linalg.norm(a, axis=1)
    angles = np.degrees(np.arcsin(np.clip(sines, 0.0, 1.0)))
    skip = float(np.abs(network.skip - network.skip.T).max())
    return skip, float(angles @ sizes / sizes.sum()) if sizes.size else 0.0


def energy(network: ShallowNetwork, points: Array) -> Array:
    r"""The E (M,) with gradient y - h(y), if the network is a gradient.

    .. math:: E(y) = \frac{|y|^2}{2} - \frac12 \sum_k \frac{a_k^T w_k}{|w_k|^2} [w_k^T y + b_k]_+^2
       - \frac12 y^T V y - c^T y
    """
    network = network.canonical()
    a, w = network.output_weights, network.input_weights
    hidden = np.maximum(points @ w.T + network.biases, 0.0)
    ramps = hidden**2 @ ((a * w).sum(axis=1) / (w * w).sum(axis=1))
    square = (points * (points - points @ network.skip)).sum(axis=1)
    found: Array = (square - ramps) / 2 - points @ network.offset
    return found


def largest_rise(problem: Interpolation, network: ShallowNetwork) -> float:
    """The largest rise of the energy between two hinges along score flows, in squared spreads."""
    flow = score_flow(problem, network, starts(problem))
    origin = problem.targets.mean(axis=0)
    shifted = ShallowNetwork(  # energies of points far from 0 have no digits left
        network.output_weights,
        network.input_weights,
        network.biases + network.input_weights @ origin,
        network.skip,
        network.offset + network.skip @ origin - origin,
    )
    worst = 0.0
    for points, limit in zip(flow.points, flow.limits, strict=True):
        path = np.vstack([points, limit]) - origin
        worst = max(worst, float(np.diff(energy(shifted, path)).max()))
    return worst / problem.target_spread**2
