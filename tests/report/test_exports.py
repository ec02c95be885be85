"""Records as CSV and LaTeX."""

from __future__ import annotations

import csv
import io

from convexden.interchange.records import csv_table
from convexden.report.exports import latex_table

RECORDS = [
    {"name": "a_1 & b", "cost": 0.1 + 0.2, "gap": 1e-12, "neurons": 3},
    {"name": "c", "cost": 12345678.0, "gap": 0.0, "neurons": 4},
]


def test_csv_keeps_every_digit() -> None:
    first, second = csv.DictReader(io.StringIO(csv_table(RECORDS)))
    assert float(first["cost"]) == 0.1 + 0.2
    assert float(first["gap"]) == 1e-12
    assert first["name"] == "a_1 & b"
    assert second["neurons"] == "4"


def test_latex_has_a_column_a_record() -> None:
    lines = latex_table(RECORDS).splitlines()
    assert lines[0] == r"\begin{tabular}{lrr}"
    assert r"name & a\_1 \& b & c \\" in lines
    assert r"cost & $0.3$ & $1.23457 \cdot 10^{7}$ \\" in lines
    assert r"gap & $1 \cdot 10^{-12}$ & $0$ \\" in lines
    assert lines[-1] == r"\end{tabular}"
