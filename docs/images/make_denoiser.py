"""Draw the picture at the top of the README: python docs/images/make_denoiser.py [FILE.png]."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import convexden as cd
from convexden.storage.files import whole_file

Array = NDArray[np.float64]

POINTS = np.array([0.0, 1.0, 2.5, 3.4])
RADIUS = 0.25
# The standard deviation of noise that is uniform in the interval.
SIGMA = RADIUS / np.sqrt(3)


def mmse(y: Array) -> Array:
    """The empirical MMSE denoiser of POINTS under Gaussian noise: their mean given y."""
    exponents = -((y[:, None] - POINTS) ** 2) / (2 * SIGMA**2)
    weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return weights @ POINTS / weights.sum(axis=1)


def main(path: str | Path) -> None:
    figure = Figure((10.4, 5.4), layout="compressed")
    figure.get_layout_engine().set(w_pad=0.12)
    left, right = figure.subplots(1, 2, width_ratios=[1.14, 1.0])

    line = cd.solve(cd.denoising(POINTS, radius=RADIUS))
    y = np.linspace(POINTS[0] - 1, POINTS[-1] + 1, 2001)
    label = r"empirical MMSE denoiser ($\sigma = r / \sqrt{3}$)"
    left.plot(y, mmse(y), color="black", lw=1.1, ls="--", label=label)
    cd.plotting.plot_line(line, left)
    left.set_ylim(left.get_xlim())
    left.set_aspect("equal")
    left.set_title(title("On a line", line), fontsize=10)

    plane = cd.solve(cd.denoising(cd.data.triangle([48, 60, 72]), radius=0.25))
    cd.plotting.plot_plane(plane, right)
    right.set_title(title("In the plane", plane), fontsize=10)

    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, bbox_inches="tight", pad_inches=0.1)


def title(place: str, solution: cd.Solution) -> str:
    return (
        f"{place}: cost {solution.cost:.7g}, "
        f"{'certified' if solution.certified else 'not certified'}, "
        f"relative gap {solution.relative_gap:.0e}"
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("denoiser.png"))
