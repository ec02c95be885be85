"""Tables of numbers in text: with any common separator, a header, decimal commas, row numbers.

A first line without numbers is the header.  A column of row numbers, as spreadsheets and pandas
write it, is no coordinate: it is left out, and named.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.errors import InvalidProblem

Array = NDArray[np.float64]

MISSING = ("", "na", "n/a", "nan", "null", "none", "nil", "?", "-", "#n/a")
# Names of a first column that is left out if it counts the rows, in lower case.
ROW_NAMES = ("", "unnamed: 0", "index", "id", "row", "nr", "no", "no.", "rownames")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of cells, not yet numbers.

    Attributes
    ----------
    source : str
        The file's name, for messages.
    names : tuple of str
        Of the columns; empty if there is no header.
    rows : tuple of (int, list of str)
        Number of the line, and its cells.
    """

    source: str
    names: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]

    __repr__ = display.field_line

    def numbers(self, columns: Sequence[str] | None = None) -> tuple[Array, str]:
        """The numbers (N, d) of these columns, all by default, and a word on what is left out.

        Raises
        ------
        InvalidProblem
            If there is no such column, or a cell holds no finite number.
        """
        chosen, note = self._chosen(columns)
        rows: list[list[float]] = []
        for line, cells in self.rows:
            if columns is None and rows and len(cells) != len(self.rows[0][1]):
                raise InvalidProblem(
                    f"{self.source}, line {line}: {display.counted(len(cells), 'number')} where "
                    f"the lines before have {len(self.rows[0][1])}: give every line the same"
                )
            places = range(len(cells)) if chosen is None else chosen
            rows.append([self._number(line, cells, place) for place in places])
        return np.array(rows, dtype=float), note

    def without_row_numbers(self, note: Callable[[str], object] | None = None) -> tuple[str, ...]:
        """Names of the columns but one that counts the rows, of which `note` is told."""
        chosen, left_out = self._chosen(None)
        if left_out and note is not None:
            note(left_out)
        return self.names if chosen is None else tuple(self.names[place] for place in chosen)

    def _chosen(self, columns: Sequence[str] | None) -> tuple[list[int] | None, str]:
        """Places of the columns that are read, None for all, and a word on what is left out."""
        if columns is None:
            if not self._counts_rows():
                return None, ""
            name = self.names[0] or "without a name"
            note = f"{self.source}: the first column ({name}) counts the rows and is left out"
            if self.names[0]:
                note += f"; --columns {','.join(self.names)} keeps it"
            return list(range(1, len(self.names))), note
        if not self.names:
            raise InvalidProblem(
                f"{self.source} has no names of columns: write them in its first line"
            )
        for name in columns:
            if self.names.count(name) != 1:
                fault = "has no column" if name not in self.names else "has several columns"
                raise InvalidProblem(
                    f"{self.source} {fault} {name!r}: choose from {', '.join(self.names)}"
                )
        return [self.names.index(name) for name in columns], ""

    def _counts_rows(self) -> bool:
        """Whether the first column has a name for it and holds the numbers of the rows."""
        if len(self.names) < 2 or self.names[0].lower() not in ROW_NAMES or not self.rows:
            return False
        if any(len(cells) != len(self.names) for _, cells in self.rows):
            return False
        first = [_value(cells[0]) for _, cells in self.rows]
        return first in (
            [float(k) for k in range(len(first))],
            [float(k) for k in range(1, len(first) + 1)],
        )

    def _number(self, line: int, cells: list[str], place: int) -> float:
        """The number in a cell, which may be missing."""
        where = f"{self.source}, line {line}"
        named = place < len(self.names) and self.names[place]
        column = f" in column {self.names[place]!r}" if named else ""
        cell = cells[place] if place < len(cells) else ""
        if cell.lower() in MISSING:
            raise InvalidProblem(
                f"{where}: a number is missing{column} ({cell!r}): fill it in, or leave the row out"
            )
        value = _value(cell)
        if value is None:
            remedy = "choose columns by their names" if self.names else "give numbers only"
            raise InvalidProblem(f"{where}: {cell[:40]!r} is no number{column}: {remedy}")
        if not np.isfinite(value):
            raise InvalidProblem(
                f"{where}: {cell[:40]!r} is NaN or infinity{column}: give finite numbers"
            )
        return value


def parse(text: str, source: str) -> Table:
    """The cells of a text, one row a line, below a header if there is one.

    Commas, semicolons, tabs or spaces separate, and ``#`` starts a comment.  Between semicolons and
    tabs ``1,5`` is a number.
    """
    rows = list(_rows(text))
    names: tuple[str, ...] = ()
    if rows and _is_header(rows[0][1]):
        names = tuple(rows.pop(0)[1])
    return Table(source, names, tuple(rows))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line that is not empty."""
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.partition("#")[0].rstrip(" \r\n")
        if line.strip():
            yield number, _cells(line)


def _cells(line: str) -> list[str]:
    """The cells of a line."""
    if ";" in line:
        return [_with_point(cell) for cell in _split(line, ";")]
    tabbed = [cell.strip().strip('"') for cell in line.split("\t")]
    if "," in line:
        if len(tabbed) > 1 and all("," not in c or _DECIMAL_COMMA.fullmatch(c) for c in tabbed):
            return [_with_point(cell) for cell in tabbed]
        return _split(line, ",")
    if len(tabbed) > 1 and not any(" " in cell for cell in tabbed):
        return tabbed
    return [cell.strip('"') for cell in line.split()]


def _split(line: str, separator: str) -> list[str]:
    """The cells between these separators, of which those in quotes are none."""
    (cells,) = csv.reader([line], delimiter=separator, skipinitialspace=True)
    return [cell.strip() for cell in cells]


def _with_point(cell: str) -> str:
    """A number with a decimal comma as one with a point."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell


def _is_header(cells: list[str]) -> bool:
    """Whether a first line names the columns: words, or a column without a name before others."""
    unnamed = len(cells) > 1 and not cells[0] and all(cells[1:])
    return unnamed or all(_value(cell) is None and cell[:1].isalpha() for cell in cells)


def _value(cell: str) -> float | None:
    """The number in a cell; None if it holds none."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None
