"""Draw the picture of the page on acute triangles: python docs/images/make_acute.py [FILE.png]."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

import convexden as cd
from convexden.geometry.triangle import Triangle
from convexden.storage.files import whole_file
from convexden.theorems import acute_triangle, face_aligned

ANGLES = (40, 60, 80)
RADIUS = 0.2
EXAGGERATED = 100
BASE, APEX, ALIGNED = "#0072B2", "#D55E00", "0.45"
# Steps of the angles of the map, in degrees.
STEP = 0.75


def hinges(ax: Axes) -> None:
    """The triangle with its balls, base hinges and apex hinges."""
    points = cd.data.triangle(ANGLES)
    _, ramps = acute_triangle.solution(points, RADIUS)
    shape, half = Triangle.of(points), 0.62
    ax.fill(*points.T, color="0.95", ec="0.6", lw=0.8)
    for k in range(3):
        ax.add_patch(Circle(points[k], RADIUS, fc="0.8", ec="0.3", lw=0.8))
        along = shape.along[k] * half
        foot = (points.sum(axis=0) - points[k]) / 2 + RADIUS * shape.normals[k]
        label = "base hinges" if k == 0 else None
        ax.plot(*np.array([foot - along, foot + along]).T, color=BASE, lw=1.6, label=label)
        for tilt, color, style, name in (
            (0.0, ALIGNED, ":", "face-aligned"),
            (EXAGGERATED * ramps.angles[k], APEX, "-", f"apex hinges, tilt x {EXAGGERATED}"),
        ):
            normal = np.cos(tilt) * shape.normals[k] + np.sin(tilt) * shape.along[k]
            turned = np.array([-normal[1], normal[0]]) * half
            touch = points[k] - RADIUS * normal
            label = name if k == 0 else None
            line = np.array([touch - turned, touch + turned]).T
            ax.plot(*line, color=color, ls=style, lw=1.6, label=label)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0.04), fontsize=8)
    ax.set_title(f"Angles {ANGLES}, radius {RADIUS}: cost {ramps.cost:.6g}", fontsize=10)


def excess(ax: Axes) -> None:
    """The excess of the face-aligned candidate over the radius."""
    for angles, color in (((40, 60, 80), APEX), ((50, 60, 70), BASE), ((55, 60, 65), "#009E73")):
        points = cd.data.triangle(angles)
        inradius = Triangle.of(points).inradius
        largest, special = (
            acute_triangle.threshold(points)[0],
            acute_triangle.special_radius(points),
        )
        steps = special * np.concatenate(
            [1 - np.geomspace(1, 1e-3, 80), 1 + np.geomspace(1e-3, 3, 90)]
        )
        radii = steps[(steps > 0.01 * special) & (steps < 0.999 * largest)]
        above = []
        for radius in radii:
            tilted = acute_triangle.closed_form(points, radius).cost
            above.append(face_aligned.closed_form(points, radius).cost / tilted - 1)
        seen = np.where(np.array(above) > 2e-15, above, np.nan)
        ax.semilogy(radii / inradius, seen, color=color, label=str(angles))
        ax.axvline(special / inradius, color=color, lw=0.6, ls=":")
    ax.set_xlabel("radius, in inradii")
    ax.set_title("Excess of the face-aligned candidate", fontsize=10)
    ax.legend(frameon=False, fontsize=8)


def ends(ax: Axes) -> None:
    """Where the tilted ramps end, over the largest and the smallest angle."""
    largest = np.arange(60 + STEP / 2, 90, STEP)
    smallest = np.arange(12 + STEP / 2, 60, STEP)
    shares = np.full((len(smallest), len(largest)), np.nan)
    pinched = np.zeros(shares.shape, dtype=bool)
    for i, small in enumerate(smallest):
        for j, large in enumerate(largest):
            middle = 180 - small - large
            if small <= middle <= large:
                points = cd.data.triangle((small, middle, large))
                radius, end = acute_triangle.threshold(points)
                shares[i, j] = 2 * radius / Triangle.of(points).heights.min()
                pinched[i, j] = end == "pinched"
    picture = ax.pcolormesh(largest, smallest, shares, cmap="viridis", vmin=0, vmax=1)
    ax.contourf(
        largest,
        smallest,
        np.where(np.isnan(shares), np.nan, pinched),
        levels=[0.5, 1.5],
        colors="none",
        hatches=["///"],
    )
    lines = ax.contour(
        largest, smallest, shares, levels=[0.1, 0.3, 0.5, 0.7, 0.8], colors="w", linewidths=0.8
    )
    ax.clabel(lines, fontsize=7)
    ax.figure.colorbar(picture, ax=ax, label="largest radius, in half the least height")
    ax.set_xlabel("largest angle (degrees)")
    ax.set_ylabel("smallest angle (degrees)")
    ax.set_title("Where the tilted ramps end (hatched: pinched)", fontsize=10)


def main(path: str | Path) -> None:
    figure = Figure((13.0, 4.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    hinges(left)
    excess(middle)
    ends(right)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("acute.png"))
