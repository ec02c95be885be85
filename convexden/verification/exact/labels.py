"""Rows of arrays that are equal, bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


def labels(*arrays: NDArray[Any]) -> tuple[Indices, Indices]:
    """Numbers (M,) of the distinct rows of arrays (M, ...), and the first row of each number.

    Booleans are compared eight at a time, floats by their value (both zeros are the same).
    """
    parts = [
        np.packbits(array, axis=1)
        if array.dtype == np.bool_
        else np.ascontiguousarray(array + 0.0).view(np.uint8)
        for array in arrays
    ]
    rows = np.ascontiguousarray(np.concatenate(parts, axis=1))
    numbers: dict[bytes, int] = {}
    firsts: list[int] = []
    found = np.empty(len(rows), dtype=np.intp)
    for m, row in enumerate(rows):
        number = numbers.setdefault(row.tobytes(), len(firsts))
        if number == len(firsts):
            firsts.append(m)
        found[m] = number
    return found, np.array(firsts, dtype=np.intp)
