"""What a search for a counterexample found, and how it is told in a paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from textwrap import fill
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.experiments.counterexamples.settings import SETTINGS
from convexden.network import ShallowNetwork
from convexden.solution import Solution

Array = NDArray[np.float64]
Reason = Literal["cheaper network", "property fails", "does not interpolate", "cost misstated", ""]


@dataclass(frozen=True, eq=False)
class Counterexample:
    """What a search for a counterexample found; printed, it says so in a paragraph.

    Attributes
    ----------
    conjecture : str
        Its name.
    found : bool
        Whether this refutes the conjecture.
    reason : {"cheaper network", "property fails", "does not interpolate", "cost misstated", ""}
        How: by a cheaper network; because the certified denoiser lacks the property; because the
        conjectured network does not interpolate, or does not cost what its closed form states, to
        1e-9.  "" if it does not.
    points : (N, d) array or None
        The geometry with the largest excess; None if there was none at all.
    radius : float
        Of the balls; NaN without points.
    network : ShallowNetwork or None
        The conjectured one.
    solution : Solution or None
        A cheaper one, with its certificate.
    excess : float
        ``(cost of the conjectured network - solution.cost) / solution.cost``, or of a property by
        how much it fails; NaN without points.
    denominator : int or None
        Points and radius are multiples of 1 / denominator; None if they could not be rounded.
    history : tuple of arrays
        The excess at every geometry, start by start; NaN where it was skipped.
    undefined, uncertified : int
        Geometries that were skipped: where the conjecture says nothing, or the solution was not
        certified.
    minimum : float
        The excess below which nothing counts as found.
    interrupted : bool
        Whether the search was stopped before it was done.
    """

    conjecture: str
    found: bool
    reason: Reason
    points: Array | None
    radius: float
    network: ShallowNetwork | None = field(repr=False)
    solution: Solution | None = field(repr=False)
    excess: float
    denominator: int | None
    history: tuple[Array, ...] = field(repr=False)
    undefined: int
    uncertified: int
    minimum: float
    interrupted: bool

    def __repr__(self) -> str:
        """One line with what matters."""
        found = f"refuted: {self.reason}" if self.found else "not refuted"
        return display.one_line(
            self,
            display.brief(self.conjecture),
            found,
            f"excess={self.excess:.4g}",
            "" if self.points is None else f"{len(self.points)} points",
        )

    @property
    def rounded(self) -> bool:
        """Whether points and radius are multiples of 1 / denominator."""
        return self.denominator is not None

    @property
    def evaluations(self) -> int:
        """Number of geometries that were tried."""
        return sum(len(part) for part in self.history)

    def __str__(self) -> str:
        """A paragraph that says what was found, and how long it was looked for."""
        return fill(" ".join([*self._finding(), *self._effort()]), SETTINGS.width)

    def _finding(self) -> Iterator[str]:
        """What was found, line by line."""
        if self.points is None or self.network is None or self.solution is None:
            yield f"No counterexample to {self.conjecture} was found: there was nothing to compare."
            return
        where = f"the {len(self.points)} points {self._written()}"
        if self.radius:
            where += f" with balls of radius {self._number(self.radius)}"
        cost = self.solution.problem.cost.of(self.network)
        if self.reason == "does not interpolate":
            yield f"Refuted: {self.conjecture}. Its network does not interpolate {where}."
        elif self.reason == "cost misstated":
            yield f"Refuted: {self.conjecture}. The cost that it states is not {cost:.9g}, that of"
            yield f"its network, on {where}."
        elif self.reason == "property fails":
            yield f"Refuted: {self.conjecture}. On {where} it fails by {self.excess:.3g},"
            yield "with denoisers that are optimal up to a certified relative gap of"
            yield f"{self.solution.relative_gap:.1e}."
        elif self.found:
            yield f"Refuted: {self.conjecture}. On {where} its network costs {cost:.9g},"
            yield f"but one of cost {self.solution.cost:.9g} interpolates, too:"
            yield f"an excess of {self.excess:.3g}. That one is optimal up to a certified relative"
            yield f"gap of {self.solution.relative_gap:.1e}."
        else:
            yield f"No counterexample to {self.conjecture} was found, which proves nothing: the"
            yield f"largest excess was {self.excess:.2g}, not above {self.minimum:g}, on {where}."

    def _effort(self) -> Iterator[str]:
        """How long it was looked for, line by line."""
        starts = "1 start" if len(self.history) == 1 else f"{len(self.history)} starts"
        yield f"Of {self.evaluations} geometries from {starts} the conjecture is"
        yield f"undefined on {self.undefined}, and {self.uncertified} were not certified."
        if self.interrupted:
            yield "The search was interrupted."

    def _written(self) -> str:
        """The points as they are printed."""
        assert self.points is not None
        rows = [", ".join(map(self._number, point)) for point in self.points]
        return ", ".join(f"({row})" for row in rows)

    def _number(self, value: float) -> str:
        """A number as it is printed: a fraction where the points are rational."""
        if self.denominator is None:
            return f"{value:.6g}"
        return str(Fraction(round(value * self.denominator), self.denominator))
