"""Tables for people: solutions and what is in them, theorems and what became of them.

Every function returns a rich renderable; the command line prints it.
"""

from convexden.report.alignment import alignment_table
from convexden.report.decoding import fixed_points_table, ramps_table
from convexden.report.shape_maps import shape_map_table
from convexden.report.solutions import solution_table, uniqueness_table, verification_table
from convexden.report.theorems import theorems_table, verify_table

__all__ = [
    "alignment_table",
    "fixed_points_table",
    "ramps_table",
    "shape_map_table",
    "solution_table",
    "theorems_table",
    "uniqueness_table",
    "verification_table",
    "verify_table",
]
