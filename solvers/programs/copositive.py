"""The copositive program for samples, over the open cells of their arrangement."""

from __future__ import annotations

import numpy as np

from convexden.errors import NotSupported
from convexden.problem import Interpolation
from convexden.solvers.constraints import Constraints
from convexden.solvers.patterns.arrangement import activation_patterns, half_of, most_patterns
from convexden.solvers.programs.declaration import Declaration
from convexden.solvers.programs.semidefinite import SemidefiniteProgram, check_size


class CopositiveProgram(SemidefiniteProgram):
    """Its doubly nonnegative relaxation: the semidefinite program without alpha and beta."""

    name = "copositive"

    def __init__(self, constraints: Constraints) -> None:
        """State the relaxation over half of the patterns."""
        check_copositive(constraints.problem)
        every = activation_patterns(constraints.problem, constraints.clock)
        super().__init__(constraints, every[half_of(every)], cones=False)


def check_copositive(problem: Interpolation) -> None:
    """Raise NotSupported or TooLarge unless all sites are samples, few enough."""
    balls = np.flatnonzero(problem.radii)
    if balls.size:
        raise NotSupported(
            f"copositive needs samples, {balls.size} of these sites are balls: give noisy samples, "
            "or take semidefinite"
        )
    n, d = problem.centers.shape
    check_size(problem, most_patterns(n, d) // 2 - 1, problem.output_dimension + d + 2)


DECLARATION = Declaration(
    name=CopositiveProgram.name,
    title="the copositive program, doubly nonnegative",
    formula="max sum_n l_n.t_n  with [[I, F_D], [F_D^T, Q - A_D^T L_D A_D]] >= 0 and L_D >= 0 for "
    "all patterns D; A_D has rows (2 D_n - 1)(y_n, 1), Q = |w|^2, and F_D (w, b) = "
    "sum_n D_n l_n (w.y_n + b)",
    reference="Sahiner, Ergen, Pauly & Pilanci 2021, arXiv 2012.13329; here with a free affine "
    "part",
    kind="lower bound",
    applies="samples; targets of any dimension",
    cost="a matrix inequality of order p + d + 2 and N (N - 1) / 2 numbers per half pattern "
    "(at most 30 000 numbers in all: 17 samples in the plane)",
    requires=check_copositive,
    state=CopositiveProgram,
)
