"""Tables of solutions and of their verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from convexden.display import small
from convexden.report.layout import LAYOUT
from convexden.report.terminal.tables import grid, pairs
from convexden.solution import Solution

if TYPE_CHECKING:
    from convexden.analysis.uniqueness import Uniqueness
    from convexden.proofs.proof import Proof
    from convexden.verification import Verification


def solution_table(solution: Solution) -> RenderableType:
    """Cost, bound, gap and status of a solution, and how far it is from its targets."""
    from convexden.verification import site_errors

    problem = solution.problem
    error = float(site_errors(problem, solution.network).totals.max())
    table = pairs(solution.title())
    for name, value in solution.rows():
        table.add_row(name, value)
    table.add_row("largest error on a site", small(error / (problem.target_spread or 1.0)))
    table.title_style = "bold green" if solution.certified else "bold red"
    return table


def verification_table(verification: Verification) -> RenderableType:
    """The checks of a verification, the numbers they establish and the reasons of a failure."""
    checks = grid("check", "value", "limit", "")
    for check in verification.checks:
        outcome = Text("ok", "green") if check.passed else Text("failed", "red")
        checks.add_row(check.name, small(check.value), small(check.limit), outcome)
    numbers = pairs()
    numbers.add_row("cost", f"{verification.cost:.15g}")
    numbers.add_row("lower bound", f"{verification.lower_bound:.15g}")
    numbers.add_row("relative gap", small(verification.relative_gap))
    numbers.add_row("pricing maximum", f"{verification.pricing_maximum:.15g}")
    reasons = [Text(f"failed: {reason}", "red") for reason in verification.reasons]
    return Group(checks, numbers, *(reasons or [Text("verified", "bold green")]))


def proof_table(proof: Proof) -> RenderableType:
    """The interval that is proven, or why none is."""
    table = pairs(proof.title())
    for name, value in proof.rows():
        table.add_row(name, value)
    table.title_style = "bold green" if proof.proven else "bold red"
    return table


def uniqueness_table(found: Uniqueness) -> RenderableType:
    """The hinges that every minimizer consists of, and whether there is one minimizer."""
    table = grid("saturating hinge", "normal", "bias", "weight", dense=True)
    normals = np.round(found.normals, 12) + 0.0  # a coordinate of rounding size is 0
    shown = np.argsort(-found.weights, kind="stable")[: LAYOUT.hinges]
    for k in shown:
        normal = ", ".join(f"{x:.4g}" for x in normals[k][: LAYOUT.coordinates])
        rest = ", ..." if len(found.normals[k]) > LAYOUT.coordinates else ""
        table.add_row(
            str(k), f"({normal}{rest})", f"{found.biases[k]:.6g}", f"{found.weights[k]:.6g}"
        )
    if len(found.biases) > len(shown):
        table.caption = f"and {len(found.biases) - len(shown)} of less weight"
    style = {"unique": "green", "not unique": "magenta", "undecided": "yellow"}[found.status]
    return Group(table, Text(str(found), f"bold {style}"))
