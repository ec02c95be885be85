"""For people: tables of solutions and of what became of theorems, and a page of HTML on these.

Every function whose name ends in ``table`` returns a rich renderable; the command line prints it.
"""

from convexden.report.html.figures import pictured
from convexden.report.html.page import check_report, write_report
from convexden.report.terminal.alignment import alignment_table
from convexden.report.terminal.decoding import fixed_points_table, ramps_table
from convexden.report.terminal.errors import errors_table
from convexden.report.terminal.flows import flow_table
from convexden.report.terminal.memorization import memorization_table, shares_table
from convexden.report.terminal.repeats import repeats_table
from convexden.report.terminal.samples import sampling_table
from convexden.report.terminal.shape_maps import shape_map_table, virtual_table
from convexden.report.terminal.solutions import (
    fit_table,
    proof_table,
    solution_table,
    uniqueness_table,
    verification_table,
)
from convexden.report.terminal.sweeps import sweep_table
from convexden.report.terminal.theorems import theorems_table, verify_table

__all__ = [
    "alignment_table",
    "check_report",
    "errors_table",
    "fit_table",
    "fixed_points_table",
    "flow_table",
    "memorization_table",
    "pictured",
    "proof_table",
    "ramps_table",
    "repeats_table",
    "sampling_table",
    "shape_map_table",
    "shares_table",
    "solution_table",
    "sweep_table",
    "theorems_table",
    "uniqueness_table",
    "verification_table",
    "verify_table",
    "virtual_table",
    "write_report",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__
