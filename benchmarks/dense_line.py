"""The line under other costs as a linear program over a dense grid of kinks.

Tests and benchmarks compare with it; it shares no code with the solvers.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from convexden.cost import Cost
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

Array = NDArray[np.float64]

COSTS = (
    Cost(skip=False),
    Cost(norm="l1"),
    Cost(bias=1.0),
    Cost(bias=4.0, origin=0.3),
    Cost(bias=1.0, skip=False),
    Cost(bias=20.0, origin=[-2.0], skip=False),
    Cost(bias=0.7, norm="l1"),
    Cost(bias=3.0, norm="l1", origin=0.1, skip=False),
)
PER_GAP = 150  # kinks of the grid


def weight(cost: Cost, x: Array) -> Array:
    """What a kink at x is charged for."""
    origin = 0.0 if cost.origin is None else cost.origin[0]
    far = cost.bias * np.abs(x - origin)
    found: Array = 1.0 + far if cost.norm == "l1" else np.sqrt(1.0 + far**2)
    return found


def random_line(rng: np.random.Generator, cost: Cost, index: int) -> Interpolation:
    """Three to nine samples, of which every second set has a slope, and the first is convex."""
    count = int(rng.integers(3, 10))
    x = 2 * rng.standard_normal(count)
    t = x**2 if index == 0 else rng.standard_normal(count) + (5 * x if index % 2 else 0.0)
    return Interpolation(x, t, cost=cost)


def dense(problem: Interpolation, network: ShallowNetwork) -> float:
    """The least cost over hinges on a dense grid and at the kinks of a network, both ways round."""
    cost, y, t = problem.cost, problem.centers[:, 0], problem.targets[:, 0]
    origin = 0.0 if cost.origin is None else cost.origin[0]
    grid = [np.linspace(a, b, PER_GAP) for a, b in itertools.pairwise(np.unique(y))]
    x = np.concatenate([*grid, [origin], -network.biases / network.input_weights[:, 0]])
    hinges = np.hstack([np.maximum(y[:, None] - x, 0.0), np.maximum(x - y[:, None], 0.0)])
    free = np.column_stack([np.ones_like(y), y] if cost.skip else [np.ones_like(y)])
    prices = np.tile(weight(cost, x), 4)
    found = linprog(
        np.append(prices, np.zeros(2 * free.shape[1])),
        A_eq=np.hstack([hinges, -hinges, free, -free]),
        b_eq=t,
        method="highs",
    )
    return float(found.fun)
