"""Figures for simplices; `python benchmarks/simplices.py` prints them (about two minutes).

Images: the first N of scikit-learn's digits, radius 0.05 of their smallest distance.  Random:
Gaussian simplices, radius 5 to 90 % of contact.
"""

from __future__ import annotations

import statistics

import numpy as np
from scipy.spatial.distance import pdist

import convexden as cd


def main() -> None:
    print(f"{'images':>6}{'status':>15}{'gap':>9}{'neurons':>9}{'rounds':>8}{'seconds':>9}")
    for count in (3, 4, 5, 6, 7):
        images = cd.data.digits(range(count))
        solution = cd.solve(cd.denoising(images, radius=0.05 * pdist(images).min()))
        print(
            f"{count:6d}{solution.status:>15}{solution.relative_gap:9.1e}{solution.neurons:9d}"
            f"{solution.iterations:8d}{solution.seconds:9.2f}",
            flush=True,
        )
    print(f"\n{'r':>3}{'count':>7}{'certified':>11}{'to 1e-10':>10}{'median s':>10}{'max s':>8}")
    for dimension in (2, 3, 4):
        generator = np.random.default_rng(dimension)
        solutions = []
        for _ in range(20):
            points = generator.standard_normal((dimension + 1, dimension))
            radius = generator.uniform(0.05, 0.9) * pdist(points).min() / 2
            solutions.append(cd.solve(cd.denoising(points, radius=radius)))
        seconds = [solution.seconds for solution in solutions]
        print(
            f"{dimension:3d}{len(solutions):7d}{sum(s.certified for s in solutions):11d}"
            f"{sum(s.relative_gap <= 1e-10 for s in solutions):10d}"
            f"{statistics.median(seconds):10.2f}{max(seconds):8.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
