"""`frontier`: the parameter at which a claim about minimizers stops being true.

A claim is followed along a family with one parameter: a radius, an angle, the size of a
perturbation.  Every evaluation is a proof, of one side or of the other, so that the bracket which
remains is one, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from convexden import arguments, display
from convexden.errors import InvalidInput, InvalidProblem, NotCertified
from convexden.running.clock import Stopped
from convexden.running.progress import tell
from convexden.solution import Solution
from convexden.theorems import ClosedForm, Result, Verdict, compare, cost_error
from convexden.tolerances import ACCURATE_RTOL, COST_RTOL
from convexden.verification import Verification

Status = Literal["bracketed", "undecided", "interrupted"]
Claim: TypeAlias = ClosedForm | Result | Solution | Verification | bool


@dataclass(frozen=True)
class FrontierSettings:
    """Parameters of the extrapolation to where an excess vanishes."""

    known: float = 2e-12
    """Excesses are known up to the widths of gaps and enclosures: this, or what is found where
    there is none; those that are extrapolated exceed it."""

    nodes: int = 4
    """Nodes of the extrapolation at the most."""

    apart: float = 2.0
    """Ratio of the excesses of neighboring nodes at least, or rounding would be amplified."""

    orders: tuple[int, ...] = (1, 2)
    """Orders with which an excess may vanish: linearly or quadratically in the parameter."""

    least: float = 1e-3
    """Excesses below this share of the level say nothing about where it is passed."""

    distinct: float = 1e-9
    """Logarithms of excesses that are closer are one node."""


SETTINGS = FrontierSettings()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The claim at one parameter.

    Attributes
    ----------
    parameter : float
    verdict : {"confirmed", "refuted", "undecided"}
    excess : float or None
        Relative excess of the claimed cost over that of a network, (claim - cost) / cost: the
        excess over the optimum is at least that, up to the rounding of both costs.  Of a
        `Verification` the relative gap that its multipliers leave.  None of a bool.
    excess_bound : float or None
        What the excess over the optimum is at most, (claim - lower bound) / lower bound.
    result : Result or None
        Network and certificate of it, if the claim was about a cost.
    """

    parameter: float
    verdict: Verdict
    excess: float | None = None
    excess_bound: float | None = None
    result: Result | None = field(default=None, repr=False)

    __repr__ = display.field_line


class FrontierProgress(NamedTuple):
    """How far a frontier is enclosed: the last evaluation, and the bracket after it."""

    evaluation: Evaluation
    low: float
    high: float


class Onset(NamedTuple):
    """Where the excess seems to begin: extrapolated, not proved.

    Attributes
    ----------
    parameter : float
    order : int
        1 if the excess vanishes linearly, 2 if quadratically.
    error : float
        Difference of extrapolations, and what the errors of the excess make of them.
    """

    parameter: float
    order: int
    error: float

    def __repr__(self) -> str:
        return display.one_line(
            self,
            f"parameter={self.parameter:.12g}",
            f"order={self.order}",
            f"error={self.error:.2g}",
        )


@dataclass(frozen=True, eq=False)
class Frontier:
    """Two parameters with opposite verdicts, and all evaluations that led to them.

    Attributes
    ----------
    low, high : float
        ``low < high``; the claim is confirmed at one of them and refuted at the other.
    status : {"bracketed", "undecided", "interrupted"}
        "bracketed" if they are as close as was asked for.  "undecided" if there are parameters
        between them at which neither was proved and no closer ones at which it was; "interrupted"
        if the run was stopped.  What `low` and `high` say holds in any case.
    evaluations : tuple of Evaluation
        Sorted by the parameter.
    excess : float or None
        The excess that was looked for; None for optimality.
    """

    low: float
    high: float
    status: Status
    evaluations: tuple[Evaluation, ...] = field(repr=False)
    excess: float | None = None

    def __repr__(self) -> str:
        return display.one_line(
            self,
            f"low={self.low:.12g}",
            f"high={self.high:.12g}",
            self.status,
            display.counted(len(self.evaluations), "evaluation"),
        )

    @property
    def threshold(self) -> float:
        """The middle of low and high."""
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        """High minus low."""
        return self.high - self.low

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before low and high were close."""
        return self.status == "interrupted"

    @property
    def at_low(self) -> Evaluation:
        """The proof at `low`."""
        return self._at(self.low)

    @property
    def at_high(self) -> Evaluation:
        """The proof at `high`."""
        return self._at(self.high)

    @property
    def onset(self) -> Onset | None:
        """Where the excess vanishes, extrapolated from the refuted side; None if that is unclear.

        An excess that vanishes quadratically is within the tolerance before it is zero, and the
        bracket is where the proofs of either side meet, a little on the refuted side of the exact
        threshold.  The extrapolation tells how little.
        """
        return None if self.excess is not None else _onset(self.evaluations, self.low, self.high)

    def __str__(self) -> str:
        decimals = max(0, 1 - int(np.floor(np.log10(self.width))))
        low, high = (
            f"{at.verdict} at {at.parameter:.{decimals}f}" for at in (self.at_low, self.at_high)
        )
        note = "" if self.status == "bracketed" else f" ({self.status})"
        return f"{low}, {high}{note}"

    def _at(self, parameter: float) -> Evaluation:
        """The evaluation at this parameter."""
        return next(each for each in self.evaluations if each.parameter == parameter)


def frontier(
    claim: Callable[[float], Claim],
    low: float,
    high: float,
    *,
    accuracy: float = COST_RTOL,
    excess: float | None = None,
    tolerance: float = ACCURATE_RTOL,
    progress: Callable[[FrontierProgress], object] | None = None,
) -> Frontier:
    r"""Enclose the parameter at which a claim stops being true, by certified bisection.

    Parameters
    ----------
    claim : callable
        ``claim(parameter)`` is what is claimed there:

        * a `ClosedForm`: that it is optimal.  Its multipliers prove it by exact pricing, or the
          certified optimum decides (`convexden.theorems.compare`); for any network of your own
          it is ``ClosedForm(problem, network, network.representation_cost, None)``;
        * a `Solution`, of ``solve(problem, method="ramps")`` for example: that its network is
          optimal;
        * a `Result`, of ``theorems.rays.verify(points, radius)`` for example: its verdict;
        * a `Verification`, of ``verification.verify(problem, network, certificate)``: that these
          multipliers prove that network, without a solver.  Where they do not, the claim counts
          as refuted: the threshold is one of optimality if no other multipliers can prove it,
          which is for you to know;
        * a bool, confirmed or refuted: then the certification is yours as well.

    low, high : float
        ``low < high``; the claim must be confirmed at one and refuted at the other.
    accuracy : float
        Absolute width, in units of the parameter, to which low and high shall close in.
    excess : float, optional
        Look for the parameter at which the excess of the claimed cost over the optimum,
        (claim - optimum) / optimum, passes this amount, instead of 0.  It has to exceed the
        tolerance.  Not for bools.
    tolerance : float
        Relative accuracy to which optimality has to be proved.
    progress : callable, optional
        Called with a `FrontierProgress` after every evaluation, once both ends are known.  If it
        raises StopIteration, the run ends.

    Returns
    -------
    Frontier
        Stopped by `progress` it is `interrupted`, with what is bracketed so far.

    Raises
    ------
    InvalidProblem
        If low and high are not on opposite sides, or `claim` returns something else.

    Notes
    -----
    What the interval means.  Where the claim is *refuted*, a network interpolates and is cheaper
    by more than rounding (relative 1e-12).  Where it is *confirmed*, no network is cheaper by
    more than `tolerance`.  With `excess` = e the claimed cost is proved to exceed the optimum by
    more than e on one side and by at most e on the other; the excess is continuous as long as the
    claim is, so that it passes e between low and high.  Nothing is said about how often it
    does, and nothing is assumed.

    Without `excess` the exact threshold, at which the excess stops being 0, can lie beyond the
    confirmed end by as much as the excess needs to grow to the tolerance: nothing of importance if
    it grows linearly, by the root of it if it grows quadratically.  `Frontier.onset` estimates it.
    Multipliers that are the only ones possible decide it sharply: return a `Verification`.

    Between low and high the next parameter is a guess, extrapolated from the excesses, where these
    make one, or else the middle.  A parameter at which neither side is proved counts for none:
    then low and high close in on what is undecided from both sides.

    Examples
    --------
    The regular triangle's sum of ramps, from a candidate that does not know the threshold:

    >>> import convexden as cd
    >>> from convexden.theorems import face_aligned
    >>> points = cd.data.regular_simplex(2)
    >>> found = cd.frontier(lambda radius: face_aligned.closed_form(points, radius), 0.6, 0.7)
    >>> print(f"{found.threshold:.9f}", found.at_low.verdict, found.at_high.verdict)
    0.661390478 confirmed refuted
    >>> print(f"{(12 + 3 * 3**0.5) / 26:.9f}", found.width <= 1e-9, found.onset.order)
    0.661390478 True 1
    """
    _check(low, high, accuracy, excess, tolerance)
    search = _Search(float(low), float(high), accuracy, excess)
    status: Status = "bracketed"
    for end in (search.low, search.high):
        search.found[end] = _evaluate(claim, end, excess, tolerance)
    search.check_ends()
    try:
        for evaluation in search.evaluations:
            tell(progress, FrontierProgress(evaluation, search.low, search.high))
        while (parameter := search.next()) is not None:
            evaluation = _evaluate(claim, parameter, excess, tolerance)
            search.add(evaluation)
            tell(progress, FrontierProgress(evaluation, search.low, search.high))
    except Stopped:
        status = "interrupted"
    if status == "bracketed" and search.undecided:
        status = "undecided"
    return Frontier(search.low, search.high, status, search.evaluations, excess)


def _check(
    low: float, high: float, accuracy: float, excess: float | None, tolerance: float
) -> None:
    """Raise InvalidInput if the numbers make no sense."""
    if arguments.number("low", low) >= arguments.number("high", high):
        raise InvalidInput(f"low is {low:g} and high {high:g}: give two numbers, low < high")
    arguments.number("accuracy", accuracy, above=0.0)
    arguments.tolerance(tolerance)
    if excess is not None and arguments.number("excess", excess) <= tolerance:
        raise InvalidInput(
            f"an excess of {excess:g} cannot be told with a tolerance of {tolerance:g}: "
            "give a larger excess, or none to find where it begins"
        )


@dataclass
class _Search:
    """The bracket, and where to look next."""

    low: float
    high: float
    accuracy: float
    excess: float | None
    found: dict[float, Evaluation] = field(default_factory=dict)
    guessed: bool = False  # the last step was a guess that did not halve the bracket

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
            onset = _onset(self.evaluations, self.low, self.high)
            guess = None if onset is None else (onset.parameter, onset.error)
        else:
            guess = _passing(self.evaluations, self.excess, self.low, self.high)
        if guess is None or not start < guess[0] < stop:
            return None
        step = max(guess[1], 0.4 * self.accuracy)
        below, above = guess[0] - step, guess[0] + step
        if start < below and (above >= stop or below - start > stop - above):
            return below
        return above if above < stop else None


def _evaluate(
    claim: Callable[[float], Claim], parameter: float, excess: float | None, tolerance: float
) -> Evaluation:
    """The verdict on the claim at a parameter."""
    try:
        claimed: Any = claim(parameter)
        if isinstance(claimed, Solution):
            multipliers = claimed.certificate if claimed.lower_bound > 0 else None
            claimed = ClosedForm(claimed.problem, claimed.network, claimed.cost, multipliers)
        if isinstance(claimed, ClosedForm):
            claimed = compare("given", claimed, tolerance=tolerance)
    except NotCertified:
        return Evaluation(parameter, "undecided")
    if isinstance(claimed, bool | np.bool_) and excess is None:
        return Evaluation(parameter, "confirmed" if claimed else "refuted")
    if isinstance(claimed, Verification):
        return _by_multipliers(parameter, claimed, tolerance if excess is None else excess)
    if isinstance(claimed, Result):
        return _by_costs(parameter, claimed, excess)
    kinds = "ClosedForm, Solution, Result or Verification" + (", or a bool" if not excess else "")
    raise InvalidProblem(
        f"the claim at {parameter:g} is of type {type(claimed).__name__}: return a {kinds}"
    )


def _by_multipliers(parameter: float, check: Verification, level: float) -> Evaluation:
    """The verdict of multipliers in closed form at a parameter."""
    gap = check.relative_gap
    if not np.isfinite(check.pricing_maximum) or (gap <= level and not check.passed):
        verdict: Verdict = "undecided"
    else:
        verdict = "confirmed" if gap <= level else "refuted"
    return Evaluation(parameter, verdict, gap, _ratio(check.cost, check.lower_bound))


def _by_costs(parameter: float, result: Result, level: float | None) -> Evaluation:
    """The verdict of the costs of claim and solution at a parameter."""
    bound = _ratio(result.closed_form_cost, result.lower_bound)
    noise = 0.0 if result.solution is None else cost_error(result.solution)
    verdict = result.verdict
    # A claim can be refuted although it is not too expensive: it may not interpolate.
    if level is not None and (verdict != "refuted" or result.relative_excess > noise):
        if bound <= level:
            verdict = "confirmed"
        else:
            verdict = "refuted" if result.relative_excess - noise > level else "undecided"
    return Evaluation(parameter, verdict, result.relative_excess, bound, result)


def _ratio(cost: float, lower_bound: float) -> float:
    """By how much the cost exceeds the bound, relative to the bound."""
    if cost == lower_bound:
        return 0.0
    return (cost - lower_bound) / lower_bound if lower_bound > 0 else np.inf


def _onset(evaluations: tuple[Evaluation, ...], low: float, high: float) -> Onset | None:
    """Extrapolate the excesses of the refuted side to 0, with the order that fits them best."""
    refuted = [each for each in evaluations if each.verdict == "refuted"]
    sign = 1 if any(each.parameter == high for each in refuted) else -1  # of growth
    end = high if sign > 0 else low
    nodes = [each for each in refuted if sign * (each.parameter - end) >= 0]
    floor = _floor(evaluations, low if sign > 0 else high)
    known = max(SETTINGS.known, abs(floor))
    found = []
    for order in SETTINGS.orders:
        chosen: list[tuple[float, float]] = []
        for each in sorted(nodes, key=lambda each: each.excess or 0.0):
            size = max((each.excess or 0.0) - floor, 0.0) ** (1 / order)
            if size**order >= ACCURATE_RTOL and (
                not chosen or size >= SETTINGS.apart * chosen[-1][1]
            ):
                chosen.append((each.parameter, size))
        if len(chosen) < 3:
            continue
        parameter, error = _extrapolate(chosen[: SETTINGS.nodes], 0.0)
        nearest, size = chosen[0]
        error += abs(nearest - parameter) * known / (order * size**order)
        if sign * (parameter - end) <= error:  # or it would be where the claim is refuted
            found.append(Onset(parameter, order, error))
    return min(found, key=lambda onset: onset.error, default=None)


def _floor(evaluations: tuple[Evaluation, ...], parameter: float) -> float:
    """The excess that was found at a parameter where there is none, by widths and rounding."""
    (there,) = (each for each in evaluations if each.parameter == parameter)
    return there.excess or 0.0 if there.verdict == "confirmed" else 0.0


def _passing(
    evaluations: tuple[Evaluation, ...], level: float, low: float, high: float
) -> tuple[float, float] | None:
    """Interpolate the logarithms of the excesses to that of the level."""
    nodes = [
        (each.parameter, float(np.log(each.excess)))
        for each in sorted(evaluations, key=lambda each: abs(each.parameter - (low + high) / 2))
        if each.excess is not None and each.excess >= max(ACCURATE_RTOL, SETTINGS.least * level)
    ]
    chosen: list[tuple[float, float]] = []
    for parameter, size in nodes:
        if all(abs(size - other[1]) > SETTINGS.distinct for other in chosen):
            chosen.append((parameter, size))
    if len(chosen) < 3:
        return None
    return _extrapolate(chosen[: SETTINGS.nodes], float(np.log(level)))


def _extrapolate(nodes: list[tuple[float, float]], target: float) -> tuple[float, float]:
    """The parameter as a polynomial in the size, at the target, by Neville's scheme.

    Returns
    -------
    parameter, error
        The error is the larger of the last two differences of successive degrees.
    """
    sizes = [size for _, size in nodes]
    column = [parameter for parameter, _ in nodes]
    values = [column[0]]
    for step in range(1, len(nodes)):
        column = [
            ((target - sizes[i + step]) * column[i] - (target - sizes[i]) * column[i + 1])
            / (sizes[i] - sizes[i + step])
            for i in range(len(column) - 1)
        ]
        values.append(column[0])
    return values[-1], float(np.abs(np.diff(values))[-2:].max())
