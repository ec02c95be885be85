"""Draw the arcs of the plane for formulation.md: python docs/images/make_arcs.py [FILE.png].

Left are hinges tangent to one ball, in the middle the circle of their normals, cut into arcs, and
right the dual constraint along it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Wedge
from numpy.typing import NDArray

import convexden as cd
from convexden.plotting import style
from convexden.storage.files import whole_file

Array = NDArray[np.float64]

CENTERS = np.array([[0.0, 0.0], [2.1, 0.2], [0.5, 1.7], [-1.1, 1.0]])
RADII = np.array([0.45, 0.4, 0.35, 0.0])
NAMES = ["$q$", "1", "2", "3"]
COLORS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.SKY, style.NOISE, "0.35")
SHOWN = (62.0, 178.0)  # degrees: a hinge inside an arc, and one that cuts a ball


def constraint_values(angles: Array) -> Array:
    """z (A, N) of the hinges tangent to q from its active side."""
    normals = np.column_stack([np.cos(angles), np.sin(angles)])
    return normals @ (CENTERS - CENTERS[0]).T + RADII[0]


def critical_angles() -> Array:
    """Where the hinge also touches another site, in [0, 2 pi)."""
    found = []
    for step, radius in zip(CENTERS[1:] - CENTERS[0], RADII[1:], strict=True):
        for side in {radius, -radius}:
            cosine = (side - RADII[0]) / np.linalg.norm(step)
            direction, opening = np.arctan2(step[1], step[0]), np.arccos(cosine)
            found += [direction - opening, direction + opening]
    return np.sort(np.mod(found, 2 * np.pi))


def arcs() -> list[tuple[float, float, tuple[int, ...] | None]]:
    """Starts and ends of the arcs, and which sites are active besides q; None if a ball is cut."""
    starts = critical_angles()
    ends = np.append(starts[1:], starts[0] + 2 * np.pi)
    found: list[tuple[float, float, tuple[int, ...] | None]] = []
    for start, end in zip(starts, ends, strict=True):
        z = constraint_values(np.array([(start + end) / 2]))[0]
        whole = (np.abs(z[1:]) >= RADII[1:]).all()
        active = tuple((1 + np.flatnonzero(z[1:] > 0)).tolist())
        found.append((start, end, active if whole else None))
    return found


def colors() -> dict[tuple[int, ...], str]:
    """A color for every pattern."""
    patterns = list(dict.fromkeys(active for _, _, active in arcs() if active is not None))
    return dict(zip(patterns, COLORS, strict=False))


def label(active: tuple[int, ...]) -> str:
    """The active sites as a set."""
    return r"$\{" + ", ".join(["q", *map(str, active)]) + r"\}$"


def draw_hinge(ax: Axes, angle: float, text: str, side: float, **looks: Any) -> None:
    """The hinge with this normal, the normal where it touches q, and a text so far along it."""
    w = np.array([np.cos(angle), np.sin(angle)])
    at = CENTERS[0] - RADII[0] * w
    along = np.array([-w[1], w[0]])
    ax.plot(*np.column_stack([at - 4 * along, at + 4 * along]), **looks)
    ax.annotate("", at + 0.8 * w, at, arrowprops={"arrowstyle": "->", "color": looks["color"]})
    place = at + side * along
    ax.annotate(text, place, fontsize=8, color=looks["color"], ha="center", va="center",
                bbox={"fc": "white", "ec": "none", "pad": 0.6, "alpha": 0.85})  # fmt: skip


def draw_plane(ax: Axes) -> None:
    """The sites, and a few hinges tangent to q from its active side."""
    for center, radius, name in zip(CENTERS, RADII, NAMES, strict=True):
        if radius:
            ax.add_patch(Circle(center, radius, fc=style.BALL, ec="black", lw=0.8, zorder=3))
            ax.annotate(name, center + 0.4 * radius, ha="center", va="center", zorder=4)
        else:
            ax.plot(*center, zorder=4, **style.SAMPLE)
            ax.annotate(name, center, (5, 5), textcoords="offset points", zorder=4)
    inside, cutting = np.deg2rad(SHOWN)
    starts = critical_angles()
    draw_hinge(ax, inside, "inside an arc", 1.35, color=style.BLUE, lw=1.6)
    # The end of that arc.
    end = starts[starts > inside].min()
    draw_hinge(ax, end, "critical", 1.2, color="black", lw=1.0, ls="--")
    draw_hinge(ax, cutting, "cuts a ball", 1.1, color="0.55", lw=1.0, ls=":")
    ax.set_xlim(-2.1, 2.8)
    ax.set_ylim(-1.7, 2.6)
    ax.set_aspect("equal")
    ax.set_title("Hinges tangent to ball $q$, with their normals $w$", fontsize=9.5)
    ax.set_xticks([])
    ax.set_yticks([])


def draw_circle(ax: Axes) -> None:
    """The normals: arcs in the colors of their patterns, gray where a ball is cut."""
    known = colors()
    for start, end, active in arcs():
        color = "0.88" if active is None else known[active]
        ax.add_patch(Wedge((0, 0), 1.0, *np.rad2deg([start, end]), width=0.16, fc=color, ec="none"))
        if active is not None:
            middle = (start + end) / 2
            place = 0.62 * np.array([np.cos(middle), np.sin(middle)])
            ax.annotate(label(active), place, ha="center", va="center", fontsize=8, color=color)
    for angle in critical_angles():
        w = np.array([np.cos(angle), np.sin(angle)])
        ax.plot(*np.column_stack([0.8 * w, 1.05 * w]), color="black", lw=0.9)
    ax.set_xlim(-1.15, 1.15)
    ax.set_ylim(-1.15, 1.15)
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set_title("The circle of normals: one pattern an arc", fontsize=9.5)


def draw_constraint(ax: Axes) -> None:
    """The dual constraint of optimal multipliers along the arcs."""
    solution = cd.solve(cd.Interpolation(CENTERS, CENTERS, RADII))
    values, jacobians = solution.certificate.values, solution.certificate.jacobians
    known = colors()
    for start, end, active in arcs():
        if active is None:
            ax.axvspan(*np.rad2deg([start, end]), color="0.93", lw=0)
            if end > 2 * np.pi:
                ax.axvspan(0.0, np.rad2deg(end) - 360, color="0.93", lw=0)
            continue
        angles = np.linspace(start, end, 200)
        z, sites = constraint_values(angles)[:, [0, *active]], [0, *active]
        normals = np.column_stack([np.cos(angles), np.sin(angles)])
        sums = z @ values[sites] + np.einsum("npd,kd->kp", jacobians[sites], normals)
        g, degrees = np.linalg.norm(sums, axis=1), np.rad2deg(angles)
        for turn in (0.0, 360.0):
            shown = (degrees >= turn) & (degrees <= turn + 360.0)
            ax.plot(degrees[shown] - turn, g[shown], color=known[active], lw=1.8)
    for angle in critical_angles():
        ax.axvline(np.rad2deg(angle), color="black", lw=0.5, alpha=0.5)
    ax.axhline(1.0, color="black", lw=0.7, ls="--")
    ax.set_xlim(0, 360)
    ax.set_xticks(range(0, 361, 90))
    ax.set_ylim(0, 1.12)
    ax.set_xlabel("angle of $w$ in degrees")
    ax.set_title("Dual constraint $g$ along the arcs", fontsize=9.5)


def main(path: str | Path) -> None:
    figure = Figure((11.6, 3.9), layout="compressed")
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.15, 1.0, 1.15])
    draw_plane(left)
    draw_circle(middle)
    draw_constraint(right)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, bbox_inches="tight", pad_inches=0.1)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("arcs.png"))
