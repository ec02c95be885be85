"""Draw the faces of space for formulation.md: python docs/images/make_faces.py [FILE.png].

Of hinges in three dimensions that are tangent to one ball the normals are a sphere.  Each further
ball takes a band out of it, between the circles on which the hinge touches that ball as well.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from convexden.plotting import style
from convexden.storage.files import whole_file

Array = NDArray[np.float64]

# Centers, counted from that of the ball q that the hinges touch, in the coordinates of the picture:
# to the right, up, and toward the reader.
STEPS = np.array([[1.5, 0.3, 0.9], [-0.5, 1.5, 0.8], [-0.9, -0.9, 1.2]])
RADII = np.array([0.3, 0.25, 0.3])
OWN = 0.35
COLORS = (style.SKY, style.NOISE, style.GREEN, style.PURPLE, style.BLUE, style.VERMILION, "0.6")
CIRCLE = (1, -1.0)  # the circle that is explained: of the second ball, touched from this side


def constraint_values(normals: Array) -> Array:
    """z (..., 3) of the hinges tangent to q from its active side."""
    return normals @ STEPS.T + OWN


def hemisphere(pixels: int) -> tuple[Array, NDArray[np.bool_]]:
    """The normals (M, M, 3) toward the reader, and which pixels show one."""
    grid = np.linspace(-1.02, 1.02, pixels)
    x, y = np.meshgrid(grid, grid)
    square = 1.0 - x**2 - y**2
    return np.stack([x, y, np.sqrt(np.maximum(square, 0.0))], axis=-1), square >= 0.0


def tangent_circle(m: int, side: float) -> tuple[Array, float, Array]:
    """Center, radius and points (M, 3) of the normals whose hinges touch ball m on this side."""
    length = np.linalg.norm(STEPS[m])
    unit = STEPS[m] / length
    center = (side * RADII[m] - OWN) / length * unit
    radius = float(np.sqrt(1.0 - center @ center))
    frame = np.linalg.svd(unit[None])[2][1:]
    turns = np.linspace(0.0, 2.0 * np.pi, 721)
    circle = center + radius * np.column_stack([np.cos(turns), np.sin(turns)]) @ frame
    return center, radius, circle


def whole(normals: Array) -> NDArray[np.bool_]:
    """Whether the hinges cut no ball, up to rounding."""
    return (np.abs(constraint_values(normals)) >= RADII - 1e-9).all(axis=-1)


def draw_faces(ax: Axes) -> None:
    """Patterns in colors, bands in gray, circles and points on them."""
    normals, seen = hemisphere(900)
    z = constraint_values(normals)
    codes = (z > 0) @ np.array([1, 2, 4])
    image = np.ones((*codes.shape, 3))
    patterns = np.unique(codes[seen & whole(normals)])
    for color, code in zip(COLORS, patterns, strict=False):
        here = (codes == code) & seen & whole(normals)
        image[here] = 0.45 + 0.55 * np.array(to_rgb(color))
        active = ", ".join(["q", *(str(1 + m) for m in range(3) if code >> m & 1)])
        depths = distance_transform_edt(here)
        place = normals[np.unravel_index(depths.argmax(), depths.shape)][:2]
        if depths.max() > 36:
            ax.annotate(rf"$\{{{active}\}}$", place, ha="center", va="center", fontsize=7.5)
    image[seen & ~whole(normals)] = 0.9
    ax.imshow(image, origin="lower", extent=(-1.02, 1.02, -1.02, 1.02), interpolation="bilinear")
    turns = np.linspace(0.0, 2.0 * np.pi, 400)
    ax.plot(np.cos(turns), np.sin(turns), color="black", lw=0.8)
    for m in range(3):
        for side in (1.0, -1.0):
            circle = tangent_circle(m, side)[2]
            shown = circle[:, 2] >= 0
            kept = whole(circle) & shown
            ax.plot(*np.where(shown[:, None], circle, np.nan)[:, :2].T, color="0.6", lw=0.6)
            ax.plot(*np.where(kept[:, None], circle, np.nan)[:, :2].T, color="black", lw=1.5)
    corners = vertices()
    ax.plot(*corners[corners[:, 2] >= 0, :2].T, ls="", marker="o", color="black", ms=4.5)
    ax.set_title("Normals of hinges tangent to ball $q$: faces of three sizes", fontsize=9.5)


def vertices() -> Array:
    """The normals of hinges that touch two further balls and cut none."""
    found = []
    for m, n in ((0, 1), (0, 2), (1, 2)):
        for sides in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            steps, values = STEPS[[m, n]], np.array(sides) * RADII[[m, n]] - OWN
            center = np.linalg.lstsq(steps, values, rcond=None)[0]
            along = np.cross(*steps) / np.linalg.norm(np.cross(*steps))
            rest = 1.0 - center @ center
            if rest >= 0:
                found += [center + sign * np.sqrt(rest) * along for sign in (1.0, -1.0)]
    corners = np.array(found)
    return np.asarray(corners[whole(corners)])


def draw_circle(ax: Axes) -> None:
    """One circle: the sphere w = c + R E u of a face that touches two balls."""
    turns = np.linspace(0.0, 2.0 * np.pi, 400)
    ax.fill(np.cos(turns), np.sin(turns), color="0.96", ec="black", lw=0.8)
    center, _, circle = tangent_circle(*CIRCLE)
    front, feasible = circle[:, 2] >= 0, whole(circle)
    for part, dash in ((front, "-"), (~front, ":")):
        for kept, color, width in ((feasible, style.BLUE, 2.2), (~feasible, "0.6", 1.0)):
            line = np.where((part & kept)[:, None], circle, np.nan)
            ax.plot(*line[:, :2].T, color=color, lw=width, ls=dash)
    corners = vertices()
    near = np.linalg.norm(corners[:, None] - circle, axis=2).min(axis=1) < 1e-2
    ax.plot(*corners[near, :2].T, ls="", marker="o", color="black", ms=4.5)
    ax.plot(*center[:2], marker="+", color="black", ms=8, ls="")
    ax.annotate("$c$", center[:2], (-12, -4), textcoords="offset points")
    tip = circle[int(np.argmax(np.where(feasible & front, circle[:, 0], -np.inf)))]
    ax.annotate("", tip[:2], center[:2], arrowprops={"arrowstyle": "->", "lw": 1.0})
    ax.annotate("$R\\,E\\,u$", (center + 0.55 * (tip - center))[:2], (3, -11),
                textcoords="offset points")  # fmt: skip
    ax.plot(0, 0, marker=".", color="black", ms=5)
    ax.annotate("0", (0, 0), (5, 3), textcoords="offset points")
    ax.set_title("Hinges that touch ball 2 as well: $w = c + R\\,E\\,u$", fontsize=9.5)


def main(path: str | Path) -> None:
    figure = Figure((9.6, 4.6), layout="compressed")
    left, right = figure.subplots(1, 2)
    draw_faces(left)
    draw_circle(right)
    for ax in (left, right):
        ax.set_xlim(-1.06, 1.06)
        ax.set_ylim(-1.06, 1.06)
        ax.set_aspect("equal")
        ax.axis("off")
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, bbox_inches="tight", pad_inches=0.1)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("faces.png"))
