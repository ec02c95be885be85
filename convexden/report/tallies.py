"""What became of each theorem, in one row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convexden import display

if TYPE_CHECKING:
    from convexden.theorems import Result


@dataclass(frozen=True, eq=False)
class Tally:
    """The results of one theorem: counts, the largest of their numbers and the time of all.

    The excess is the one that is largest in size; a distance that no instance has is None.
    """

    theorem: str
    results: tuple[Result, ...]
    confirmed: int
    refuted: int
    undecided: int
    dual: int
    relative_excess: float
    relative_gap: float
    sup_distance: float | None
    seconds: float

    __repr__ = display.field_line


def tallies(results: Iterable[Result]) -> list[Tally]:
    """One for each theorem, in the order of the results."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.theorem, []).append(result)
    return [_tally(theorem, own) for theorem, own in groups.items()]


def _tally(theorem: str, own: list[Result]) -> Tally:
    """The row of one theorem."""
    verdicts = [result.verdict for result in own]
    distances = [result.sup_distance for result in own if result.sup_distance is not None]
    return Tally(
        theorem,
        tuple(own),
        verdicts.count("confirmed"),
        verdicts.count("refuted"),
        verdicts.count("undecided"),
        sum(result.decided_by == "closed-form dual" for result in own),
        max((result.relative_excess for result in own), key=abs),
        max(result.relative_gap for result in own),
        max(distances, default=None),
        sum(result.seconds for result in own),
    )
