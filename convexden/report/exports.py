"""Records of solutions as tables in LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# What has a meaning of its own in LaTeX.
_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "&%$#_{}"})
FORMATS = ("csv", "latex")


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
