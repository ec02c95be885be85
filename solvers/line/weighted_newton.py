r"""Newton's method for the kinks of a line under the Euclidean cost of penalized biases.

Which knots bend, and which gaps, is known from the linear program.  The mass of a kink in a gap is
then two numbers, the parts :math:`\alpha, \beta` that count at the ends R and L of the gap, and
costs :math:`\Omega = |\alpha (1, \kappa R) + \beta (1, \kappa L)|`, which is convex and smooth.
With the equations A v = b at the knots this is a smooth convex program, of which

.. math:: \begin{pmatrix} H & A^T \\ A & 0 \end{pmatrix}
          \begin{pmatrix} \delta v \\ -q \end{pmatrix} =
          \begin{pmatrix} -\nabla F \\ b - A v \end{pmatrix}

are the Newton steps, and q is the dual: tangent to the weight where a gap bends.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import MatrixRankWarning, spsolve

from convexden.solvers.hinges import Array, Flags, Indices
from convexden.solvers.line.weighted import Dots

STEPS = 12  # quadratic from the linear program's solution
ARRIVED = 1e-15  # relative size of a step that is rounding


@dataclass(frozen=True, eq=False)
class Bends:
    """Masses at knots and outside (M,), with their knots, -1 for outside, positions and faces; and
    the parts (2, G) of the masses in gaps (G,) at the ends of these, with their faces."""

    knots: Indices
    x: Array
    left: Flags
    masses: Array
    gaps: Indices
    gaps_left: Flags
    parts: Array

    def matrix(self, dots: Dots) -> sparse.csc_array:
        """The rows of the knots: columns of the masses, of the first parts, of the second."""
        rows = np.concatenate([self.knots, dots.before[self.gaps], dots.after[self.gaps]])
        faces = np.concatenate([self.left, self.gaps_left, self.gaps_left])
        number = np.arange(len(rows))
        outside = rows < 0
        outside[len(self.knots) :] = False
        turned = faces & dots.sloped
        entries = [
            (np.ones(len(rows)), rows, rows >= 0),
            (np.ones(len(rows)), np.zeros(len(rows), dtype=np.intp), outside & ~turned),
            (-np.ones(len(rows)), np.zeros(len(rows), dtype=np.intp), turned),
        ]
        values = np.concatenate([value[here] for value, _, here in entries])
        places = np.concatenate([row[here] for _, row, here in entries])
        columns = np.concatenate([number[here] for *_, here in entries])
        return sparse.csc_array((values, (places, columns)), (len(dots.jumps), len(rows)))

    def moved(self, step: Array) -> Bends:
        """These with a step added to masses and parts."""
        count = len(self.masses)
        return Bends(
            self.knots,
            self.x,
            self.left,
            self.masses + step[:count],
            self.gaps,
            self.gaps_left,
            self.parts + step[count:].reshape(2, -1),
        )

    def same_signs(self, other: Bends) -> bool:
        """Whether all masses and parts have the signs of others."""
        return bool(
            (np.sign(self.masses) == np.sign(other.masses)).all()
            and (np.sign(self.parts) == np.sign(other.parts)).all()
        )

    def derivatives(self, dots: Dots) -> tuple[Array, sparse.csc_array]:
        """Gradient and Hessian of the cost."""
        kappa, origin = dots.weight.cost.bias, dots.weight.origin
        ends = kappa * (np.stack([dots.starts[self.gaps], dots.stops[self.gaps]]) - origin)
        mass, moment = self.parts.sum(axis=0), (self.parts * ends).sum(axis=0)
        size = np.hypot(mass, moment)
        slope = (mass + moment * ends) / size
        products = (1.0 + ends[:, None] * ends) - slope[:, None] * slope
        count, gaps = len(self.masses), len(self.gaps)
        number = count + np.arange(2 * gaps).reshape(2, gaps)
        rows = np.broadcast_to(number[:, None], products.shape)
        columns = np.broadcast_to(number, products.shape)
        total = count + 2 * gaps
        hessian = sparse.csc_array(
            ((products / size).ravel(), (rows.ravel(), columns.ravel())), (total, total)
        )
        at_knots = np.sign(self.masses) * dots.weight(self.x)
        return np.concatenate([at_knots, slope.ravel()]), hessian


def polish(dots: Dots, bends: Bends, q: Array) -> tuple[Bends, Array] | None:
    """The bends and the dual q (K,) to rounding; None if the steps lead elsewhere."""
    matrix = bends.matrix(dots)
    served = np.flatnonzero(np.diff(matrix.tocsr().indptr))
    rows, goal = matrix.tocsr()[served], dots.jumps[served, 0]
    for _ in range(STEPS):
        gradient, hessian = bends.derivatives(dots)
        values = np.concatenate([bends.masses, bends.parts.ravel()])
        system = sparse.block_array([[hessian, rows.T], [rows, None]], format="csc")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MatrixRankWarning)
            found = spsolve(system, np.concatenate([-gradient, goal - rows @ values]))
        step, dual = np.split(found, [len(values)])
        after = bends.moved(step)
        if not np.isfinite(found).all() or not after.same_signs(bends):
            return None
        bends, q = after, q.copy()
        q[served] = -dual
        if np.abs(step).max(initial=0.0) <= ARRIVED * np.abs(values).max(initial=0.0):
            break
    return bends, q
