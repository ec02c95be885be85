"""A trained network against the certified optimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from convexden import arguments, display
from convexden.analysis.distances import rms_distance, sup_distance_bounds
from convexden.errors import InvalidInput, InvalidProblem
from convexden.experiments.training.measures import excess, priced_excess, worst_error
from convexden.experiments.training.trained import Trained
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import Solution
from convexden.solving.interpolation import solve


class Measured(NamedTuple):
    """A snapshot against the exact optimum; see `Gap` for the numbers."""

    epoch: int
    seconds: float
    penalty: float
    cost: float
    excess: float
    error: float
    priced_excess: float
    distance: float

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"epoch={self.epoch}",
            f"penalty={self.penalty:.4g}",
            f"excess={self.excess:.4g}",
            f"error={self.error:.2g}",
            f"distance={self.distance:.2g}",
        )


@dataclass(frozen=True, eq=False)
class Gap:
    """How far a trained network is from the exact optimum: what `compare` returns.

    Attributes
    ----------
    network : ShallowNetwork
        The one that is compared.
    trained : Trained or None
        The run that it comes from; None if a network was given.
    solution : Solution
    excess : float
        Cost of the trained network over that of the solution, less 1.  Negative only because the
        trained network does not interpolate, or because it has seen samples and not the balls.
    error : float
        Its largest distance from a target that was found on the sites.
    priced_excess : float
        The excess with errors at twice their price, see `priced_excess`; NaN if there are balls.
    sup_distance : tuple of float
        Bounds of the largest distance of the two functions on the box of
        `convexden.analysis.distances.sup_distance`, mostly equal.
    distance : float
        Its root mean square, `convexden.analysis.distances.rms_distance`.
    history : tuple of Measured
        The same over time, without the largest distance; empty if a network was given.
    """

    network: ShallowNetwork
    trained: Trained | None
    solution: Solution
    excess: float
    error: float
    priced_excess: float
    sup_distance: tuple[float, float]
    distance: float
    history: tuple[Measured, ...]

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"excess={self.excess:.4g}",
            f"error={self.error:.2g}",
            f"distance={self.distance:.2g}",
            display.counted(len(self.history), "snapshot"),
        )

    def __str__(self) -> str:
        """A few lines, and a table of about ten snapshots if there is a history."""
        low, high = self.sup_distance
        largest = f"{high:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        run, ended = self.trained, ""
        if run is not None:
            ended = f", {run.seconds:.2g} s" + (", interrupted" if run.interrupted else "")
        lines = [
            f"exact: cost {self.solution.cost:.9g}, {self.solution.status}, relative gap "
            f"{self.solution.relative_gap:.0e}, {self.solution.neurons} neurons, "
            f"{self.solution.seconds:.2g} s",
            f"{'network' if run is None else 'trained'}: cost "
            f"{self.network.representation_cost:.6g} (excess {self.excess:+.2e}), "
            f"worst error on the sites {self.error:.1e}, {self.network.neurons} neurons{ended}",
            f"distance of the functions: at most {largest}, root mean square {self.distance:.3g}",
        ]
        if not self.history:
            return "\n".join(lines)
        lines += [
            "",
            f"{'epoch':>8}{'seconds':>9}{'penalty':>9}{'cost':>11}{'excess':>11}{'error':>10}"
            f"{'priced':>11}{'distance':>10}",
        ]
        rows = self.history[:: max(1, len(self.history) // 10)]
        if rows and rows[-1] is not self.history[-1]:
            rows = (*rows, self.history[-1])
        lines += [
            f"{row.epoch:8d}{row.seconds:9.2f}{row.penalty:9.0e}{row.cost:11.5g}"
            f"{row.excess:+11.2e}{row.error:10.1e}{row.priced_excess:11.2e}{row.distance:10.2e}"
            for row in rows
        ]
        return "\n".join(lines)


def compare(trained: Trained | ShallowNetwork, solution: Solution | None = None) -> Gap:
    """Measure a trained network, and those on the way to it, against the exact optimum.

    Parameters
    ----------
    trained : Trained or ShallowNetwork
        A run of `train`, or any network, for example one of `ShallowNetwork.from_state_dict`.
    solution : Solution, optional
        Of the same problem; for a run it is solved if it is not given.

    Returns
    -------
    Gap
        Its text is a table.

    Raises
    ------
    InvalidInput
        If an argument is of another type, or a network comes without a solution.
    InvalidProblem
        If the solution is one of other sites than the run, or of other dimensions than the network.
    TooLarge, InfeasibleProblem
        As from `convexden.solve`.

    Examples
    --------
    >>> import convexden as cd
    >>> solution = cd.solve(cd.Interpolation([0.0, 1.0, 2.0], [0.0, 0.0, 1.0]))
    >>> short = cd.ShallowNetwork([[0.9]], [[1.0]], [-1.0])
    >>> gap = cd.training.compare(short, solution)
    >>> print(f"excess {gap.excess:.3f}, error {gap.error:.3f}")
    excess -0.100, error 0.100
    """
    single = isinstance(trained, ShallowNetwork)
    run = None if single else _run(trained)
    if solution is not None:
        arguments.instance("solution", solution, Solution)
    elif run is None:
        raise InvalidInput("a network alone does not say of which problem: give a solution")
    else:
        solution = solve(run.problem)
    if run is not None:
        _check_same(run.problem, solution.problem)
    network = trained if isinstance(trained, ShallowNetwork) else trained.network
    problem = solution.problem.plain("the comparison with training")
    history = tuple(
        Measured(
            step.epoch,
            step.seconds,
            step.penalty,
            step.network.representation_cost,
            *_measured(problem, step.network, solution),
        )
        for step in (() if run is None else run.history)
    )
    too_much, error, priced, distance = _measured(problem, network, solution)
    return Gap(
        network,
        run,
        solution,
        too_much,
        error,
        priced,
        sup_distance_bounds(problem, network, solution.network),
        distance,
        history,
    )


def _run(trained: object) -> Trained:
    """A run of `train`; refuse what is no network of this project."""
    if not isinstance(trained, Trained):
        raise InvalidInput(
            f"trained is of type {type(trained).__name__}: give a Trained or a "
            "ShallowNetwork, such as one of from_state_dict"
        )
    return trained


def _check_same(problem: Interpolation, solved: Interpolation) -> None:
    """Refuse the solution of other sites than those that were trained on."""
    same = (
        np.array_equal(getattr(problem, name), getattr(solved, name))
        for name in ("centers", "targets", "radii")
    )
    if not all(same):
        raise InvalidProblem(
            "the solution is one of another problem: solve the one that was trained on"
        )


def _measured(
    problem: Interpolation, network: ShallowNetwork, solution: Solution
) -> tuple[float, float, float, float]:
    """Excess, error, excess with errors priced, distance."""
    return (
        excess(network.representation_cost, solution.cost),
        worst_error(problem, network),
        float("nan") if problem.radii.any() else priced_excess(solution, network),
        rms_distance(problem, network, solution.network),
    )
