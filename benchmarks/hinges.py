"""What the hinges of random plane problems touch, and which of them are tilted.

    python -m benchmarks.hinges [--count 1000] [--points 4] [--seed 0]

The points are normal, those that are in convex position.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from convexden.data import smallest_distance
from convexden.experiments.touching import count_hinges

Array = NDArray[np.float64]


def convex_position(rng: np.random.Generator, count: int) -> tuple[Array, float]:
    """Points of which none is in the hull of the others, and a radius up to 90 % of contact."""
    from scipy.spatial import ConvexHull

    while True:
        points = rng.standard_normal((count, 2))
        if len(ConvexHull(points).vertices) == count:
            return points, rng.uniform(0.02, 0.9) * smallest_distance(points) / 2


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--points", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found = count_hinges(
        lambda rng: convex_position(rng, options.points), options.count, seed=options.seed
    )
    print(found)


if __name__ == "__main__":
    main()
