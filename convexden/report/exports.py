"""Records of solutions for other programs: tables in CSV and LaTeX, documents of JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np

# What has a meaning of its own in LaTeX.
_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "&%$#_{}"})
FORMATS = ("csv", "latex")


def csv_table(records: Sequence[Mapping[str, object]]) -> str:
    """A header and one line a record; floats read back as the same numbers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(records[0])
    writer.writerows(record.values() for record in records)
    return text.getvalue()


def json_text(document: object) -> str:
    """A document of JSON: arrays as lists, fractions as text, NaN and infinity as null."""
    return json.dumps(_plain(document), allow_nan=False, indent=1)


def _plain(value: object) -> object:
    """A value in the types that JSON has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str | None) else str(value)


def latex_table(records: Sequence[Mapping[str, object]]) -> str:
    """A ``tabular`` with a column a record, in the rules of booktabs."""
    lines = [f"\\begin{{tabular}}{{l{'r' * len(records)}}}", "\\toprule"]
    for name in records[0]:
        cells = [_latex(record[name]) for record in records]
        lines.append(" & ".join([name.replace("_", " "), *cells]) + r" \\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _latex(value: object) -> str:
    """A value in math mode if it is a number, with six digits."""
    if not isinstance(value, float):
        return str(value).translate(_SPECIAL)
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    power = rf" \cdot 10^{{{int(exponent)}}}" if exponent else ""
    return f"${mantissa}{power}$"
