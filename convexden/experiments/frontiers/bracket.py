"""`frontier`, which closes in on a threshold, and the bracket that it returns.

1. The claim is evaluated at both ends, which must have opposite verdicts.
2. The next parameter is where the excesses seem to vanish or to pass the level, or the middle
   (`search`).
3. The claim is evaluated there, and the end with the same verdict moves; back to 2 until the ends
   are close.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from convexden import arguments, display
from convexden.errors import InvalidInput
from convexden.experiments.frontiers.evaluations import Claim, Evaluation, evaluate
from convexden.experiments.frontiers.extrapolation import Onset, onset_of
from convexden.experiments.frontiers.search import Search
from convexden.running.clock import Stopped
from convexden.running.progress import tell, within
from convexden.tolerances import ACCURATE_RTOL, COST_RTOL

Status = Literal["bracketed", "undecided", "interrupted"]


class FrontierProgress(NamedTuple):
    """How far a frontier is enclosed: the last evaluation, and the bracket after it."""

    evaluation: Evaluation
    low: float
    high: float


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
        """One line with what matters."""
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
        return None if self.excess is not None else onset_of(self.evaluations, self.low, self.high)

    def __str__(self) -> str:
        """The verdicts at both ends, with as many decimals as they are known to."""
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
    time_limit: float | None = None,
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
    time_limit : float, optional
        Seconds after which the run ends, once both ends are known and the claim at hand is
        decided; None for no limit.
    progress : callable, optional
        Called with a `FrontierProgress` after every evaluation, once both ends are known.  If it
        raises StopIteration, the run ends.

    Returns
    -------
    Frontier
        Stopped by the time limit or by `progress` it is `interrupted`, with what is bracketed so
        far.

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
    progress = within(arguments.time_limit(time_limit), progress)
    search = Search(float(low), float(high), accuracy, excess)
    status: Status = "bracketed"
    # Step 1.
    for end in (search.low, search.high):
        search.found[end] = evaluate(claim, end, excess, tolerance)
    search.check_ends()
    try:
        for evaluation in search.evaluations:
            tell(progress, FrontierProgress(evaluation, search.low, search.high))
        # Steps 2 and 3.
        while (parameter := search.next()) is not None:
            evaluation = evaluate(claim, parameter, excess, tolerance)
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
