"""A task of a sweep: one problem, and what is measured on its solution."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from convexden.data import smallest_distance
from convexden.errors import ConvexdenError, InvalidProblem
from convexden.experiments.sweeps.families import FAMILIES
from convexden.problem import Interpolation, denoising
from convexden.solution import Solution

Record: TypeAlias = dict[str, Any]


class Task(NamedTuple):
    """A point of the grid.  What the family does not take is None."""

    family: str
    points: int | None
    dimension: int | None
    radius_fraction: float
    seed: int | None

    @property
    def name(self) -> str:
        """The task in one word, which no other task has: the name of its file."""
        return "_".join(
            f"{key}-{value}" for key, value in self._asdict().items() if value is not None
        )

    def problem(self) -> Interpolation:
        """The points of the family, with balls whose radius is a fraction of that of contact."""
        numbers = {"points": self.points, "dimension": self.dimension, "seeds": self.seed}
        family = FAMILIES[self.family]
        points = family.draw(*(numbers[key] for key in family.takes))
        return denoising(points, radius=self.radius_fraction * smallest_distance(points) / 2)


class Settings(NamedTuple):
    """How every task is solved, and what is measured.

    Attributes
    ----------
    tolerance : float
    time_limit : float or None
        Seconds for a task.
    measure : tuple of str
        Names of `MEASURES`.
    compare : tuple of str
        Names of theorems and conjectures, whose closed forms are compared with the solution.
    """

    tolerance: float
    time_limit: float | None
    measure: tuple[str, ...]
    compare: tuple[str, ...]


class Outcome(NamedTuple):
    """What became of a task: its record, or the error for which it has none."""

    record: Record | None
    error: Record | None


def attempt(settings: Settings, task: Task) -> tuple[Task, Outcome]:
    """Solve a task and measure; whatever goes wrong is its outcome."""
    try:
        return task, Outcome(_measured(settings, task), None)
    except Exception as error:
        return task, failure(error)


def failure(error: BaseException) -> Outcome:
    """An error as an outcome; one that is not convexden's own with the place where it came up."""
    foreign = not isinstance(error, ConvexdenError)
    return Outcome(
        None,
        {
            "error": type(error).__name__,
            "message": " ".join(str(error).split()),
            "traceback": "".join(traceback.format_exception(error)) if foreign else None,
        },
    )


def _measured(settings: Settings, task: Task) -> Record:
    """What is measured on the solution of a task."""
    from convexden.solving.interpolation import solve

    problem = task.problem()
    solution = solve(problem, tolerance=settings.tolerance, time_limit=settings.time_limit)
    stated = solution.to_dict()
    record = {
        name: MEASURES[name](solution) if name in MEASURES else stated[name]
        for name in settings.measure
    }
    for name in settings.compare:
        record[f"excess_{name}"] = _excess(name, solution)
    return record


def _excess(name: str, solution: Solution) -> float | None:
    """The relative excess of a closed form over the solution; None where it is not defined."""
    from convexden import theorems

    problem = solution.problem
    try:
        claim = theorems.get(name).closed_form(problem.centers, float(problem.radii[0]))
    except InvalidProblem:
        return None
    return (claim.cost - solution.cost) / solution.cost


def _ramps(solution: Solution) -> int:
    """Number of ramps that the network is a sum of."""
    from convexden.analysis.ramps import decode

    return len(decode(solution.network).ramps)


def _angle(kind: int) -> Callable[[Solution], float | None]:
    """Mean angle of the hinges to the edges, faces or max-margin directions; None if undefined."""

    def measured(solution: Solution) -> float | None:
        """That angle in degrees."""
        from convexden.analysis.hinge_alignment import hinge_alignment

        angle = float(hinge_alignment(solution.problem, solution.network).mean_angles()[kind])
        return None if angle != angle else angle

    return measured


# Beside what `Solution.to_dict` states.
MEASURES: dict[str, Callable[[Solution], Any]] = {
    "ramps": _ramps,
    "angle_to_edges": _angle(0),
    "angle_to_faces": _angle(1),
    "angle_to_margins": _angle(2),
}
STATED = (
    *("sites", "inputs", "outputs", "smallest_radius", "cost", "lower_bound", "relative_gap"),
    *("status", "neurons", "iterations", "seconds", "interrupted"),
)
