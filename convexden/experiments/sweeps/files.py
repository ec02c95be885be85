"""The folder of a sweep: one file a task, written whole or not at all, and tables at the end.

==================  ==================================================================
``sweep.json``      how the tasks are solved and what is measured
``results/``        a file for every task that is done
``failures/``       a file for every task that could not be done, with its error
``table.csv``       the results as a table, once the run has ended; ``table.parquet`` as
                    well where pyarrow is installed
``failures.csv``    the failures as a table, if there are any
==================  ==================================================================

Only the process that runs the sweep writes here.  A task is done when its file is there, so that a
run that was killed knows what it has, and a task that it was killed in is done again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from convexden.errors import InvalidProblem
from convexden.experiments.sweeps.tasks import Outcome, Record, Settings, Task
from convexden.interchange.records import csv_table, parquet_table
from convexden.running.versions import installed
from convexden.storage import documents
from convexden.storage.files import whole_file

FORMAT, RESULT = "convexden-sweep", "convexden-sweep-result"
VERSION = 1


class Folder:
    """The folder of a sweep, or none, which keeps nothing."""

    def __init__(self, path: str | Path | None) -> None:
        """Nothing is written yet."""
        self.path = None if path is None else Path(path)

    def begin(self, settings: Settings) -> None:
        """Make the folder, or see to it that it is that of a sweep with the same settings.

        Raises
        ------
        InvalidProblem
            If it cannot be written, holds other files, or a sweep with other settings.
        """
        if self.path is None:
            return
        wanted: Record = {"format": FORMAT, "version": VERSION, "settings": settings._asdict()}
        header = self.path / "sweep.json"
        if header.exists():
            found = documents.read(header)
            documents.check(found, FORMAT)
            # Through JSON, which has lists for tuples.
            if found["settings"] != json.loads(json.dumps(wanted["settings"])):
                raise InvalidProblem(
                    f"{self.path} holds a sweep with other [solve] or [columns]: give these, or "
                    "another folder"
                )
        else:
            self._make(header)
            _write(header, wanted)

    def _make(self, header: Path) -> None:
        """Make the folders in which files are put."""
        assert self.path is not None
        try:
            self.path.mkdir(exist_ok=True)
            # A run may have been killed before it wrote its header.
            others = {each.name for each in self.path.iterdir()} - {"results", "failures"}
            if any(not name.startswith(".") for name in others):
                raise InvalidProblem(f"{self.path} holds other files: give a new folder")
            for name in ("results", "failures"):
                (self.path / name).mkdir(exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InvalidProblem(
                f"{self.path} cannot be written ({reason}): give a folder in one that exists"
            ) from error

    def known(self, tasks: Iterable[Task], *, retry: bool) -> dict[Task, Outcome]:
        """What became of the tasks that are done; to `retry`, failures are forgotten."""
        found: dict[Task, Outcome] = {}
        if self.path is None:
            return found
        for task in tasks:
            record = self._read("results", task)
            if record is not None:
                found[task] = Outcome(record, None)
            elif retry:
                self._file("failures", task).unlink(missing_ok=True)
            elif (error := self._read("failures", task)) is not None:
                found[task] = Outcome(None, error)
        return found

    def keep(self, task: Task, outcome: Outcome) -> None:
        """Write what became of a task."""
        if self.path is None:
            return
        room, content = "results", outcome.record
        if content is None:
            room, content = "failures", outcome.error
        document = {
            "format": RESULT,
            "version": VERSION,
            "task": task._asdict(),
            "outcome": content,
            "versions": installed(),
        }
        _write(self._file(room, task), document)

    def write_tables(self, records: Sequence[Record], failures: Sequence[Record]) -> None:
        """Write the tables; one that would be empty is removed."""
        if self.path is None:
            return
        tables = {
            "table.csv": csv_table(records).encode() if records else None,
            "table.parquet": parquet_table(records) if records else None,
            "failures.csv": csv_table(failures).encode() if failures else None,
        }
        for name, content in tables.items():
            if content is None:
                (self.path / name).unlink(missing_ok=True)
                continue
            with whole_file(self.path / name) as temporary:
                temporary.write_bytes(content)

    def _file(self, room: str, task: Task) -> Path:
        """The file of a task."""
        assert self.path is not None
        return self.path / room / f"{task.name}.json"

    def _read(self, room: str, task: Task) -> Any:
        """What the file of a task holds; None if there is none, or none that is whole."""
        file = self._file(room, task)
        if not file.exists():
            return None
        try:
            document = documents.read(file)
            documents.check(document, RESULT)
        except InvalidProblem:
            return None  # the disk lost a part of it: the task is done again
        return document["outcome"] if document["task"] == task._asdict() else None


def _write(path: Path, document: Record) -> None:
    """Write a JSON file, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
