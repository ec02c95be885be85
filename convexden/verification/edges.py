r"""The edge bound: multipliers summed over pairs of sites, whose pricing maximum has a bound.

Exact pricing looks at all activation patterns, of which N images have :math:`2^{N-1} - 1`.  Here a
Cholesky factorization of one matrix of at most the order of the dimension takes its place.

**Theorem.**  Let e = (m, n) be pairs of sites, of which m is a ball, with weights
:math:`\kappa_e \ge 0` and, in the notation of `convexden.certificate.Edges`, the multipliers that
they add up to.  With :math:`u_e = D_e / |D_e|`, :math:`v_e = T_e / |T_e|`,

.. math::
   \gamma_e = \begin{cases} (|D_e| - r_m - r_n) / 2 & \text{between two balls,} \\
                            |D_e| - r_m & \text{if n is a sample,} \end{cases} \qquad
   c_e = \kappa_e \gamma_e |T_e|,

.. math::
   \sum_n l_n^T t_n = \sum_e \kappa_e |T_e|^2, \qquad
   P^2 \le \lambda_{\max}\Big(\sum_e c_e u_e u_e^T\Big)\,
           \lambda_{\max}\Big(\sum_e c_e v_e v_e^T\Big).

*Proof.*  The dual equalities hold pair by pair: :math:`l_m + l_n = 0` and
:math:`l_m y_m^T + l_n y_n^T + G_m + G_n = \kappa_e T_e (D_e - D_e)^T = 0`; the objective is
:math:`\kappa_e T_e^T (t_m - t_n)`.  A hinge with |w| = 1 that is active on both sites of a pair
sees :math:`\kappa_e T_e (z_m - z_n - w^T D_e) = 0`, one that is active on neither sees 0.  If it is
active on m alone, so that :math:`z_m \ge r_m` and :math:`z_n \le -r_n`, it sees
:math:`\kappa_e s T_e` with :math:`s = z_m - \theta_e w^T D_e`, where :math:`z_m` lies between
:math:`r_m` and :math:`w^T D_e - r_n`.  Let :math:`x = w^T u_e`, so that 0 <= x <= 1.  Then s lies
between :math:`r_m - \theta_e |D_e| x \ge -x (\theta_e |D_e| - r_m)` and
:math:`(1 - \theta_e) |D_e| x - r_n \le x ((1 - \theta_e) |D_e| - r_n)`, and by the choice of
:math:`\theta_e` both are :math:`\gamma_e x` at most in size (for a sample n the upper one is
:math:`z_n \le 0`, and the lower one :math:`\gamma_e x`).  Active on n alone is the same with the
sites exchanged.  So :math:`|s| \le \gamma_e |w^T u_e|`, and for every unit vector a

.. math::
   a^T \sum_e \kappa_e s_e T_e \le \sum_e c_e |a^T v_e| |w^T u_e|
   \le \Big(\sum_e c_e (a^T v_e)^2\Big)^{1/2} \Big(\sum_e c_e (w^T u_e)^2\Big)^{1/2}. \qquad \square

For denoising with balls it is the bound max sum_e c_e 2 |D_e| / (|D_e| - r_m - r_n) over weights
with sum_e c_e u_e u_e^T <= I.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from convexden import display
from convexden.arithmetic.float64 import EPS, SMALL, power_above
from convexden.certificate import Edges
from convexden.errors import InvalidProblem
from convexden.problem import Interpolation

Array = NDArray[np.float64]

# Relative distances above the largest eigenvalue at which the factorization is tried: it succeeds
# at the first unless the order is in the thousands.
_ABOVE = (1e-13, 1e-11, 1e-8)


@dataclass(frozen=True)
class EdgeBound:
    """What edges prove, whatever the rounding.

    Attributes
    ----------
    objective : float
        At most the sum of the l_n . t_n.
    maximum : float
        At least the pricing maximum P; infinite if floats do not hold it.
    """

    objective: float
    maximum: float

    __repr__ = display.field_line

    @property
    def lower_bound(self) -> float:
        """The bound of the optimum, rounded down."""
        if not np.isfinite(self.objective):
            return 0.0
        return max(0.0, self.objective / max(1.0, self.maximum) * (1.0 - 2 * EPS))


def edge_bound(problem: Interpolation, edges: Edges) -> EdgeBound:
    """Bound the objective of edges from below and their pricing maximum from above.

    All terms of the sums are of one sign, so that each is off by its share only: differences of
    stored numbers, their lengths and their products by fewer roundings than they have terms.

    Raises
    ------
    InvalidProblem
        If an edge has a site that the problem has not, lies between two samples, or begins at one.
    """
    first, second = edges.sites.T
    if edges.sites.size and edges.sites.max() >= len(problem):
        raise InvalidProblem(
            f"an edge has the site {edges.sites.max()}, and there are {len(problem)}: give the "
            "certificate of this problem"
        )
    if not problem.radii[first].all():
        raise InvalidProblem("an edge begins at a sample: give it with its ball first")
    # In units of powers of two, so that nothing rounds and no square leaves the range of floats.
    unit_in, unit_out = (
        float(power_above(np.abs(x).max() or 1.0)) for x in (problem.centers, problem.targets)
    )
    centers, radii = problem.centers / unit_in, problem.radii / unit_in
    targets = problem.targets / unit_out
    with np.errstate(over="ignore", invalid="ignore"):
        weights = edges.weights * unit_in * unit_out
        steps, jumps = centers[first] - centers[second], targets[first] - targets[second]
        margin = 4.0 * EPS * (steps.shape[1] + jumps.shape[1] + len(steps) + 16)
        lengths, sizes = np.linalg.norm(steps, axis=1), np.linalg.norm(jumps, axis=1)
        both = radii[second] > 0
        gaps = np.where(both, 0.5, 1.0) * (lengths - radii[first] - radii[second])
        gaps = np.maximum(gaps, 0.0) + margin * (lengths + radii[first] + radii[second])
        shares = weights * gaps * sizes
        objective = float(weights @ sizes**2) * (1.0 - margin) * (unit_out / unit_in)
        seen = shares > 0
        eigenvalues = [
            _largest_eigenvalue(np.sqrt(shares[seen])[:, None] * _units(rows[seen]), margin)
            for rows in (steps, jumps)
        ]
        maximum = float(np.sqrt(eigenvalues[0]) * np.sqrt(eigenvalues[1]) * (1.0 + margin))
    # Below this the squares have lost their digits.
    small = min(np.min(x[sizes > 0], initial=np.inf) for x in (lengths, sizes)) < SMALL
    small = small or 0.0 < shares.max(initial=0.0) < SMALL
    if small or not (np.isfinite([objective, maximum]).all() and np.isfinite(shares).all()):
        return EdgeBound(0.0, np.inf)
    return EdgeBound(objective, maximum)


def _units(rows: Array) -> Array:
    """Vectors of length one; the sites of an edge differ, and so do their targets."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _largest_eigenvalue(rows: Array, margin: float) -> float:
    """A bound of the largest eigenvalue of the sum of r r^T over rows r (E, D), each number of
    which may be off by this share.

    The Gram matrix M of the rows or of the columns, the smaller one, is off by no more than the
    margin of its trace.  If Cholesky's factorization of s I - M runs through, all its eigenvalues
    are above - (k + 2) EPS times its trace (Rump 2006, BIT 46, Verification of positive
    definiteness), where k is the order.
    """
    if not rows.size or not np.isfinite(rows).all():
        return np.inf if rows.size else 0.0
    gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
    order, trace = len(gram), float(np.trace(gram))
    largest = float(scipy.linalg.eigvalsh(gram)[-1])
    for above in _ABOVE:
        bound = largest * (1.0 + above) + order * EPS * trace
        try:
            scipy.linalg.cholesky(bound * np.eye(order) - gram)
        except scipy.linalg.LinAlgError:
            continue
        return bound * (1.0 + 2.0 * (order + 4) * order * EPS) + margin * trace
    return trace * (1.0 + margin)
