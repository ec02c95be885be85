"""Which tetrahedra near the regular one are face-aligned, over their noise and the radius."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from convexden import arguments, display
from convexden.data import regular_simplex
from convexden.display import Tabled
from convexden.problem import denoising
from convexden.running.clock import Stopped
from convexden.running.progress import TaskProgress, tell
from convexden.theorems import face_aligned
from convexden.theorems._claims import closed_form_certificate
from convexden.theorems._tetrahedra import Tetrahedron
from convexden.tolerances import ACCURATE_RTOL
from convexden.verification import proven_bound

Array = NDArray[np.float64]

Outcome = Literal["aligned", "edge pairs", "not proven", "undefined"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True, eq=False)
class AlignedTetrahedra(Tabled):
    """What became of the face-aligned network on noisy regular tetrahedra.

    Attributes
    ----------
    noise : (S,) array
        Standard deviation of the vertices' coordinates, in circumradii.
    fractions : (F,) array
        Radii, as shares of half the least height.
    outcomes : (F, S, C) array of int8
        Numbers in `OUTCOMES` for the C directions of the noise, -1 where the run was stopped:
        *aligned* is proven by the multipliers of
        `convexden.theorems.face_aligned_tetrahedron`; *edge pairs* is disproven, as a ramp between
        two edges pays; *not proven* is neither, mostly as cross hinges come in; *undefined* has an
        altitude that misses its face, or the median at a vertex.
    """

    noise: Array
    fractions: Array
    outcomes: NDArray[np.int8]

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"{int((self.outcomes >= 0).sum())} tetrahedra",
            f"{int((self.outcomes == 0).sum())} aligned",
        )

    def title(self) -> str:
        """What is counted."""
        return (
            f"aligned, by radius and noise, of {self.outcomes.shape[2]} tetrahedra each "
            "(in brackets: not proven; of the others a ramp between edges pays)"
        )

    def rows(self) -> list[tuple[str, str]]:
        """The counts at each radius."""
        head = ("half heights", "  ".join(f"{noise:>8.3g}" for noise in self.noise))
        aligned, open_ = (self.share(name) * self.outcomes.shape[2] for name in OUTCOMES[::2])
        return [head] + [
            (
                f"{fraction:.3g}",
                "  ".join(
                    f"{proven:>4.0f} ({rest:.0f})" for proven, rest in zip(*row, strict=True)
                ),
            )
            for fraction, *row in zip(self.fractions, aligned, open_, strict=True)
        ]

    def share(self, outcome: Outcome) -> Array:
        """The shares (F, S) of tetrahedra with this outcome."""
        return np.asarray((self.outcomes == OUTCOMES.index(outcome)).mean(axis=2))


def aligned_tetrahedra(
    noise: Sequence[float] = (0.003, 0.01, 0.02, 0.04, 0.08, 0.16),
    fractions: Sequence[float] = (
        0.02,
        0.05,
        0.1,
        0.2,
        0.35,
        0.5,
        0.65,
        0.75,
        0.8,
        0.85,
        0.9,
        0.95,
    ),
    count: int = 12,
    *,
    seed: int = 0,
    progress: Callable[[TaskProgress], object] | None = None,
) -> AlignedTetrahedra:
    """Find where the face-aligned network of near-regular tetrahedra is proven to be a minimizer.

    Parameters
    ----------
    noise : sequence of float
        Standard deviations, in circumradii.
    fractions : sequence of float
        Radii, as shares of half the least height.
    count : int
        Directions of the noise, the same for every size of it.
    seed : int, optional
    progress : callable, optional
        Called with a `TaskProgress` before every tetrahedron.  If it raises StopIteration, the run
        ends.

    Returns
    -------
    AlignedTetrahedra

    Examples
    --------
    >>> found = aligned_tetrahedra((0.01, 0.1), (0.02, 0.5), count=4)
    >>> found.share("aligned").tolist()
    [[0.0, 0.0], [1.0, 0.25]]
    """
    sizes = arguments.array("noise", noise).reshape(-1)
    shares = arguments.array("fractions", fractions).reshape(-1)
    arguments.whole("count", count, least=1)
    arguments.callback("progress", progress)
    rng = np.random.default_rng(arguments.whole("seed", seed))
    directions = rng.standard_normal((count, 4, 3))
    outcomes = np.full((len(shares), len(sizes), count), -1, dtype=np.int8)
    try:
        for done, place in enumerate(np.ndindex(*outcomes.shape)):
            tell(progress, TaskProgress(done, outcomes.size))
            f, s, c = place
            points = regular_simplex(3) + sizes[s] * directions[c]
            outcomes[place] = OUTCOMES.index(outcome(points, float(shares[f])))
    except Stopped:
        pass  # keep what there is
    return AlignedTetrahedra(sizes, shares, outcomes)


def outcome(points: Array, fraction: float) -> Outcome:
    """What becomes of the face-aligned network on a tetrahedron (4, 3), at a radius that is this
    share of half its least height."""
    radius = fraction * float(Tetrahedron.of(points, 0.0).heights.min()) / 2
    shape = Tetrahedron.of(points, radius)
    if not shape.feet_inside or np.isnan(shape.units).any():
        return "undefined"
    if shape.pair_values.max() > 1:
        return "edge pairs"
    problem = denoising(points, radius=radius)
    certificate = closed_form_certificate(problem, *shape.multipliers())
    cost = face_aligned.closed_form(points, radius).cost
    gap = 1 - proven_bound(problem, certificate) / cost
    return "aligned" if gap <= ACCURATE_RTOL else "not proven"
