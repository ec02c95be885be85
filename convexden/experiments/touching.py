"""How many balls the hinges of minimizers touch, and which hinges are tilted.

A hinge that touches as many balls as there are dimensions on one side cannot move without cutting
one.  One that touches fewer can turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.analysis.coordinates import check_fit
from convexden.display import Tabled
from convexden.errors import InfeasibleProblem
from convexden.geometry.directions import line_angles, max_margin_direction
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation, denoising
from convexden.running.clock import Stopped
from convexden.running.progress import TaskProgress, tell
from convexden.tolerances import ALIGNED_RAD, FAINT_RTOL, TOUCH_RTOL

Array = NDArray[np.float64]
Counts = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Touching:
    """What the hinges of a network touch; those with less than 1e-9 of the cost do not count.

    Attributes
    ----------
    more, fewer : (K,) arrays of int
        Balls that the hinge touches on the side where it touches more, and on the other.
    split : (K,) array of int
        Balls on the side with fewer of them.
    support : (K,) array of int
        Balls that the ramp along the widest margin between both sides would touch.
    tilt : (K,) array
        Angles in radians between the normal of the hinge and the direction of that ramp.
    """

    more: Counts
    fewer: Counts
    split: Counts
    support: Counts
    tilt: Array

    __repr__ = display.field_line

    @property
    def tilted(self) -> NDArray[np.bool_]:
        """Which hinges are tilted by more than 1e-10 radians."""
        return self.tilt > ALIGNED_RAD


def touching(problem: Interpolation, network: ShallowNetwork) -> Touching:
    """Count the balls that the hinges of a network touch, and measure their tilt.

    Parameters
    ----------
    problem : Interpolation
        Balls of one radius whose centers span the space.
    network : ShallowNetwork

    Returns
    -------
    Touching

    Examples
    --------
    >>> import convexden as cd
    >>> problem = cd.denoising(cd.data.triangle((40, 60, 80)), radius=0.1)
    >>> found = touching(problem, cd.solve(problem).network)
    >>> for count, tilted in sorted(zip(found.more.tolist(), found.tilted.tolist())):
    ...     print(count, tilted)
    1 True
    1 True
    1 True
    2 False
    2 False
    2 False
    """
    check_fit(problem, network)
    hinges = network.canonical()
    weights = np.linalg.norm(hinges.output_weights, axis=1)
    counted = weights > FAINT_RTOL * weights.sum()
    normals = hinges.input_weights[counted]
    z = normals @ problem.centers.T + hinges.biases[counted, None]
    touched = np.abs(np.abs(z) - problem.radii) <= TOUCH_RTOL * problem.radii
    ahead, behind = (touched & (z > 0)).sum(axis=1), (touched & (z < 0)).sum(axis=1)
    active = (z > 0).sum(axis=1)
    directions, support = np.zeros_like(normals), np.zeros(len(normals), dtype=np.intp)
    for k, row in enumerate(z > 0):
        directions[k], support[k] = _widest(problem, row)
    tilt = np.deg2rad(line_angles(normals, directions))
    return Touching(
        np.maximum(ahead, behind),
        np.minimum(ahead, behind),
        np.minimum(active, len(problem) - active),
        support,
        tilt,
    )


def _widest(problem: Interpolation, active: NDArray[np.bool_]) -> tuple[Array, int]:
    """The direction of the widest margin between the active balls and the others, and how many
    balls a ramp along it touches."""
    size = problem.input_spread
    # Of balls of one radius it is that of their centers.
    sides = np.where(active, 1, -1).astype(np.int8)
    direction = max_margin_direction(problem.centers / size, 0.0 * problem.radii, sides)
    along = problem.centers @ direction
    near = TOUCH_RTOL * size
    count = np.count_nonzero(along[active] <= along[active].min() + near)
    count += np.count_nonzero(along[~active] >= along[~active].max() - near)
    return direction, int(count)


@dataclass(frozen=True, eq=False)
class HingeCounts(Tabled):
    """Hinges of the minimizers of many problems.

    Attributes
    ----------
    networks : tuple of Touching
        Of each problem that was solved and certified.
    infeasible, uncertified : int
        Other problems.
    """

    networks: tuple[Touching, ...]
    infeasible: int
    uncertified: int

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            display.counted(len(self.networks), "network"),
            display.counted(sum(len(each.tilt) for each in self.networks), "hinge"),
        )

    def title(self) -> str:
        """What was counted."""
        total = sum(len(each.tilt) for each in self.networks)
        return f"{total} hinges of {len(self.networks)} minimizers"

    def counts(self) -> dict[tuple[int, int, int], tuple[int, int]]:
        """How many hinges are aligned and how many tilted, by (more, fewer, support)."""
        found: dict[tuple[int, int, int], tuple[int, int]] = {}
        for each in self.networks:
            kinds = np.column_stack([each.more, each.fewer, each.support]).tolist()
            for (more, fewer, support), tilted in zip(kinds, each.tilted.tolist(), strict=True):
                aligned, turned = found.get((more, fewer, support), (0, 0))
                found[more, fewer, support] = (aligned + (not tilted), turned + tilted)
        return dict(sorted(found.items()))

    def by_network(self) -> tuple[int, int, int]:
        """In how many networks none, some and all of the hinges that touch one ball are tilted."""
        shares = [
            each.tilted[each.more + each.fewer == 1].mean()
            for each in self.networks
            if (each.more + each.fewer == 1).any()
        ]
        none, every = shares.count(0.0), shares.count(1.0)
        return none, len(shares) - none - every, every

    def rows(self) -> list[tuple[str, str]]:
        """The counts, by what a hinge touches and what a ramp along the widest margin would."""
        rows = []
        for (more, fewer, support), (aligned, tilted) in self.counts().items():
            touched = f"{more}" if fewer == 0 else f"{more} and {fewer} opposite"
            name = f"touches {touched}, margin between {support} balls"
            rows.append((name, f"{aligned:6d} along the margin {tilted:6d} tilted"))
        none, some, every = self.by_network()
        name = "of the hinges that touch one ball are tilted"
        return [*rows, (name, f"none in {none} networks, some in {some}, all in {every}")]


def count_hinges(
    draw: Callable[[np.random.Generator], tuple[Array, float]],
    count: int,
    *,
    seed: int = 0,
    progress: Callable[[TaskProgress], object] | None = None,
) -> HingeCounts:
    """Solve random denoising problems, and count what the hinges of their minimizers touch.

    Parameters
    ----------
    draw : callable
        ``draw(rng)`` -> points (N, d), which span the space, and radius.
    count : int
        How many problems.
    seed : int, optional
    progress : callable, optional
        Called with a `TaskProgress` before every problem.  If it raises StopIteration, the run
        ends.

    Returns
    -------
    HingeCounts
    """
    from convexden.solving.interpolation import solve

    arguments.whole("count", count, least=1)
    arguments.callback("progress", progress)
    rng = np.random.default_rng(arguments.whole("seed", seed))
    found: list[Touching] = []
    infeasible = uncertified = 0
    try:
        for done in range(count):
            tell(progress, TaskProgress(done, count))
            points, radius = draw(rng)
            try:
                solution = solve(denoising(points, radius=radius))
            except InfeasibleProblem:
                infeasible += 1
                continue
            if solution.certified:
                found.append(touching(solution.problem, solution.network))
            else:
                uncertified += 1
    except Stopped:
        pass  # keep what there is
    return HingeCounts(tuple(found), infeasible, uncertified)
