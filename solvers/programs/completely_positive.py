r"""The completely positive program of training, and its doubly nonnegative relaxation.

A neuron on the samples is the vector (w, b, alpha, beta, a) with
:math:`\alpha_n - \beta_n = w^T y_n + b`, :math:`\alpha, \beta \ge 0` and
:math:`\alpha_n \beta_n = 0`.  The sum of the products of these vectors with themselves is one
matrix, in which the function, the cost and all these equations are linear: the program has the same
size for any number of activation patterns.  What is relaxed is that its part of :math:`\alpha` and
:math:`\beta` be completely positive: it is positive semidefinite and has no negative number.
"""

from __future__ import annotations

import numpy as np

from convexden.errors import NotSupported, TooLarge
from convexden.problem import Interpolation
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array
from convexden.solvers.outcome import Outcome
from convexden.solvers.programs.declaration import Declaration
from convexden.solvers.programs.program import Program, no_solution, priced

# Samples whose matrices, of order N + d + p + 1 with 3 N^2 inequalities, take some ten seconds.
MOST_SAMPLES = 24


class CompletelyPositiveProgram(Program):
    """Its doubly nonnegative relaxation, over the vectors (w, b, beta, a): alpha is linear in them.

    Parameters
    ----------
    constraints : Constraints
        Of samples in units of their spread.
    """

    name = "completely-positive"

    def __init__(self, constraints: Constraints) -> None:
        """State the relaxation."""
        import cvxpy as cp

        check_completely_positive(constraints.problem)
        super().__init__(constraints)
        samples = constraints.problem
        (n, d), p = samples.centers.shape, samples.output_dimension
        self._affine = np.column_stack([samples.centers, np.ones(n)])
        order = d + 1 + n + p
        matrix, free = cp.Variable((order, order), PSD=True), cp.Variable((d + 1, p))
        hinge, beta, output = np.split(np.eye(order), [d + 1, d + 1 + n])
        alpha = self._affine @ hinge + beta
        both = np.vstack([alpha, beta])
        self._fit = alpha @ matrix @ output.T + self._affine @ free == samples.targets
        cost = cp.trace(matrix[:d, :d]) + cp.trace(matrix[d + 1 + n :, d + 1 + n :])
        self.problem = cp.Problem(
            cp.Minimize(cost / 2),
            [
                self._fit,
                both @ matrix @ both.T >= 0,
                cp.sum(cp.multiply(alpha @ matrix, beta), axis=1) == 0,
            ],
        )

    def read(self) -> Outcome:
        """The multipliers of the targets, priced exactly; no network."""
        dual: Array | None = self._fit.dual_value
        if dual is None or not np.isfinite(dual).all():
            raise no_solution(f"the {self.name} program", str(self.problem.status))
        basis = np.linalg.qr(self._affine)[0]
        values = -(dual - basis @ (basis.T @ dual))
        samples = self.constraints.problem
        jacobians = np.zeros((*values.shape, samples.input_dimension))
        return Outcome(None, values, jacobians, *priced(samples, values, jacobians))


def check_completely_positive(problem: Interpolation) -> None:
    """Raise NotSupported or TooLarge unless all sites are samples, few enough."""
    balls = int(np.count_nonzero(problem.radii))
    if balls:
        raise NotSupported(
            f"completely-positive needs samples, {balls} of these sites are balls: give noisy "
            "samples, or take semidefinite"
        )
    if len(problem) > MOST_SAMPLES:
        raise TooLarge(
            f"{len(problem)} samples are too many for completely-positive (at most "
            f"{MOST_SAMPLES}): give fewer, or solve without it"
        )


DECLARATION = Declaration(
    name=CompletelyPositiveProgram.name,
    title="the completely positive program of training, doubly nonnegative",
    formula="min (tr X_ww + tr X_aa) / 2  with X = sum_k x_k x_k', x = (w, b, alpha, beta, a), "
    "relaxed to X >= 0 semidefinite and, in alpha and beta, entry by entry; alpha_n - beta_n = "
    "w.y_n + b, X_(alpha_n beta_n) = 0 and X_(alpha_n a) + V y_n + c = t_n",
    reference="Prakhya, Birdal & Yurtsever 2025, arXiv 2410.22311; here with free biases and a "
    "free affine part, and signs of w, b and a that are not split",
    kind="lower bound",
    applies="samples; targets of any dimension",
    cost="one matrix of order N + d + p + 1, whatever the number of patterns, and 3 N^2 "
    f"inequalities (at most {MOST_SAMPLES} samples)",
    requires=check_completely_positive,
    state=CompletelyPositiveProgram,
)
