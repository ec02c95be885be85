"""What a person sees of an object: one line (`repr`), a table of text (`str`), a table of HTML.

Every public object says in one line of at most `WIDTH` characters what it is, however large its
arrays are.  Those with a table of names and values are `Tabled`.  Tables of more columns are made
by the report, which is above the objects: the package names it (`tables_are_made_by`), and it is
loaded when the first of them is printed.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from html import escape
from importlib import import_module
from numbers import Integral, Real
from typing import Any

WIDTH = 100  # characters of a line, as in the source code
COORDINATES = 4  # of a vector that are shown
_makers: list[str] = []  # one: where the tables of more than two columns are made
ROUNDING = 1e-9  # share of the largest coordinate, or of 1, that is shown as 0


def one_line(shown: object, *parts: str) -> str:
    """``Type(part, part, ...)``, cut at `WIDTH` characters; parts that are empty are left out."""
    text = " ".join(", ".join(part for part in parts if part).split())
    line = f"{type(shown).__name__}({text})"
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 4]}...)"


def field_line(shown: object) -> str:
    """`one_line` of the fields of a dataclass, those that it shows."""
    names = [field.name for field in dataclasses.fields(shown) if field.repr]  # type: ignore[arg-type]
    return one_line(shown, *(f"{name}={brief(getattr(shown, name))}" for name in names))


def brief(value: Any) -> str:
    """A number in six digits, an array by its shape, a list by its length, all else as it is."""
    if isinstance(value, Real) and not isinstance(value, Integral):
        return number(float(value))
    if getattr(value, "shape", ()):
        return f"{' x '.join(map(str, value.shape))} array"
    if type(value) in (tuple, list, dict):  # what is named, such as a NamedTuple, says it itself
        return f"{len(value)} entries" if len(value) != 1 else "1 entry"
    if isinstance(value, str):
        return value if len(value) <= WIDTH // 2 else f"{value[: WIDTH // 2 - 3]}..."
    return repr(value)


def number(value: float) -> str:
    """A number in at most six digits."""
    return f"{value:.6g}"


def small(value: float) -> str:
    """A small number in two digits."""
    return "0" if value == 0 else f"{value:.1e}"


def gap(value: float) -> str:
    """A relative gap in at most two digits, without zeros behind the point."""
    return f"gap={value:.2g}"


def counted(count: int, noun: str) -> str:
    """A number and its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def vector(values: Any) -> str:
    """The first coordinates of a vector; those of the size of rounding errors are 0."""
    floor = ROUNDING * max(1.0, max(map(abs, values), default=0.0))
    numbers = [0.0 if abs(value) <= floor else value for value in values[:COORDINATES]]
    shown = ", ".join(f"{value:.4g}" for value in numbers)
    return f"({shown}, ...)" if len(values) > COORDINATES else f"({shown})"


def spaces(inputs: int, outputs: int) -> str:
    """From where to where a function maps."""
    return f"R^{inputs} -> R^{outputs}"


class Tabled(ABC):
    """An object with a table of names and values: as text for `print`, as HTML for notebooks."""

    @abstractmethod
    def title(self) -> str:
        """What stands above the table."""

    @abstractmethod
    def rows(self) -> list[tuple[str, str]]:
        """Names and values, in the order in which they are shown."""

    def __str__(self) -> str:
        """The table as text."""
        rows = self.rows()
        width = max(len(name) for name, _ in rows)
        return "\n".join([self.title(), *(f"{name:<{width}}  {value}" for name, value in rows)])

    def _repr_html_(self) -> str:
        """The table for notebooks."""
        return html_table(self.title(), self.rows())


def html_table(title: str, rows: Iterable[Sequence[str]], header: Sequence[str] = ()) -> str:
    """A table of HTML with a caption and, if there is one, a header."""

    def row(cells: Sequence[str], tag: str) -> str:
        """A row of the table with cells of this tag."""
        inside = "".join(
            f'<{tag} style="text-align: left">{escape(cell)}</{tag}>' for cell in cells
        )
        return f"<tr>{inside}</tr>"

    caption = f'<caption style="text-align: left">{escape(title)}</caption>'
    head = f"<thead>{row(header, 'th')}</thead>" if header else ""
    body = "".join(row(cells, "td") for cells in rows)
    return f"<table>{caption}{head}<tbody>{body}</tbody></table>"


def tables_are_made_by(module: str) -> None:
    """Name the module whose ``table_text(shown)`` writes the tables of more than two columns."""
    _makers[:] = [module]


def table_text(shown: object) -> str:
    """The table of an object that has more than two columns."""
    text: str = import_module(_makers[0]).table_text(shown)
    return text
