"""For people: tables of solutions and of what became of theorems, and a page of HTML on these.

Every function whose name ends in ``table`` returns a rich renderable; the command line prints it.
"""

from convexden.report.alignment import alignment_table
from convexden.report.decoding import fixed_points_table, ramps_table
from convexden.report.page import check_report, write_report
from convexden.report.sampling import sampling_table
from convexden.report.shape_maps import shape_map_table
from convexden.report.solutions import solution_table, uniqueness_table, verification_table
from convexden.report.theorems import theorems_table, verify_table

__all__ = [
    "alignment_table",
    "check_report",
    "fixed_points_table",
    "ramps_table",
    "sampling_table",
    "shape_map_table",
    "solution_table",
    "theorems_table",
    "uniqueness_table",
    "verification_table",
    "verify_table",
    "write_report",
]
