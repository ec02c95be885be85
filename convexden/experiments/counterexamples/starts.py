"""One start of a search: the best of some random geometries is improved, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.experiments.counterexamples.settings import SETTINGS
from convexden.experiments.counterexamples.space import Space
from convexden.experiments.counterexamples.trials import Candidate, Skipped, Trial, trial_of

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Task:
    """What every start of a search has in common."""

    candidate: Candidate
    space: Space
    seed: int
    evaluations: int

    __repr__ = display.field_line


@dataclass(eq=False)
class Start:
    """What became of one start: the best trial, the excess at every geometry, NaN where it was
    skipped, and how many were for which reason."""

    best: Trial | None = None
    excesses: list[float] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    __repr__ = display.field_line

    @property
    def excess(self) -> float:
        """The largest excess so far."""
        return -np.inf if self.best is None else self.best.excess

    @property
    def refuted(self) -> bool:
        """Whether the conjecture is, without the optimum."""
        return self.best is not None and self.best.reason != ""

    def add(self, trial: Trial | Skipped) -> None:
        """Note what became of a geometry."""
        if not isinstance(trial, Trial):
            self.excesses.append(np.nan)
            self.skipped.append(trial)
            return
        self.excesses.append(trial.excess)
        if trial.reason or trial.excess > self.excess:
            self.best = trial


class _Enough(Exception):
    """No more evaluations are wanted."""


def run(task: Task, number: int, start: Start, report: Callable[[], None]) -> None:
    """Improve the best of some random geometries, again and again, until all evaluations are used
    up or the conjecture is refuted without the optimum; `start` takes down what is found."""
    from scipy.optimize import minimize

    rng = np.random.default_rng([task.seed, number])
    draws = max(1, int(SETTINGS.random * task.evaluations))

    def loss(free: Array) -> float:
        """Minus the excess at a geometry; infinite where it is skipped."""
        if len(start.excesses) == task.evaluations:
            raise _Enough
        trial = trial_of(task.candidate, *task.space.geometry(free))
        start.add(trial)
        report()
        if start.refuted:
            raise _Enough
        return -trial.excess if isinstance(trial, Trial) else np.inf

    try:
        while True:
            drawn = [task.space.draw(rng) for _ in range(draws)]
            losses = [loss(free) for free in drawn]
            if min(losses) > -SETTINGS.nothing:  # there is no slope to climb
                continue
            first = drawn[int(np.argmin(losses))]
            simplex = np.vstack([first, first + SETTINGS.size * np.eye(first.size)])
            options = {
                "initial_simplex": simplex,
                "xatol": SETTINGS.still,
                "fatol": SETTINGS.nothing,
            }
            minimize(loss, first, method="Nelder-Mead", options=options)
    except _Enough:
        pass


def run_silently(task: Task, number: int) -> Start:
    """What becomes of a start in a process of its own."""
    start = Start()
    run(task, number, start, lambda: None)
    return start


def best_of(starts: Iterable[Start]) -> Trial | None:
    """What refutes the conjecture without the optimum, else the largest excess."""
    trials = [start.best for start in starts if start.best is not None]
    return max(trials, key=lambda trial: (bool(trial.reason), trial.excess), default=None)
