"""What `solve` returns: the network, the certificate, and what they prove together.  Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from convexden import display
from convexden.certificate import Certificate
from convexden.display import Tabled
from convexden.interchange.records import data_frame
from convexden.measurements import Measurements
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

if TYPE_CHECKING:
    from convexden.verification import Verification

Status = Literal["certified", "not-certified", "upper-bound"]


class Progress(NamedTuple):
    """One round of a solver: the best cost and lower bound so far and the number of hinges."""

    round: int
    cost: float
    lower_bound: float
    hinges: int

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"round={self.round}",
            f"cost={display.number(self.cost)}",
            f"lower_bound={display.number(self.lower_bound)}",
            f"hinges={self.hinges}",
        )

    @property
    def relative_gap(self) -> float:
        """(cost - lower bound) / cost, 0 if both are 0."""
        return relative_gap(self.cost, self.lower_bound)


def relative_gap(cost: float, lower_bound: float) -> float:
    """(cost - lower bound) / cost; 0 if both are 0."""
    return 0.0 if cost == lower_bound == 0.0 else (cost - lower_bound) / cost


@dataclass(frozen=True, eq=False)
class Solution(Tabled):
    """A feasible network with a lower bound on the representation cost of every such network.

    Attributes
    ----------
    problem : Interpolation
    network : ShallowNetwork
        Feasible on every site to 1e-9 of the spread of the targets.
    certificate : Certificate
    cost, lower_bound, relative_gap : float
        ``relative_gap = (cost - lower_bound) / cost``, 0 if both are 0.
    status : {"certified", "not-certified", "upper-bound"}
        "certified" if the gap is within the tolerance that was asked for and the verification
        agreed; "upper-bound" if there is no lower bound, which then is 0, and the gap 1.
    iterations : int
        Rounds of the solver.
    seconds : float
        Wall time of `solve`.
    versions : mapping
        Versions of convexden and of the libraries that produced the solution.
    history : tuple of Progress
        Cost and bound round by round; empty for an explicit solution.
    interrupted : bool
        Whether the run was stopped, by its time limit or by `progress`, before it was done; what is
        stated holds all the same.
    moved : Interpolation or None
        The problem that the lower bound speaks about, to the last place, if that is not `problem`
        itself: samples that lie in an affine subspace up to the rounding of their coordinates are
        taken to lie in it.
    verification : Verification or None
        That of `solve`, to the tolerance that was asked for.  None of a solution that was read from
        a file, put together by hand or changed by `dataclasses.replace`: of these nothing has been
        verified yet, which `convexden.verify_certificate` does.
    """

    problem: Interpolation
    network: ShallowNetwork
    certificate: Certificate
    cost: float
    lower_bound: float
    relative_gap: float
    status: Status
    iterations: int
    seconds: float
    versions: Mapping[str, str]
    history: tuple[Progress, ...] = field(default=())
    interrupted: bool = False
    moved: Interpolation | None = None
    # Not for __init__, so that `replace` cannot carry it over to other numbers.
    verification: Verification | None = field(default=None, init=False, repr=False)

    def verified(self, verification: Verification) -> Solution:
        """The same solution with its verification."""
        solution = replace(self)
        object.__setattr__(solution, "verification", verification)
        return solution

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"cost={self.cost:.5g}",
            self.status,
            display.gap(self.relative_gap),
            self.problem.description,
            display.counted(self.neurons, "neuron"),
            "interrupted" if self.interrupted else "",
        )

    def title(self) -> str:
        """Status and relative gap."""
        return f"{self.status}, relative gap {display.small(self.relative_gap)}"

    def rows(self) -> list[tuple[str, str]]:
        """What the solution states, by name."""
        moved = f"by at most {self.largest_move:.0e} of their size"
        return [
            *_problem_rows(self.problem),
            ("cost", f"{self.cost:.15g}"),
            ("lower bound", f"{self.lower_bound:.15g}"),
            ("neurons", str(self.neurons)),
            *([("coordinates moved", moved)] if self.moved is not None else []),
            ("pricing", self.certificate.pricing),
            ("rounds", str(self.iterations)),
            ("seconds", f"{self.seconds:.3g}"),
        ]

    @property
    def largest_move(self) -> float:
        """By how much coordinates were moved, relative to the largest in their column; or 0."""
        if self.moved is None:
            return 0.0
        given = self.problem.centers
        sizes = np.abs(given).max(axis=0)
        moves = np.abs(self.moved.centers - given).max(axis=0)
        return float((moves[sizes > 0] / sizes[sizes > 0]).max())

    def to_dict(self) -> dict[str, object]:
        """What the solution states, as plain numbers and words: a row of a table of many.

        `convexden.to_frame` makes such a table.
        """
        return {
            **_problem_record(self.problem),
            "cost": float(self.cost),
            "lower_bound": float(self.lower_bound),
            "relative_gap": float(self.relative_gap),
            "status": self.status,
            "neurons": self.neurons,
            "iterations": int(self.iterations),
            "seconds": float(self.seconds),
            "interrupted": self.interrupted,
        }

    @property
    def neurons(self) -> int:
        """Number of hidden neurons of the network."""
        return self.network.neurons

    @property
    def certified(self) -> bool:
        """Whether the status is "certified"."""
        return self.status == "certified"


def _problem_rows(problem: Interpolation) -> list[tuple[str, str]]:
    """What was asked for, as rows of a table."""
    radii = problem.radii_in_words
    return [
        ("sites", problem.description),
        *([("radii", radii)] if radii else []),
        *([] if problem.cost.default else [("cost of", problem.cost.description)]),
        ("maps", display.spaces(problem.input_dimension, problem.output_dimension)),
    ]


def _problem_record(problem: Interpolation) -> dict[str, object]:
    """What was asked for, as plain numbers."""
    return {
        "sites": len(problem),
        "inputs": problem.input_dimension,
        "outputs": problem.output_dimension,
        "smallest_radius": float(problem.radii.min()),
        "largest_radius": float(problem.radii.max()),
    }


@dataclass(frozen=True, eq=False)
class RegularizedSolution(Tabled):
    r"""A network with a lower bound on the regularized objective of every network.

    Attributes
    ----------
    problem : Interpolation
        Of samples; of `measurements` the distinct inputs with mean targets.
    penalty : float
        The :math:`\lambda`.
    network : ShallowNetwork
    certificate : Certificate
        Multipliers :math:`l_n`, at the optimum the errors :math:`t_n - h(y_n)`, whose pricing
        maximum is at most the penalty; of measurements, the errors of the means times the sums
        of the weights.
    objective : float
        ``fit + penalty * cost``.
    fit : float
        Half the sum of the squared errors, :math:`\frac12 \sum_n |h(y_n) - t_n|^2`, with the
        weights of the measurements if there are any.
    cost : float
        Representation cost of the network.
    lower_bound, relative_gap : float
        ``relative_gap = (objective - lower_bound) / objective``; 0 if the objective is rounding.
    status : {"certified", "not-certified"}
        "certified" if the gap is within the tolerance that was asked for and the verification
        agreed.
    iterations : int
        How often the solver priced multipliers.
    seconds : float
        Wall time.
    versions : mapping
        Versions of convexden and of the libraries that produced the solution.
    interrupted : bool
        Whether the run was stopped before it was done; what is stated holds all the same.
    measurements : Measurements or None
        What was fitted, if it was given as inputs and targets or with weights.
    """

    problem: Interpolation
    penalty: float
    network: ShallowNetwork
    certificate: Certificate
    objective: float
    fit: float
    cost: float
    lower_bound: float
    relative_gap: float
    status: Status
    iterations: int
    seconds: float
    versions: Mapping[str, str]
    interrupted: bool = False
    measurements: Measurements | None = None

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"objective={self.objective:.5g}",
            f"penalty={self.penalty:.5g}",
            self.status,
            display.gap(self.relative_gap),
            display.counted(len(self.problem), "sample"),
            display.counted(self.neurons, "neuron"),
            "interrupted" if self.interrupted else "",
        )

    def title(self) -> str:
        """Status and relative gap."""
        return f"{self.status}, relative gap {display.small(self.relative_gap)}"

    def rows(self) -> list[tuple[str, str]]:
        """What the solution states, by name."""
        return [
            *_problem_rows(self.problem),
            *([("measurements", str(len(self.measurements)))] if self.measurements else []),
            ("penalty", f"{self.penalty:.6g}"),
            ("objective", f"{self.objective:.15g}"),
            ("lower bound", f"{self.lower_bound:.15g}"),
            ("fit", f"{self.fit:.15g}"),
            ("cost", f"{self.cost:.15g}"),
            ("neurons", str(self.neurons)),
            ("pricing", self.certificate.pricing),
            ("iterations", str(self.iterations)),
            ("seconds", f"{self.seconds:.3g}"),
        ]

    def to_dict(self) -> dict[str, object]:
        """What the solution states, as plain numbers and words: a row of a table of many.

        `convexden.to_frame` makes such a table.
        """
        return {
            **_problem_record(self.problem),
            "measurements": len(self.problem if self.measurements is None else self.measurements),
            "penalty": float(self.penalty),
            "objective": float(self.objective),
            "fit": float(self.fit),
            "cost": float(self.cost),
            "lower_bound": float(self.lower_bound),
            "relative_gap": float(self.relative_gap),
            "status": self.status,
            "neurons": self.neurons,
            "iterations": int(self.iterations),
            "seconds": float(self.seconds),
            "interrupted": self.interrupted,
        }

    @property
    def neurons(self) -> int:
        """Number of hidden neurons of the network."""
        return self.network.neurons

    @property
    def certified(self) -> bool:
        """Whether the status is "certified"."""
        return self.status == "certified"


@dataclass(frozen=True, eq=False)
class RegularizationPath:
    r"""Regularized solutions of one problem, from the largest penalty to the smallest.

    Attributes
    ----------
    problem : Interpolation
    solutions : tuple of RegularizedSolution
    largest_penalty : float
        The :math:`\lambda_{\max}` from which on the solution is the best affine fit.
    interpolant : Solution or None
        Where the path ends as the penalty vanishes; None if that was not asked for.
    interrupted : bool
        Whether the run was stopped before it was done: `solutions` holds what there was time for.
    """

    problem: Interpolation
    solutions: tuple[RegularizedSolution, ...]
    largest_penalty: float
    interpolant: Solution | None
    interrupted: bool

    def __len__(self) -> int:
        """Number of solutions."""
        return len(self.solutions)

    def __repr__(self) -> str:
        """One line with what matters."""
        spread = ""
        if self.solutions:
            most, least = self.penalties[0], self.penalties[-1]
            spread = f" from {most:.4g} to {least:.4g}"
        return display.one_line(
            self,
            f"{len(self)} penalties{spread}",
            "certified" if self.certified else "not all certified",
            display.counted(len(self.problem), "sample"),
            "interrupted" if self.interrupted else "",
        )

    def to_frame(self) -> Any:
        """The solutions as a ``pandas.DataFrame``, one row each, see
        `RegularizedSolution.to_dict`.

        Raises
        ------
        MissingDependency
            If pandas is not installed.
        """
        return data_frame([each.to_dict() for each in self.solutions])

    @property
    def penalties(self) -> tuple[float, ...]:
        """The penalties, falling."""
        return tuple(each.penalty for each in self.solutions)

    @property
    def certified(self) -> bool:
        """Whether all solutions are, and the interpolant, if there is one."""
        last = self.interpolant is None or self.interpolant.certified
        return last and all(each.certified for each in self.solutions)
