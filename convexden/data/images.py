"""Real images as points: scikit-learn's handwritten digits and patches of its photographs."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.errors import InvalidInput, InvalidProblem, MissingDependency

Array = NDArray[np.float64]

DIGITS = 1797  # images in scikit-learn's digits
PHOTOGRAPHS = ("china", "flower", "china-grey", "flower-grey")
LARGEST_INDEX = 10**9  # as large as the number of a patch can be written on the command line
SOURCES = ("digits:", "patches:")
# The luma of ITU-R BT.601, by which image libraries turn color into gray.
LUMA = np.array([0.299, 0.587, 0.114])


def read_images(source: str) -> Array:
    """Read ``digits:INDICES`` or ``patches:NAME:SIZE:INDICES`` for `digits` or `patches`.

    Raises
    ------
    InvalidProblem
        If the source is not of this form, or there are no such images.
    MissingDependency
        If scikit-learn or Pillow is not installed.
    """
    kind, _, rest = source.partition(":")
    if kind == "digits":
        return digits(_indices(source, rest))
    name, *numbers = rest.split(":")
    if len(numbers) != 2 or re.fullmatch(r"\s*\d{1,6}\s*", numbers[0], re.ASCII) is None:
        raise InvalidProblem(
            f"{source} is not of the form patches:NAME:SIZE:INDICES: "
            "give for example patches:china:8:0,1,5-7"
        )
    return patches(name.strip(), int(numbers[0]), _indices(source, numbers[1]))


def digits(indices: Sequence[int]) -> Array:
    """Rows (N, 64) of scikit-learn's handwritten digits, gray values in [0, 1].

    Raises
    ------
    InvalidProblem
        If there is no such row.
    MissingDependency
        If scikit-learn is not installed.
    """
    chosen = _chosen(indices, DIGITS, "digits has no image")
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingDependency(
            "the digits come with scikit-learn, which is not installed: "
            'run `pip install "convexden[images]"`'
        ) from error
    return load_digits().data[chosen] / 16.0


def patches(name: str, size: int, indices: Sequence[int]) -> Array:
    """Square patches of a photograph that comes with scikit-learn, one a row, values in [0, 1].

    The photograph is cut from its top left corner into a grid of patches that do not overlap,
    counted from 0 row by row; what is left over on the right and at the bottom is not used.

    Parameters
    ----------
    name : {"china", "flower", "china-grey", "flower-grey"}
        Both photographs are 427 x 640 pixels; the last two are in gray (luma of ITU-R BT.601).
    size : int
        Side of a patch in pixels.
    indices : sequence of N ints
        Numbers of patches.

    Returns
    -------
    (N, 3 * size**2) or, in gray, (N, size**2) array
        Pixels row by row, the red, green and blue of each together.

    Raises
    ------
    InvalidProblem
        If there is no such photograph or patch.
    MissingDependency
        If scikit-learn or Pillow is not installed.
    """
    name = arguments.choice("photograph", name, PHOTOGRAPHS)
    size = arguments.whole("size", size)
    try:
        from sklearn.datasets import load_sample_image

        photograph = load_sample_image(f"{name.removesuffix('-grey')}.jpg") / 255.0
    except ImportError as error:
        raise MissingDependency(
            "the photographs need scikit-learn and Pillow, which are not both installed: "
            'run `pip install "convexden[images]"`'
        ) from error
    if name.endswith("-grey"):
        photograph = photograph @ LUMA[:, None]
    height, width, channels = photograph.shape
    if not 1 <= size <= min(height, width):
        raise InvalidInput(
            f"{name} ({height} x {width} pixels) has no patches of size {size}: "
            f"give 1 to {min(height, width)}"
        )
    rows, columns = height // size, width // size
    complaint = f"{name} has {rows} rows of {columns} patches of size {size}, but no patch"
    chosen = _chosen(indices, rows * columns, complaint)
    grid = photograph[: rows * size, : columns * size]
    grid = grid.reshape(rows, size, columns, size, channels).swapaxes(1, 2)
    row, column = np.divmod(chosen, columns)
    return grid[row, column].reshape(chosen.size, -1)


def _chosen(indices: Sequence[int], count: int, complaint: str) -> NDArray[np.intp]:
    """Whole numbers below the count."""
    chosen = arguments.wholes("indices", indices, least=-LARGEST_INDEX, most=LARGEST_INDEX)
    outside = chosen[(chosen < 0) | (chosen >= count)]
    if outside.size:
        raise InvalidInput(f"{complaint} {outside[0]}: give numbers 0 to {count - 1}")
    return chosen


def _indices(source: str, text: str) -> list[int]:
    """Numbers of ``0,1,5-7``."""
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", part, re.ASCII)
        if match is None:
            example = source.removesuffix(text) + "0,1,5-7"
            raise InvalidProblem(f"{source}: {part!r} is no image: give for example {example}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise InvalidProblem(f"{source}: the range {part.strip()} is empty: turn it around")
        numbers.extend(range(first, last + 1))
    return numbers
