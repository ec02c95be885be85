r"""Multipliers of a leaf, proposed by a semidefinite program in floats.

Over a cell of hinges u = (tau, w, b) with |w| = tau, on which the forms p_i.u are nonnegative, the
quadratic form M = theta tau^2 - |F|^2 is positive if the matrix

.. math:: S = M + \mu (|w|^2 - \tau^2) - \sum_{i<j} \lambda_{ij} p_i p_j
              - \sum_i p_i (\alpha_i \tau - \gamma_i^T w)

is positive definite for some real :math:`\mu`, :math:`\lambda \ge 0` and
:math:`|\gamma_i| \le \alpha_i`.  They are those that make the least eigenvalue of S as large as it
can be, up to a cap: the multipliers of

.. math:: \min \langle M, X \rangle + c\, s \quad \text{subject to} \quad
          \mathrm{tr}\, X + s = 1,\; \langle |w|^2 - \tau^2, X \rangle = 0,\;
          p_i^T X p_j \ge 0,\; X p_i \in K,\; X \succeq 0,\; s \ge 0

with the cone K of :math:`|w| \le \tau`.  X stands for the moments of u, which say where the form is
least.  A cell without hinges has X = 0.  The program is stated in coordinates v, u = T v, in which
M is of size one.  Whoever uses the multipliers looks at S again.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import clarabel
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Least eigenvalue of S beyond which a larger one is worth nothing, in units of tau^2.
_CAP = 1.0
# The solver is asked for more than it reaches; it mostly ends as "almost solved".
_ACCURACY = 1e-10
_MOST_ITERATIONS = 60  # it needs 9 to 20
# Negative margins nearer to zero than this share of M may be rounding: the solver is asked again,
# with v stretched by these factors along what the moments are most of.  There S is as small as the
# room that is left, and the solver's accuracy is absolute.
_NEAR = 1e-6
_MAGNIFICATIONS = (30.0, 1000.0)
# Moments with a smaller share of tau^2 are rounding: the cell is empty, or nothing was found.
_NO_MOMENTS = 1e-12


class Proposal(NamedTuple):
    r"""What the program found for m forms of q numbers.

    Attributes
    ----------
    margin : float
        Least eigenvalue of S.
    mu : float
    products : (m, m) array
        The :math:`\lambda_{ij}`, above the diagonal.
    cones : (m, k + 1) array
        Rows :math:`(\alpha_i, \gamma_i)`.
    moments : (q, q) array
        X; a multiple of the identity if it says nothing.
    """

    margin: float
    mu: float
    products: Array
    cones: Array
    moments: Array

    def among(self, places: Indices, count: int) -> Proposal:
        """The same for more forms, of which those with multipliers have these places."""
        products, cones = np.zeros((count, count)), np.zeros((count, self.cones.shape[1]))
        products[np.ix_(places, places)], cones[places] = self.products, self.cones
        return self._replace(products=products, cones=cones)


class _Shape(NamedTuple):
    """What programs of the same size share."""

    pairs: tuple[Indices, Indices]
    triangle: tuple[Indices, Indices]  # rows and columns of the upper triangle, column by column
    weights: Array  # of the triangle, so that products are those of the matrices
    trace: Array
    sparsity: tuple[Indices, Indices]  # rows, and where those of a column start
    quadratic: sparse.csc_matrix  # no part of the objective
    bounds: Array
    cones: list[object]


@cache
def _shape(count: int, order: int, k: int) -> _Shape:
    """The parts of a program for so many forms of so many numbers."""
    column, row = np.tril_indices(order)
    weights = np.where(row == column, 1.0, np.sqrt(2.0))
    pairs = np.triu_indices(count, 1)
    size, total = len(row), len(pairs[0]) + count * (k + 1)
    # The rows: trace, sphere, products and moments, which are dense, then s and X.
    columns = [[*range(2 + total), 3 + total + j] for j in range(size)]
    columns.append([0, 2 + total])
    starts = np.cumsum([0, *map(len, columns)])
    bounds = np.zeros(3 + total + size)
    bounds[0] = 1.0
    cones: list[object] = [clarabel.ZeroConeT(2)]
    if count > 1:
        cones.append(clarabel.NonnegativeConeT(len(pairs[0])))
    cones += [clarabel.SecondOrderConeT(k + 1)] * count
    cones += [clarabel.NonnegativeConeT(1), clarabel.PSDTriangleConeT(order)]
    sparsity = np.concatenate(columns), starts
    nothing = sparse.csc_matrix((size + 1, size + 1))
    trace = (row == column).astype(float)
    return _Shape(pairs, (row, column), weights, trace, sparsity, nothing, bounds, cones)


@cache
def _settings() -> object:
    """Of the solver: many small programs."""
    settings = clarabel.DefaultSettings()
    settings.verbose = settings.presolve_enable = settings.chordal_decomposition_enable = False
    settings.direct_solve_method, settings.max_threads = "faer", 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = _ACCURACY
    settings.max_iter = _MOST_ITERATIONS
    return settings


def propose(objective: Array, forms: Array, k: int) -> Proposal:
    """The multipliers of a leaf.

    Parameters
    ----------
    objective : (q, q) array
        M, a symmetric matrix; q is k + 2, or k + 1 without b.
    forms : (m, q) array
        The p_i, each about of unit length.
    k : int
        The length of w.
    """
    turn = _balanced(objective)
    found = _solved(objective, forms, k, turn)
    near = _NEAR * max(1.0, float(np.linalg.norm(objective)))
    for factor in _MAGNIFICATIONS:
        if not -near < found.margin <= 0:
            break
        again = _solved(objective, forms, k, turn @ _magnified(turn, found.moments, factor))
        found = max(found, again, key=lambda proposal: proposal.margin)
    return found


def _solved(objective: Array, forms: Array, k: int, turn: Array) -> Proposal:
    """The program for v instead of u = T v."""
    count, order = forms.shape
    shape = _shape(count, order, k)
    row, column = shape.triangle
    rows = _rows(shape, forms @ turn, turn[: k + 1])
    last = np.array([1.0, -1.0])  # of s in the trace, and in s >= 0
    minus = np.full((1, len(row)), -1.0)  # of X in X >= 0
    entries = np.append(np.concatenate([rows, minus]).T.ravel(), last)
    matrix = sparse.csc_matrix((entries, *shape.sparsity), shape=(len(shape.bounds), len(row) + 1))
    target = (turn.T @ objective @ turn)[row, column] * shape.weights
    settings = _settings()
    solution = clarabel.DefaultSolver(
        shape.quadratic, np.append(target, _CAP), matrix, shape.bounds, shape.cones, settings
    ).solve()
    dual, primal = np.array(solution.z), np.array(solution.x)
    products, cones = _multipliers(shape, dual[2 : len(rows)], count, k)
    rest = remainder(objective, forms, float(dual[1]), products, cones)
    moments = np.zeros((order, order))
    moments[row, column] = moments[column, row] = primal[: len(row)] / shape.weights
    moments = turn @ moments @ turn.T
    if not (np.isfinite(moments).all() and moments[0, 0] > _NO_MOMENTS):
        moments = np.eye(order) / order
    margin = float(np.linalg.eigvalsh(rest)[0]) if np.isfinite(rest).all() else -np.inf
    return Proposal(margin, float(dual[1]), products, cones, moments)


def _rows(shape: _Shape, forms: Array, unit: Array) -> Array:
    """The dense rows of a program, on the triangle of X: its trace, the sphere, and less the
    products of two forms and of a form with each of (tau, w)."""
    first, second = shape.pairs
    row, column = shape.triangle
    sphere = unit[1:].T @ unit[1:] - np.outer(unit[0], unit[0])
    # Symmetric parts of p_i p_j^T and of p_i e_j^T.
    products = forms[first][:, row] * forms[second][:, column]
    products += forms[first][:, column] * forms[second][:, row]
    moments = forms[:, None, row] * unit[None, :, column]
    moments += forms[:, None, column] * unit[None, :, row]
    triangles = np.concatenate([products, moments.reshape(-1, len(row))])
    above = [shape.trace, sphere[row, column] * shape.weights]
    return np.vstack([*above, triangles * (-0.5 * shape.weights)])


def _multipliers(shape: _Shape, dual: Array, count: int, k: int) -> tuple[Array, Array]:
    """The multipliers of products and cones, on their side of zero."""
    first, second = shape.pairs
    products = np.zeros((count, count))
    products[first, second] = np.maximum(dual[: len(first)], 0.0)
    cones = dual[len(first) :].reshape(count, k + 1).copy()
    cones[:, 1:] *= -1.0
    cones[:, 0] = np.maximum(cones[:, 0], np.linalg.norm(cones[:, 1:], axis=1))
    return products, cones


def _magnified(turn: Array, moments: Array, factor: float) -> Array:
    """The matrix that stretches v by a factor along what the moments of u = T v are most of."""
    inverse = np.linalg.inv(turn)
    top = np.linalg.eigh(inverse @ moments @ inverse.T)[1][:, -1]
    return np.eye(len(top)) + (factor - 1) * np.outer(top, top)


def _balanced(objective: Array) -> Array:
    """T of the hinges u = T v in which the objective is of size one: it may be very large in the
    directions in which the cell is thin."""
    sizes, directions = np.linalg.eigh(objective)
    return (directions / np.sqrt(np.maximum(np.abs(sizes), 1.0))) @ directions.T


def remainder(objective: Array, forms: Array, mu: float, products: Array, cones: Array) -> Array:
    """The matrix S for these multipliers (q, q)."""
    k = cones.shape[1] - 1
    signed = cones.copy()
    signed[:, 1:] *= -1.0
    half = products @ forms
    half[:, : k + 1] += signed
    taken = forms.T @ half
    sphere = np.diag([-1.0] + [1.0] * k + [0.0] * (len(objective) - k - 1))
    result: Array = objective + mu * sphere - 0.5 * (taken + taken.T)
    return result
