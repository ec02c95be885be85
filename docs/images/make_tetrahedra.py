"""Draw which tetrahedra are face-aligned, and print the table:

python docs/images/make_tetrahedra.py [FILE.png]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import convexden as cd
from convexden.experiments.aligned_tetrahedra import AlignedTetrahedra, aligned_tetrahedra
from convexden.experiments.touching import touching
from convexden.storage.files import whole_file
from convexden.theorems import equilateral, face_aligned
from convexden.theorems._tetrahedra import Tetrahedron

Array = NDArray[np.float64]

COLORS = {"base": "#0072B2", "apex": "#D55E00", "edge": "#009E73"}
# Noise and direction of the tetrahedron whose hinges are followed, and its radii.
NOISE, SEED = 0.04, 0
SHARES = np.array([0.04, 0.06, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.6, 0.8, 0.86, 0.9, 0.95])


def region(ax: Axes, found: AlignedTetrahedra) -> None:
    """The share of tetrahedra that are proven to be face-aligned."""
    picture = ax.pcolormesh(
        np.arange(len(found.noise) + 1),
        np.arange(len(found.fractions) + 1),
        found.share("aligned"),
        cmap="Blues",
        vmin=0,
        vmax=1,
        edgecolors="w",
    )
    for (f, s), paying in np.ndenumerate(found.share("edge pairs")):
        rest = found.share("not proven")[f, s]
        if max(paying, rest) >= 0.5:
            name = "edges" if paying >= rest else "cross"
            ax.text(s + 0.5, f + 0.5, name, ha="center", va="center", fontsize=7, color="0.4")
    end = np.interp(
        equilateral.threshold(3), found.fractions, np.arange(len(found.fractions)) + 0.5
    )
    ax.axhline(end, color="black", lw=0.9, ls="--")
    ax.set_xticks(np.arange(len(found.noise)) + 0.5, [f"{noise:g}" for noise in found.noise])
    ax.set_yticks(np.arange(len(found.fractions)) + 0.5, [f"{each:g}" for each in found.fractions])
    ax.set_xlabel("noise on the regular tetrahedron, in circumradii")
    ax.set_ylabel("radius, in half the least height")
    ax.figure.colorbar(picture, ax=ax, label="share that is exactly face-aligned")
    ax.set_title("Exact where no other ramp pays (dashed: regular)", fontsize=10)


def tilts(ax: Axes) -> None:
    """The largest tilt of the hinges of one tetrahedron, by what they are, over the radius."""
    rng = np.random.default_rng(SEED)
    points = cd.data.regular_simplex(3) + NOISE * rng.standard_normal((4, 3))
    half = float(Tetrahedron.of(points, 0.0).heights.min()) / 2
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in COLORS}
    excesses = []
    for share in SHARES:
        solution = cd.solve(cd.denoising(points, radius=share * half), tolerance=1e-11)
        hinges = touching(solution.problem, solution.network)
        touched = hinges.more + hinges.fewer
        kinds = {
            "base": (hinges.more == 3) & (hinges.fewer == 0) & (hinges.split == 1),
            "apex": (touched == 1) & (hinges.split == 1),
            "edge": (hinges.split == 2) & (hinges.fewer == 0),
        }
        for name, mine in kinds.items():
            if mine.any():
                tilt = max(float(np.rad2deg(hinges.tilt[mine].max())), 1e-15)
                found[name].append((float(share), tilt))
        aligned = face_aligned.closed_form(points, share * half).cost
        excesses.append(aligned / solution.cost - 1)
        print(f"radius {share:.2f}: {len(touched)} hinges, excess {excesses[-1]:.1e}")
    names = {
        "base": "base hinges, touch 3 balls",
        "apex": "apex hinges, touch 1",
        "edge": "between edges, touch 2",
    }
    for name, pairs in found.items():
        ax.semilogy(*np.array(pairs).T, "o-", ms=4, color=COLORS[name], label=names[name])
    pays = np.array(excesses) > 1e-12
    ax.set_xlabel("radius, in half the least height")
    ax.set_ylabel("largest tilt (degrees)")
    ax.legend(frameon=False, fontsize=8, loc="center")
    aligned_radii = SHARES[~pays]
    ax.axvspan(aligned_radii.min(), aligned_radii.max(), color="#DEEBF7", zorder=0)
    ax.set_title(f"One tetrahedron of noise {NOISE:g} (shaded: face-aligned)", fontsize=10)


def main(path: str | Path) -> None:
    """Print the table and draw."""
    found = aligned_tetrahedra()
    print(found)
    figure = Figure((11.6, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    region(left, found)
    tilts(right)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130)


if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("tetrahedra.png")
    main(name)
