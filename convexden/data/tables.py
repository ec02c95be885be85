"""Tables of numbers in people's files: text with any common separator, and NumPy's npy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.errors import InvalidProblem

Array = NDArray[np.float64]


def read_numbers(path: Path) -> Array:
    """Read a file of numbers, ``.npy`` or text with one row a line, as an array of float64.

    In text, commas, semicolons or white space separate, ``#`` starts a comment and one header
    line is skipped.

    Raises
    ------
    InvalidProblem
        If the file cannot be read or holds anything but finite numbers.
    """
    try:
        array = _read_npy(path) if path.suffix.lower() == ".npy" else _read_text(path)
    except FileNotFoundError as error:
        raise InvalidProblem(f"{path} does not exist: check the name") from error
    except IsADirectoryError as error:
        raise InvalidProblem(f"{path} is a folder: give a file") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidProblem(f"{path} cannot be read ({reason}): check the file") from error
    if array.size == 0:
        raise InvalidProblem(f"{path} is empty: give one point a row")
    if not np.isfinite(array).all():
        raise InvalidProblem(f"{path} holds NaN or infinity: give finite numbers")
    return array


def _read_npy(path: Path) -> Array:
    """The numbers of an ``.npy`` file, which is mapped first: a header can promise any size."""
    try:
        objects = _npy_dtype(path).hasobject
        stored = np.empty(0) if objects else np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError, MemoryError, OverflowError, SyntaxError) as error:
        raise InvalidProblem(
            f"{path} is not a whole .npy file: write it with numpy.save"
        ) from error
    if objects:
        raise InvalidProblem(f"{path} holds Python objects: give an array of real numbers")
    if stored.dtype.kind not in "iuf":
        raise InvalidProblem(f"{path} holds {stored.dtype}, not numbers: give real numbers")
    with np.errstate(over="ignore"):  # infinity is refused by who asked
        return np.atleast_1d(np.array(stored, dtype=float))


def _npy_dtype(path: Path) -> np.dtype[Any]:
    """The type of the numbers in an ``.npy`` file, from its header."""
    formats = np.lib.format
    with path.open("rb") as file:
        version = formats.read_magic(file)
        read = formats.read_array_header_1_0 if version == (1, 0) else formats.read_array_header_2_0
        dtype: np.dtype[Any] = read(file)[2]
    return dtype


def _read_text(path: Path) -> Array:
    """The numbers of a text file, one row a line, below a header if there is one."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidProblem(f"{path} is not text: give a .csv or .npy file") from error
    rows: list[list[float]] = []
    header = True  # until the first row that is one
    for number, cells in _lines(text):
        values = [_value(cell) for cell in cells]
        words = zip(cells, values, strict=True)
        if header and all(value is None and cell[:1].isalpha() for cell, value in words):
            header = False
            continue
        header = False
        row = [value for value in values if value is not None]
        if len(row) < len(values):
            cell = cells[values.index(None)]
            raise InvalidProblem(
                f"{path}, line {number}: {cell[:40]!r} is no number: give numbers only"
            )
        if rows and len(row) != len(rows[0]):
            raise InvalidProblem(
                f"{path}, line {number}: {len(row)} numbers where the lines before have "
                f"{len(rows[0])}: give every line the same"
            )
        rows.append(row)
    return np.array(rows, dtype=float)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line that is not empty."""
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.partition("#")[0].strip()
        if line:
            separator = next((mark for mark in ",;" if mark in line), None)
            yield number, [cell.strip().strip('"') for cell in line.split(separator)]


def _value(cell: str) -> float | None:
    """The number in a cell; None if it holds none."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None
