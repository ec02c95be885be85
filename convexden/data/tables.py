"""Numbers in people's files: tables in text, NumPy's npy and npz, images, and standard input."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.data import pictures, text
from convexden.errors import InvalidProblem

Array = NDArray[np.float64]


STANDARD_INPUT = Path("-")


def read_numbers(
    path: Path,
    columns: Sequence[str] | None = None,
    note: Callable[[str], object] | None = None,
) -> Array:
    """Read the numbers of a file as an array of float64.

    Parameters
    ----------
    path : path
        * Text with one row a line, see `convexden.data.text`; ``-`` is standard input.
        * ``.npy``; or ``.npz`` with one array, or one that is called "points".
        * An image, or a folder of images, values in [0, 1]; an idx file.
    columns : sequence of str, optional
        Names of the columns that are read, of a table in text with a header.
    note : callable, optional
        Called with one line if a column is left out.

    Raises
    ------
    InvalidProblem
        If the file cannot be read or holds anything but finite numbers.
    MissingDependency
        If images need Pillow, which is not installed.
    """
    try:
        array = _read(path, columns, note)
    except FileNotFoundError as error:
        raise InvalidProblem(f"{path} does not exist: check the name") from error
    except IsADirectoryError as error:
        raise InvalidProblem(f"{path} is a folder: give a file") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidProblem(f"{path} cannot be read ({reason}): check the file") from error
    if array.size == 0:
        raise InvalidProblem(f"{_called(path)} is empty: give one point a row")
    if not np.isfinite(array).all():
        raise InvalidProblem(f"{path} holds NaN or infinity: give finite numbers")
    return array


def _read(path: Path, columns: Sequence[str] | None, note: Callable[[str], object] | None) -> Array:
    """The numbers of a file, by the kind that its name says."""
    reader = _reader(path)
    if reader is not None:
        if columns is not None:
            raise InvalidProblem(f"{path} has no columns with names: give a table in text")
        return reader(path)
    array, left_out = read_table(path).numbers(columns)
    if left_out and note is not None:
        note(left_out)
    return array


def _reader(path: Path) -> Callable[[Path], Array] | None:
    """What reads a file of this name; None for text."""
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        return _read_npy if suffix == ".npy" else _read_npz
    if pictures.is_picture(path):
        return lambda file: pictures.read_picture(file)[None]
    if pictures.is_idx(path):
        return pictures.read_idx
    return pictures.read_folder if path != STANDARD_INPUT and path.is_dir() else None


def read_table(path: Path) -> text.Table:
    """The cells of a table in text; ``-`` is standard input.

    Raises
    ------
    InvalidProblem
        If the file is not text.
    """
    content = sys.stdin.buffer.read() if path == STANDARD_INPUT else path.read_bytes()
    name = _called(path)
    try:
        return text.parse(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        raise InvalidProblem(f"{name} is not text: give a .csv or .npy file") from error


def _called(path: Path) -> str:
    """The name of a file, for messages."""
    return "standard input" if path == STANDARD_INPUT else str(path)


def _read_npz(path: Path) -> Array:
    """The one array of an ``.npz`` file, or that called "points"."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            name = stored.files[0] if len(stored.files) == 1 else "points"
            if name not in stored.files:
                raise InvalidProblem(
                    f"{path} holds {', '.join(stored.files) or 'nothing'}: give a file of one "
                    "array, or one that is called points"
                )
            array = stored[name]
    except InvalidProblem:
        raise
    except (ValueError, EOFError, MemoryError, KeyError, zipfile.BadZipFile) as error:
        raise InvalidProblem(
            f"{path} is not a whole .npz file of numbers: write it with numpy.savez"
        ) from error
    if array.dtype.kind not in "iuf":
        raise InvalidProblem(f"{path} holds {array.dtype}, not numbers: give real numbers")
    return np.atleast_1d(array.astype(float))


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
