"""Tables as plain text: what `print` shows of objects that have one."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from convexden.analysis.alignment import Alignment, Comparison
from convexden.analysis.hinge_alignment import HingeAlignment
from convexden.analysis.ramps import Decomposition
from convexden.experiments.samples import SampledOptima
from convexden.experiments.shape_maps import ShapeMap
from convexden.report.terminal.alignment import alignment_table, comparison_table, hinges_table
from convexden.report.terminal.decoding import ramps_table
from convexden.report.terminal.samples import sampling_table
from convexden.report.terminal.shape_maps import shape_map_table

_WIDTH = 200  # characters, more than any table has: no column is cut
_TABLES = {
    Alignment: alignment_table,
    Comparison: comparison_table,
    Decomposition: ramps_table,
    HingeAlignment: hinges_table,
    SampledOptima: sampling_table,
    ShapeMap: shape_map_table,
}


def table_text(shown: object) -> str:
    """The table of an object of one of these types, without colors."""
    page = StringIO()
    table = _TABLES[type(shown)](shown)  # type: ignore[operator]  # each is one of its type
    Console(file=page, width=_WIDTH, color_system=None, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().rstrip().splitlines())
