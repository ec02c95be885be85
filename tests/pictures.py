"""Every kind of picture that convexden draws, each of a small example, and what its text covers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from scipy import stats

import convexden as cd
from convexden import plotting
from convexden.experiments.shape_maps import shape_map
from convexden.theorems import face_aligned, mmse, rays

TRIANGLE = cd.data.triangle([48, 60, 72])
LINE = np.array([0.0, 1.0, 3.0])
RAYS = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]])


@cache
def line() -> cd.Solution:
    """Three points of a line."""
    return cd.solve(cd.denoising(LINE, radius=0.2))


@cache
def plane() -> cd.Solution:
    """Four points of a plane."""
    return cd.solve(cd.denoising(RAYS, radius=0.2))


@cache
def triangle() -> cd.Solution:
    """Three points of a plane, with hinges that are not parallel."""
    return cd.solve(cd.denoising(TRIANGLE, radius=0.25))


@cache
def scalar() -> cd.Solution:
    """A number at three sites of a plane."""
    return cd.solve(cd.Interpolation(TRIANGLE, [0.0, 1.0, 3.0], [0.1, 0.0, 0.2]))


@cache
def images() -> cd.Solution:
    """Three images of 4 x 4 pixels."""
    pixels = np.random.default_rng(0).random((3, 16))
    return cd.solve(cd.denoising(pixels, radius=0.1))


QUICK: dict[str, Any] = {"neurons": 20, "epochs": 200, "penalties": [1e-2]}


@cache
def trained() -> cd.training.Gap:
    """A network in training, beside the optimum of three points of a plane."""
    pytest.importorskip("torch")
    return cd.training.compare(cd.training.train(triangle().problem, **QUICK), triangle())


@cache
def trained_line() -> cd.training.Gap:
    """The same on a line."""
    pytest.importorskip("torch")
    return cd.training.compare(cd.training.train(line().problem, **QUICK), line())


@cache
def path_on_a_line() -> cd.RegularizationPath:
    """Solutions of three penalties on a line."""
    y = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    return cd.regularization_path(cd.Interpolation(y, np.abs(y)), [3.0, 1.0, 0.1])


@cache
def path_in_the_plane() -> cd.RegularizationPath:
    """Solutions of two penalties in a plane."""
    y = np.random.default_rng(0).normal(size=(12, 2))
    problem = cd.Interpolation(y, np.maximum(y @ [0.6, 0.8], 0.0))
    return cd.regularization_path(problem, [1e-1, 1e-3])


@cache
def frontier() -> cd.Frontier:
    """Where the closed form of an equilateral triangle ends."""
    corners = cd.data.regular_simplex(2)
    return cd.frontier(lambda r: face_aligned.closed_form(corners, r), 0.5, 0.74, accuracy=1e-3)


@cache
def basins() -> tuple[cd.Basins, cd.Flow]:
    """Basins of the corners of a triangle, and some trajectories."""
    solution = triangle()
    low, high = TRIANGLE.min(axis=0) - 0.4, TRIANGLE.max(axis=0) + 0.4
    starts = np.random.default_rng(0).uniform(low, high, (5, 2))
    found = cd.basins(solution.problem, solution.network, low, high)
    return found, cd.score_flow(solution.problem, solution.network, starts)


@cache
def sampled() -> Any:
    """Optima of samples of two numbers."""
    return cd.sampled_optima(TRIANGLE, 0.2, [8, 16], draws=2)


@cache
def triangles() -> Any:
    """A coarse map of triangles."""
    return shape_map([0.5], 30, jobs=1)


@cache
def errors() -> Any:
    """Mean squared errors of a density on a line, and where they cross."""
    clean, density = [0.0, 1.0, 3.0], stats.uniform(0, 3)
    return mmse.curve(clean, density, [0.05, 0.1, 0.3]), mmse.crossing(clean, density)


@dataclass(frozen=True)
class Kind:
    """A kind of picture: how it is drawn, and what Axes it takes."""

    draw: Callable[..., Any]
    panels: tuple[int, int] = (1, 1)
    colorbar: bool = False

    def axes(self, figure: Figure) -> Any:
        """Axes of this kind in a figure."""
        found = figure.subplots(*self.panels, squeeze=False)
        if self.panels == (1, 1):
            return found[0, 0]
        return found[:, 0] if self.panels[1] == 1 else found


KINDS = {
    "line": Kind(lambda ax=None, **o: plotting.plot_line(line(), ax, fixed_points=True, **o)),
    "plane": Kind(
        lambda ax=None, **o: plotting.plot_plane(plane(), ax, fixed_points=True, **o), colorbar=True
    ),
    "map": Kind(lambda ax=None, **o: plotting.plot_plane(scalar(), ax, **o), colorbar=True),
    "ramps": Kind(
        lambda ax=None, **o: plotting.plot_ramps(plane().problem, plane().network, ax, **o)
    ),
    "tilted ramps": Kind(
        lambda ax=None, **o: plotting.plot_ramps(triangle().problem, triangle().network, ax, 2, **o)
    ),
    "segment": Kind(lambda ax=None, **o: plotting.plot_segment(plane(), 0, 2, ax, **o)),
    "images": Kind(lambda ax=None, **o: plotting.plot_segment(images(), 0, 1, ax, **o)),
    "weights": Kind(lambda ax=None, **o: plotting.plot_weights(triangle().network, ax, **o)),
    "alignment": Kind(
        lambda ax=None, **o: plotting.plot_alignment(
            cd.align(triangle().problem, triangle().network), ax, **o
        )
    ),
    "convergence": Kind(lambda ax=None, **o: plotting.plot_convergence(triangle(), ax, **o)),
    "dual on a line": Kind(lambda ax=None, **o: plotting.plot_dual(line(), ax, **o)),
    "dual": Kind(
        lambda ax=None, **o: plotting.plot_dual(
            triangle(), ax, found=cd.uniqueness(triangle()), **o
        ),
        colorbar=True,
    ),
    "comparison": Kind(
        lambda ax=None, **o: plotting.plot_comparison(
            plane().problem,
            rays.closed_form(RAYS, 0.2).network,
            plane().network,
            None if ax is None else tuple(ax),
            **o,
        ),
        (2, 1),
        colorbar=True,
    ),
    "errors": Kind(
        lambda ax=None, **o: plotting.plot_mean_squared_errors(
            errors()[0], ax, crossing=errors()[1], **o
        )
    ),
    "flow": Kind(lambda ax=None, **o: plotting.plot_flow(*basins(), ax, **o)),
    "frontier": Kind(lambda ax=None, **o: plotting.plot_frontier(frontier(), ax, **o)),
    "path on a line": Kind(
        lambda ax=None, **o: plotting.plot_path(path_on_a_line(), ax, **o), (2, 1)
    ),
    "path in the plane": Kind(
        lambda ax=None, **o: plotting.plot_path(path_in_the_plane(), ax, **o), (3, 1)
    ),
    "samples": Kind(lambda ax=None, **o: plotting.plot_sampled_optima([sampled()], ax, **o)),
    "triangles": Kind(
        lambda ax=None, **o: plotting.plot_shape_map(triangles(), ax, **o), (1, 2), colorbar=True
    ),
    "trained": Kind(lambda ax=None, **o: plotting.plot_trained(trained(), ax, **o), colorbar=True),
    "trained on a line": Kind(lambda ax=None, **o: plotting.plot_trained(trained_line(), ax, **o)),
    "training": Kind(lambda ax=None, **o: plotting.plot_training(trained(), ax, **o)),
}


def texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """All text that is drawn in a figure, with the boxes in pixels that it covers."""
    figure.draw_without_rendering()
    unseen = {id(text) for ax in figure.findobj(Axes) for text in _outside(ax)}
    return [
        (text.get_text().strip(), text.get_window_extent())
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible() and id(text) not in unseen
    ]


def _outside(ax: Axes) -> Iterator[Text]:
    """Labels of ticks that are not in the view, which are not drawn."""
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        room = 1e-9 * (high - low)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not (axis.get_visible() and low - room <= tick.get_loc() <= high + room):
                yield from (tick.label1, tick.label2)


def faults(figure: Figure) -> list[str]:
    """What is wrong with the text of a figure: cut by its edge, or over other text or Axes."""
    found = texts(figure)
    page = figure.bbox
    wrong = [
        f"cut: {words!r}"
        for words, box in found
        if box.x0 < page.x0 - 1
        or box.x1 > page.x1 + 1
        or box.y0 < page.y0 - 1
        or box.y1 > page.y1 + 1
    ]
    for (one, first), (other, second) in combinations(found, 2):
        shared = Bbox.intersection(first, second)
        if shared is not None and min(shared.width, shared.height) > 1:
            wrong.append(f"{one!r} over {other!r}")
    for legend in figure.findobj(Legend):
        frame = legend.get_window_extent()
        if frame.x0 < page.x0 - 1 or frame.x1 > page.x1 + 1:
            wrong.append("a legend is cut")
        for ax in figure.findobj(Axes):
            box = Bbox.intersection(legend.get_window_extent(), ax.get_window_extent())
            if box is not None and min(box.width, box.height) > 1:
                wrong.append("a legend over Axes")
    for ax in figure.axes:
        if min(ax.get_window_extent().width, ax.get_window_extent().height) < 6:
            wrong.append("Axes without room")
    return wrong
