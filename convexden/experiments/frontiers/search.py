"""The parameters of a frontier: the bracket, and where to look next."""

from __future__ import annotations

from dataclasses import dataclass, field

from convexden import display
from convexden.errors import InvalidProblem
from convexden.experiments.frontiers.evaluations import Evaluation
from convexden.experiments.frontiers.extrapolation import onset_of, passing


@dataclass
class Search:
    """The bracket, and where to look next."""

    low: float
    high: float
    accuracy: float
    excess: float | None
    found: dict[float, Evaluation] = field(default_factory=dict)
    guessed: bool = False  # the last step was a guess that did not halve the bracket

    __repr__ = display.field_line

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """All evaluations, by parameter."""
        return tuple(self.found[parameter] for parameter in sorted(self.found))

    @property
    def undecided(self) -> list[float]:
        """Parameters between low and high at which neither side was proved."""
        return [each for each in self.found if self.low < each < self.high]

    def check_ends(self) -> None:
        """Refuse ends with the same verdict, between which there is no threshold."""
        ends = self.found[self.low], self.found[self.high]
        verdicts = {each.verdict for each in ends}
        if verdicts == {"confirmed", "refuted"}:
            return
        first, last = (
            f"{each.verdict} at {each.parameter:g}"
            + ("" if each.excess is None else f" (excess {max(each.excess, 0.0):.1e})")
            for each in ends
        )
        raise InvalidProblem(
            f"there is no threshold to enclose: {first}, {last}; "
            "give a low and a high of which one is confirmed and one refuted"
        )

    def add(self, evaluation: Evaluation) -> None:
        """Narrow the interval by an evaluation inside it."""
        self.found[evaluation.parameter] = evaluation
        width = self.high - self.low
        if evaluation.verdict == self.found[self.low].verdict:
            self.low = evaluation.parameter
        elif evaluation.verdict == self.found[self.high].verdict:
            self.high = evaluation.parameter
        self.guessed = self.guessed and self.high - self.low > width / 2

    def next(self) -> float | None:
        """The next parameter; None if low and high are close to each other or the undecided."""
        start, stop = self.low, self.high
        if undecided := self.undecided:  # what is between these stays so
            gaps = (start, min(undecided)), (max(undecided), stop)
            start, stop = max(gaps, key=lambda gap: gap[1] - gap[0])
        middle = (start + stop) / 2
        if stop - start <= self.accuracy or not start < middle < stop:
            return None
        if self.guessed:
            self.guessed = False
            return middle
        guess = self._guess(start, stop)
        self.guessed = guess is not None
        return middle if guess is None else guess

    def _guess(self, start: float, stop: float) -> float | None:
        """A little below or above where the threshold seems to be, to have it enclosed by both."""
        if self.excess is None:
            onset = onset_of(self.evaluations, self.low, self.high)
            guess = None if onset is None else (onset.parameter, onset.error)
        else:
            guess = passing(self.evaluations, self.excess, self.low, self.high)
        if guess is None or not start < guess[0] < stop:
            return None
        step = max(guess[1], 0.4 * self.accuracy)
        below, above = guess[0] - step, guess[0] + step
        if start < below and (above >= stop or below - start > stop - above):
            return below
        return above if above < stop else None
