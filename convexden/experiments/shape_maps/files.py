"""The file of a map: a line of its parameters, and one for every pixel as it comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from convexden.errors import ExternalFailure, InvalidProblem
from convexden.experiments.shape_maps.grid import checked_fractions, grid_angles
from convexden.experiments.shape_maps.pixels import Pixel
from convexden.experiments.structures import STRUCTURES
from convexden.storage.files import check_writable, whole_file

Array = NDArray[np.float64]

FORMAT = "convexden-shape-map"
VERSION = 1


def header_line(fractions: Array, divisions: int, largest_angle: float) -> str:
    """The first line of the file of a map: what is computed."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "fractions": fractions.tolist(),
        "divisions": divisions,
        "largest_angle": largest_angle,
        "structures": STRUCTURES,
        "columns": Pixel._fields,
    }
    return json.dumps(document) + "\n"


def pixel_line(pixel: Pixel) -> str:
    """A pixel as a line of the file."""
    return json.dumps(pixel) + "\n"


def read_lines(path: str | Path) -> str:
    """The whole lines of the file: a run that was killed may have left a part of one more."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidProblem(f"{path} cannot be read ({reason}): check the name") from error
    except UnicodeDecodeError:
        _refuse(path)
    return text[: text.rfind("\n") + 1]


def parameters_of(path: str | Path, text: str) -> tuple[Array, int, float]:
    """Fractions, divisions and largest angle that the first line of the file states."""
    header = text.partition("\n")[0]
    try:
        document = json.loads(header)
        if document["format"] != FORMAT:
            _refuse(path)
        if document["version"] != VERSION:
            raise InvalidProblem(
                f"{path} is of version {document['version']!r}, not {VERSION}: "
                "install the release of convexden that wrote it"
            )
        fractions = checked_fractions(document["fractions"])
        divisions, largest_angle = int(document["divisions"]), float(document["largest_angle"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        _refuse(path)
    if header + "\n" != header_line(fractions, divisions, largest_angle):
        _refuse(path)
    return fractions, divisions, largest_angle


def pixels_of(path: str | Path, text: str) -> list[Pixel]:
    """The pixels in the text of a file, the last of those that stand twice."""
    found: dict[tuple[int, int], Pixel] = {}
    fractions, divisions, largest_angle = parameters_of(path, text)
    shape = fractions.size, len(grid_angles(divisions, largest_angle))
    for number, line in enumerate(text.splitlines()[1:], start=2):
        pixel = _pixel(line)
        if pixel is None or not (
            0 <= pixel.fraction < shape[0]
            and 0 <= pixel.triangle < shape[1]
            and 0 <= pixel.structure < len(STRUCTURES)
            and pixel.virtual >= 0
        ):
            raise InvalidProblem(f"{path}, line {number} is no pixel of the map: delete that line")
        found[pixel[:2]] = pixel
    return list(found.values())


def _pixel(line: str) -> Pixel | None:
    """The pixel of a line; None if it holds none."""
    try:
        pixel = Pixel(*json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    kinds = (int, int, bool, float, float, float, int, float, int)
    fits = all(type(value) is kind for value, kind in zip(pixel, kinds, strict=True))
    return pixel if fits and np.isfinite(pixel[3:]).all() else None


def begin(path: str | Path, fractions: Array, divisions: int, largest_angle: float) -> list[Pixel]:
    """The pixels that are in the file already; it then ends with a whole line."""
    check_writable(path)
    wanted = header_line(fractions, divisions, largest_angle)
    text = read_lines(path) if Path(path).exists() else ""
    if not text:
        # Nothing, or the beginning of a header.
        if Path(path).exists() and not wanted.startswith(Path(path).read_text(encoding="utf-8")):
            _refuse(path)
        text = wanted
    elif not text.startswith(wanted):
        others, n, largest = parameters_of(path, text)
        raise InvalidProblem(
            f"{path} holds another map (fractions {', '.join(f'{f:g}' for f in others)}, "
            f"{len(grid_angles(n, largest))} triangles up to {largest:g} degrees): "
            "give its parameters, or another file"
        )
    pixels = pixels_of(path, text)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return pixels


@contextmanager
def appending(path: str | Path | None) -> Iterator[Callable[[str], None]]:
    """A function that appends a line to the file, if there is one, at once."""
    if path is None:
        yield lambda line: None
        return
    with Path(path).open("ab", buffering=0) as file:

        def write(line: str) -> None:
            """Append a line, without a buffer."""
            try:
                file.write(line.encode())
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise ExternalFailure(
                    f"{path} cannot be written any more ({reason}): make room, and the same map "
                    "goes on"
                ) from error

        yield write


def _refuse(path: str | Path) -> NoReturn:
    """Say that a file is no map."""
    raise InvalidProblem(f"{path} is no map of triangles: give a file that `shape_map` wrote")
