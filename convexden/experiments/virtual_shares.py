"""How many sets of points have virtual attractors, against the radius of the noise balls."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, data, display
from convexden.errors import ConvexdenError, InvalidInput, InvalidProblem
from convexden.problem import denoising
from convexden.running.clock import Stopped
from convexden.running.progress import TaskProgress, tell
from convexden.storage.files import whole_file

Array = NDArray[np.float64]

# Side of patches in pixels, and how many of them the gray photograph "china" has.
PATCH, PATCHES = 8, 53 * 80
FRACTIONS = (0.1, 0.3, 0.5, 0.7, 0.9)
UNSOLVED = -1
# Probability that the share of all sets is outside of the interval that is stated.
OUTSIDE = 0.05


def plane(rng: np.random.Generator, points: int) -> Array:
    """Normal points in the plane."""
    return rng.standard_normal((points, 2))


def space(rng: np.random.Generator, points: int) -> Array:
    """Normal points in space."""
    return rng.standard_normal((points, 3))


def digits(rng: np.random.Generator, points: int) -> Array:
    """Handwritten digits."""
    return data.digits(rng.choice(data.images.DIGITS, points, replace=False).tolist())


def patches(rng: np.random.Generator, points: int) -> Array:
    """Patches of a gray photograph."""
    return data.patches("china-grey", PATCH, rng.choice(PATCHES, points, replace=False).tolist())


SOURCES: dict[str, Callable[[np.random.Generator, int], Array]] = {
    each.__name__: each for each in (plane, space, digits, patches)
}


class Share(NamedTuple):
    """Of the sets at one radius: those with virtual points, and those that were solved."""

    fraction: float
    some: int
    solved: int
    most: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Clopper and Pearson of the share with virtual points."""
        from scipy.stats import beta

        some, none = self.some, self.solved - self.some
        low = float(beta.ppf(OUTSIDE / 2, some, none + 1)) if some else 0.0
        high = float(beta.ppf(1 - OUTSIDE / 2, some + 1, none)) if none else 1.0
        return low, high


@dataclass(frozen=True, eq=False)
class VirtualShares:
    """Numbers of virtual points of random sets.

    Attributes
    ----------
    source : str
    points : int
        Points of a set.
    fractions : (F,) array
        Radii, as shares of the contact of the balls: half the smallest distance of a set.
    counts : (K, F) array of int
        Virtual points of K sets; -1 where the denoiser is not certified, or there is none.
    interrupted : bool
    """

    source: str
    points: int
    fractions: Array
    counts: NDArray[np.intp]
    interrupted: bool = False

    __repr__ = display.field_line

    @property
    def shares(self) -> list[Share]:
        """One for each radius."""
        found = []
        for fraction, column in zip(self.fractions, self.counts.T, strict=True):
            solved = column[column >= 0]
            most = int(solved.max(initial=0))
            found.append(Share(float(fraction), int((solved > 0).sum()), len(solved), most))
        return found


def virtual_shares(
    source: str,
    points: int = 4,
    fractions: Sequence[float] = FRACTIONS,
    *,
    sets: int = 20,
    seed: int = 0,
    path: str | Path | None = None,
    progress: Callable[[TaskProgress], object] | None = None,
) -> VirtualShares:
    """Count the virtual points of certified denoisers of random sets of points.

    Parameters
    ----------
    source : {"plane", "space", "digits", "patches"}
        Normal points in 2 or 3 dimensions, scikit-learn's digits, or 8 x 8 patches of the gray
        photograph "china".
    points : int
        Points of a set.
    fractions : sequence of float
        Radii, as shares of half the smallest distance of a set, between 0 and 1.
    sets : int
        Number of sets; set k has the seed ``seed + k``.
    seed : int
    path : str or path, optional
        Every set is stored in this file when it is done.  A run with the same parameters goes on
        from it, also to more sets.
    progress : callable, optional
        Called with a `TaskProgress` before every set.  If it raises StopIteration, the run ends.

    Returns
    -------
    VirtualShares

    Raises
    ------
    InvalidInput
        If an argument makes no sense, or the file holds another run.
    MissingDependency
        If the images are not installed.

    Examples
    --------
    >>> from convexden.experiments.virtual_shares import virtual_shares
    >>> found = virtual_shares("plane", 5, [0.1, 0.5], sets=3)
    >>> [(share.fraction, share.some, share.solved) for share in found.shares]
    [(0.1, 1, 3), (0.5, 2, 3)]
    """
    draw = SOURCES[arguments.choice("source", source, SOURCES)]
    points = arguments.whole("points", points, least=2)
    sets, seed = arguments.whole("sets", sets, least=1), arguments.whole("seed", seed)
    sizes = arguments.array("fractions", fractions, error=InvalidInput).reshape(-1)
    if not sizes.size or not ((sizes > 0) & (sizes < 1)).all():
        raise InvalidInput("a radius fraction is between 0 and 1: 1 is where balls touch")
    arguments.callback("progress", progress)
    header = {"source": source, "points": points, "fractions": sizes.tolist(), "seed": seed}
    counts = _stored(path, header)[:sets]
    interrupted = False
    try:
        for number in range(len(counts), sets):
            tell(progress, TaskProgress(number, sets))
            chosen = draw(np.random.default_rng(seed + number), points)
            counts.append([_count(chosen, float(fraction)) for fraction in sizes])
            if path is not None:
                lines = [json.dumps(header), *map(json.dumps, counts)]
                with whole_file(path) as temporary:
                    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except Stopped:
        interrupted = True
    table = np.array(counts, dtype=np.intp).reshape(-1, len(sizes))
    return VirtualShares(source, points, sizes, table, interrupted)


def _count(points: Array, fraction: float) -> int:
    """The number of virtual points of one set at one radius, -1 if it is not known."""
    from convexden.analysis.virtual_points import virtual_points
    from convexden.solving.interpolation import solve

    problem = denoising(points, radius=fraction * data.smallest_distance(points) / 2)
    try:
        solution = solve(problem)
    except ConvexdenError:  # no network at this radius, or too large a problem
        return UNSOLVED
    if not solution.certified:
        return UNSOLVED
    return len(virtual_points(problem, solution.network))


def _stored(path: str | Path | None, header: dict[str, object]) -> list[list[int]]:
    """The counts that the file holds."""
    if path is None or not Path(path).exists():
        return []
    try:
        lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise InvalidProblem(f"{path} is no file of shares: give another name") from error
    if not lines or lines[0] != header:
        raise InvalidInput(f"{path} holds another run: give its parameters, or another file")
    return lines[1:]
