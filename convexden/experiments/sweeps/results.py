"""What a sweep found: a record for every task that is done, and an error for those that failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from convexden import display
from convexden.experiments.sweeps.tasks import Outcome, Record, Task
from convexden.interchange.records import data_frame


@dataclass(frozen=True, eq=False)
class Sweep(display.Tabled):
    """The tasks of a sweep, and what became of them.

    Attributes
    ----------
    records : tuple of dict
        A row for every task that is done: where it is in the grid, and what was measured.
    failures : tuple of dict
        One for every task that could not be done, with ``error``, ``message`` and, for errors that
        are not convexden's own, ``traceback``.
    total : int
        Number of tasks.
    """

    records: tuple[Record, ...] = field(repr=False)
    failures: tuple[Record, ...] = field(repr=False)
    total: int

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"{self.done} of {display.counted(self.total, 'task')}",
            f"{self.certified} certified",
            f"{len(self.failures)} failed",
        )

    def title(self) -> str:
        """How many tasks are done."""
        return f"{self.done} of {display.counted(self.total, 'task')} done"

    def rows(self) -> list[tuple[str, str]]:
        """How many are certified, and how many failed for which error."""
        kinds = Counter(each["error"] for each in self.failures)
        return [
            ("certified", str(self.certified)),
            ("not certified", str(len(self.records) - self.certified)),
            ("failed", str(len(self.failures))),
            *((f"  {kind}", str(count)) for kind, count in sorted(kinds.items())),
        ]

    @property
    def done(self) -> int:
        """Number of tasks that are done, or failed."""
        return len(self.records) + len(self.failures)

    @property
    def certified(self) -> int:
        """Number of tasks whose solution is certified."""
        return sum(record["status"] == "certified" for record in self.records)

    @property
    def interrupted(self) -> bool:
        """Whether tasks are missing, because the run was stopped."""
        return self.done < self.total

    def to_frame(self) -> Any:
        """The records as a ``pandas.DataFrame``, one row each.

        Raises
        ------
        MissingDependency
            If pandas is not installed.
        """
        return data_frame(self.records)


def assemble(tasks: tuple[Task, ...], found: Mapping[Task, Outcome]) -> Sweep:
    """The sweep of these tasks, in the order of the grid."""
    records, failures = [], []
    for task in tasks:
        outcome = found.get(task)
        if outcome is None:
            continue
        if outcome.record is not None:
            records.append({**task._asdict(), **outcome.record})
        elif outcome.error is not None:
            failures.append({**task._asdict(), **outcome.error})
    return Sweep(tuple(records), tuple(failures), len(tasks))
