"""Draw trained networks beside exact ones: python docs/images/make_training.py [FILE.png].

Needs PyTorch, `pip install "convexden[train]"`, and some minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import convexden as cd
from convexden.storage.files import check_writable, whole_file

LINE = cd.denoising(np.array([0.0, 1.0, 2.5, 3.4]), radius=0.25)
TRIANGLE = cd.data.triangle([48, 60, 72])
PLANE = cd.denoising(TRIANGLE, noisy=cd.data.noisy_samples(TRIANGLE, 0.2, samples=20, seed=0))


def main(path: str | Path) -> None:
    check_writable(path)
    figure = Figure((12.4, 9.6), layout="constrained")
    axes = figure.subplots(2, 2)
    for (left, right), name, problem in zip(
        axes, ("balls on a line", "samples in the plane"), (LINE, PLANE), strict=True
    ):
        trained = cd.training.train(problem, epochs=20_000, samples=30, progress=show)
        gap = cd.training.compare(trained)
        print(f"\n{name}\n{gap}")
        cd.plotting.plot_trained(gap, left)
        cd.plotting.plot_training(gap, right)
        left.set_title(
            f"{name}: cost {trained.cost:.5g} trained, {gap.solution.cost:.9g} exact", fontsize=10
        )
        right.set_title(
            f"in the end: excess {gap.excess:+.1e}, worst error {gap.error:.1e}, "
            f"distance at most {gap.sup_distance[1]:.2g}",
            fontsize=10,
        )
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130, bbox_inches="tight", pad_inches=0.1)


def show(step: cd.training.Snapshot) -> None:
    print(f"\repoch {step.epoch}, {step.seconds:.0f} s", end="", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("training.png"))
