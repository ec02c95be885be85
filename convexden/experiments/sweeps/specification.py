"""The specification of a sweep: grids of problems, how they are solved, what is measured.

As TOML, every entry of the grid a value or a list, and lists multiply::

    [grid]
    family = ["uniform", "normal"]
    points = [4, 5, 6]
    dimension = 2
    radius_fractions = [0.1, 0.5]
    seeds = "0-99"

    [solve]
    tolerance = 1e-8
    time_limit = 10

    [columns]
    measure = ["cost", "relative_gap", "neurons"]
    compare = ["face-aligned"]

Several tables ``[[grid]]`` are added up.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from convexden import arguments, theorems
from convexden.errors import InvalidInput, TooLarge
from convexden.experiments.sweeps.families import FAMILIES, Family
from convexden.experiments.sweeps.tasks import MEASURES, STATED, Settings, Task
from convexden.tolerances import CERTIFIED_RTOL

MOST_TASKS = 1_000_000  # files in a folder, which file systems still list in seconds
DEFAULT_MEASURES = ("cost", "lower_bound", "relative_gap", "status", "neurons", "seconds")
GRID = ("family", "points", "dimension", "radius_fractions", "seeds")
# What a number of the grid is at least.
LEAST = {"points": 2, "dimension": 1, "seeds": 0}
RANGE = re.compile(r"\s*(\d{1,9})\s*-\s*(\d{1,9})\s*", re.ASCII)


class Specification(NamedTuple):
    """What a sweep does: its tasks, each once, and how they are solved and measured."""

    tasks: tuple[Task, ...]
    settings: Settings


def read_specification(source: str | Path | Mapping[str, Any]) -> Specification:
    """The specification in a TOML file, or in a dict of the same keys.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or states no sweep.
    TooLarge
        If it has more than a million tasks.
    """
    document = source if isinstance(source, Mapping) else _document(source)
    _check_keys("a specification", document, ("grid", "solve", "columns"))
    grids = document.get("grid")
    if not grids or not isinstance(grids, (Mapping, list)):
        raise InvalidInput("a specification needs a table [grid] with family, points, ...")
    tasks: dict[Task, None] = {}
    for grid in [grids] if isinstance(grids, Mapping) else grids:
        for family in _listed("family", _table("grid", grid, GRID).get("family")):
            tasks.update(dict.fromkeys(_tasks(family, grid)))
            if len(tasks) > MOST_TASKS:
                raise TooLarge(f"the grid has more than {MOST_TASKS} tasks: make several sweeps")
    solving = _table("solve", document.get("solve", {}), ("tolerance", "time_limit"))
    columns = _table("columns", document.get("columns", {}), ("measure", "compare"))
    settings = Settings(
        arguments.tolerance(solving.get("tolerance", CERTIFIED_RTOL)),
        arguments.time_limit(solving.get("time_limit")),
        _measures(_listed("measure", columns.get("measure", list(DEFAULT_MEASURES)))),
        tuple(theorems.get(name).name for name in _listed("compare", columns.get("compare"), ())),
    )
    return Specification(tuple(tasks), settings)


def _document(path: str | Path) -> Mapping[str, Any]:
    """What the TOML file holds."""
    try:
        return tomllib.loads(arguments.path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidInput(f"{path} cannot be read ({reason}): check the name") from error
    except ValueError as error:  # of TOML, or bytes that are not UTF-8
        raise InvalidInput(f"{path} is not TOML ({error}): see `convexden sweep --help`") from error


def _check_keys(where: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse keys that mean nothing here: they are misspelled."""
    for key in table:
        if key not in known:
            raise InvalidInput(f"{where} has no {arguments.shown(key)}: it has {', '.join(known)}")


def _table(name: str, table: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    """A table of the specification, with these keys at the most."""
    if not isinstance(table, Mapping):
        raise InvalidInput(f"{name} is {arguments.shown(table)}: write a table [{name}]")
    _check_keys(f"[{name}]", table, known)
    return table


def _listed(name: str, value: Any, default: tuple[Any, ...] | None = None) -> tuple[Any, ...]:
    """The values of an entry, which is a list, or one of them."""
    if value is None and default is not None:
        return default
    values = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if not values or None in values:
        raise InvalidInput(f"{name} is missing: give a value, or a list of them")
    return values


def _tasks(name: str, grid: Mapping[str, Any]) -> list[Task]:
    """The tasks of a family in a grid: every combination of the values in its lists."""
    family = FAMILIES[arguments.choice("family", name, FAMILIES)]
    fractions = [
        arguments.number("a radius fraction", value, above=0.0, below=1.0)
        for value in _listed("radius_fractions", grid.get("radius_fractions"))
    ]
    points, dimensions, seeds = (_wholes(name, family, key, grid) for key in LEAST)
    return [
        Task(name, count, dimension, fraction, seed)
        for count, dimension, fraction, seed in product(points, dimensions, fractions, seeds)
    ]


def _wholes(
    name: str, family: Family, key: str, grid: Mapping[str, Any]
) -> tuple[int, ...] | tuple[None]:
    """The whole numbers of a list, in which "0-99" stands for a hundred of them."""
    if key not in family.takes:
        if key in grid:
            raise InvalidInput(f"the family {name} takes no {key}: leave it out, or in a [[grid]]")
        return (None,)
    found: list[int] = []
    for value in _listed(key, grid.get(key)):
        match = RANGE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            found.append(arguments.whole(key, value, least=LEAST[key]))
            continue
        first, last = int(match[1]), int(match[2])
        if last - first >= MOST_TASKS:
            raise TooLarge(f"{key} {value} are more than {MOST_TASKS}: make several sweeps")
        found += range(arguments.whole(key, first, least=LEAST[key]), last + 1)
    return tuple(found)


def _measures(names: tuple[Any, ...]) -> tuple[str, ...]:
    """Names of columns, with the status, without which nobody knows what the others are worth."""
    for name in names:
        arguments.choice("measure", name, (*STATED, *MEASURES))
    return tuple(dict.fromkeys((*names, "status")))
