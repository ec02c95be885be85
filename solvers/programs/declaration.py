"""What a file of this folder says about its convex program, for everything that lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from convexden.problem import Interpolation
from convexden.solvers.constraints import Constraints
from convexden.solvers.outcome import Outcome
from convexden.solvers.programs.program import Program
from convexden.solvers.programs.restricted_master import Master

Kind = Literal["exact", "lower bound", "upper bound"]
KINDS = get_args(Kind)


@dataclass(frozen=True)
class Declaration:
    """A convex program for the interpolation problem.

    Attributes
    ----------
    name : str
        For `get`, ``cd.solve(problem, method=...)`` and ``convexden solve --formulation``.
    title : str
    formula : str
        The convex program, as it is stated (see `docs/formulation.md` for the notation).
    reference : str
    kind : {"exact", "lower bound", "upper bound"}
    applies : str
        To which problems.
    cost : str
        The size of the program in words.
    requires : callable
        Raises NotSupported or TooLarge unless the program applies to a reduced problem.
    state : callable
        Constraints -> `Program`; it solves nothing.
    shortcut : callable or None
        (Constraints, Master) -> `Outcome`, where that is quicker than by the program in CVXPY.
    """

    name: str
    title: str
    formula: str
    reference: str
    kind: Kind
    applies: str
    cost: str
    requires: Callable[[Interpolation], object]
    state: Callable[[Constraints], Program]
    shortcut: Callable[[Constraints, Master], Outcome] | None = None
