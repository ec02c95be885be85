"""The primal side: weights that interpolate exactly, and the doubt whether there are any."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scipy.linalg import lapack
from scipy.optimize import nnls

from convexden.arithmetic.float64 import EPS
from convexden.errors import InfeasibleProblem, NotCertified
from convexden.infeasibility import InfeasibilityProof
from convexden.problem import Interpolation
from convexden.running.clock import UNLIMITED, Clock
from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Flags, Indices
from convexden.solvers.infeasibility import Undecided, find_proof
from convexden.solvers.pricing import ExactPricing
from convexden.tolerances import DEPENDENT_RTOL, MET_RTOL, SPANNED_RTOL, THINNER_RTOL

IMPOSSIBLE = (
    "infeasible: no network interpolates the sites, because too few hyperplanes separate them "
    "without cutting a ball; lower the radii"
)


@dataclass(frozen=True)
class RepairSettings:
    """Parameters of repairing the last digits, and of testing whether hinges span the targets."""

    pivots: int = 10
    """Pivots a hinge, after which nonnegative least squares cycles: it needs one or two."""

    ridge: float = 1e-14
    """Added to the diagonal of the normal equations, as a share of the largest entry: makes
    dependent hinges solvable. Refinement removes what it changes."""

    met: float = 1e-14
    """Residual, as a share of the largest target, at which refinement may end."""

    attempts: int = 6
    """Steps of refinement at the most."""

    quick_attempts: int = 4
    """Steps with the Cholesky factor; the others are by least squares, which see dependent hinges
    as such, but are slower."""

    singular: float = 1e-13
    """Singular values of the scaled hinges below this share are zero: `NEGLIGIBLE_RCOND` loses
    digits where weights differ as much as 1e6, of which these are the roots."""

    by_squares: int = 500
    """Equations up to which dependent hinges are thinned by nonnegative least squares, which solve
    a system of as many at every step: with 1000 they took minutes, and cycled."""

    independent: float = 1e-12
    """Hinges whose Gram matrix, with a diagonal of ones, has no smaller eigenvalue are
    independent: the square of a singular value of 1e-6."""

    spanning: float = 1e-11
    """Singular values of the triangular factor of many hinges below this share are zero: rounding
    of the factors adds up over the batches."""

    batch: int = 2000
    """Hinges whose features are held at a time."""

    progress: float = 0.9
    """Share of the residual before that is left where hinges bring the targets no nearer."""


SETTINGS = RepairSettings()


class TooNarrow(NotCertified):
    """There are networks, but the room between the balls is too narrow for floats to find one."""


def repair(columns: Array, targets: Array, weights: Array) -> Array | None:
    """Weights that satisfy the rows to rounding, the nearest in units of the weights themselves.

    None if the hinges do not span the targets.
    """
    roots = np.sqrt(np.linalg.norm(weights, axis=1))[:, None]
    scaled = roots * columns
    scale = np.abs(targets).max()
    gram = scaled.T @ scaled
    gram.flat[:: len(gram) + 1] += SETTINGS.ridge * gram.diagonal().max()
    factor, failed = lapack.dpotrf(gram, overwrite_a=True)
    attempts = 0 if failed else SETTINGS.quick_attempts
    rounding = EPS * float((np.abs(columns).T @ roots**2).max(initial=0.0))
    before = np.inf
    for attempt in range(SETTINGS.attempts):
        residual = targets - columns.T @ weights
        size = np.abs(residual).max()
        # Small, and down to the rounding of the sum or no smaller than before.
        if size <= SETTINGS.met * scale and (size <= rounding or size > before / 2):
            break
        before = size
        if attempt < attempts:
            step = scaled @ lapack.dpotrs(factor, residual)[0]
        else:
            step = scipy.linalg.lstsq(
                scaled.T, residual, cond=SETTINGS.singular, check_finite=False
            )[0]
        trial = weights + roots * step
        if np.abs(targets - columns.T @ trial).max() < size:
            weights = trial
    residual = targets - columns.T @ weights
    return weights if np.abs(residual).max() <= MET_RTOL * scale else None


def thin(columns: Array, targets: Array, weights: Array) -> tuple[Indices, Array] | None:
    """The fewest of the hinges that make a network of the same cost: their indices and weights.

    With the directions of the output weights fixed, interpolation at least cost is a linear
    program in their sizes, and its basic solutions use linearly independent hinges.  None if the
    hinges are independent already, or nothing is gained.
    """
    norms = np.linalg.norm(weights, axis=1)
    units = weights / norms[:, None]
    if len(columns) <= targets.size:  # otherwise they are dependent
        gram = (columns @ columns.T) * (units @ units.T)
        scale = np.sqrt(np.maximum(gram.diagonal(), np.finfo(float).tiny))
        gram /= scale[:, None] * scale
        if (
            not len(gram)
            or scipy.linalg.eigvalsh(gram, check_finite=False)[0] > SETTINGS.independent
        ):
            return None
    system = (columns[:, :, None] * units[:, None, :]).reshape(len(columns), -1).T
    sizes = _basic_sizes(system, norms)
    kept = np.flatnonzero(sizes)
    thinned = repair(columns[kept], targets, sizes[kept, None] * units[kept])
    if thinned is None:
        return None
    gained = np.linalg.norm(thinned, axis=1).sum() <= norms.sum() * (1 + THINNER_RTOL)
    return (kept, thinned) if gained and len(kept) < len(norms) else None


def _basic_sizes(system: Array, sizes: Array) -> Array:
    """A basic solution x >= 0 (K,) of A x = A s for a system A and sizes s > 0, with a sum that is
    no larger, to rounding; a simplex method stops at its tolerances."""
    if len(system) <= SETTINGS.by_squares:
        # With the sum as one more row, nonnegative least squares ends in a basic solution.
        rows = np.vstack([system, np.ones(len(sizes))])
        with suppress(RuntimeError):  # it cycles
            return np.asarray(nnls(rows, rows @ sizes, maxiter=SETTINGS.pivots * len(sizes))[0])
    return _purified(system, sizes)


def _purified(system: Array, sizes: Array) -> Array:
    """The same by purification (Charnes 1963): each column beyond a basis is combined of that.

    Going along the combination, the way on which the sum does not grow, some size becomes zero: its
    column leaves for good, and if it was one of the basis the new one replaces it.
    """
    # In units of the roots of the sizes, so that the basis is of heavy columns, and has the light
    # ones that alone see some row.
    roots = np.sqrt(sizes)
    triangle, order = scipy.linalg.qr(
        system * roots, mode="r", pivoting=True, check_finite=False, overwrite_a=True
    )
    diagonal = np.abs(triangle.diagonal())
    rank = int((diagonal > SETTINGS.independent * diagonal[0]).sum())
    basis, others = order[:rank], order[rank:]
    table = scipy.linalg.solve_triangular(triangle[:rank, :rank], triangle[:rank, rank:])
    table *= roots[others] / roots[basis, None]
    shares = np.ones(rank)  # of the sizes of the basis
    for k, other in enumerate(others):
        column = table[:, k]
        falls = sizes[other] >= sizes[basis] @ column  # the sum, if this column is taken away
        change = column if falls else -column
        shrinks = change < 0.0
        lengths = np.where(shrinks, shares / np.where(shrinks, -change, 1.0), np.inf)
        row = int(lengths.argmin())
        if falls and lengths[row] >= 1.0:
            shares = shares + change
            continue
        if not shrinks.any():  # the sum would fall for ever: rounding
            return sizes
        shares = np.maximum(shares + lengths[row] * change, 0.0)
        shares[row] = 1.0 - lengths[row] if falls else 1.0 + lengths[row]
        basis[row] = other
        pivot = table[row, k + 1 :] / column[row]
        table[:, k + 1 :] -= np.outer(column, pivot)
        table[row, k + 1 :] = pivot
    found = np.zeros(len(sizes))
    found[basis] = np.maximum(shares, 0.0) * sizes[basis]
    return found


def check_feasible(constraints: Constraints, pricing: ExactPricing) -> None:
    """Raise if there is no network, which is decided in integers where floats doubt it.

    Raises
    ------
    InfeasibleProblem
        With the proof.
    TooNarrow
        If balls leave room for a network, but too little for floats.
    NotCertified
        If it could not be decided.
    """
    patterns = _doubtful(constraints, pricing)
    if patterns is not None:
        proof = prove_infeasible(constraints.problem, patterns, constraints.clock)
        if proof is not None:
            raise InfeasibleProblem(IMPOSSIBLE, proof)
        if (constraints.problem.radii > 0).all():
            raise TooNarrow(
                "there are networks that interpolate the sites, but the room between the balls is "
                "too narrow for floats, and none was found: lower the radii"
            )


def prove_infeasible(
    problem: Interpolation, patterns: Flags | None = None, clock: Clock = UNLIMITED
) -> InfeasibilityProof | None:
    """`find_proof`, with the error for the user.

    Raises
    ------
    NotCertified
        If it could not be decided.
    """
    try:
        return find_proof(problem, patterns, clock=clock)
    except Undecided as error:
        raise NotCertified(
            f"whether any network interpolates could not be decided, because {error}: "
            "lower the radii"
        ) from None


def _doubtful(constraints: Constraints, pricing: ExactPricing) -> Flags | None:
    """None if the feasible hinges span the targets in floats; else the patterns (K, N) of some.

    The feasible networks are the linear span of the hinges.  If those at hand do not span the
    targets, what is left is a dual direction; hinges that see it join them, and if none does, the
    dual seems to be unbounded.
    """
    targets, hinges = constraints.targets, pricing.spanning()
    triangle, size = np.empty((0, len(targets))), np.inf
    seen = np.zeros((0, len(constraints.problem)), dtype=bool)
    while True:
        seen = np.unique(np.concatenate([seen, hinges.patterns]), axis=0)
        for part in np.array_split(np.arange(len(hinges)), 1 + len(hinges) // SETTINGS.batch):
            columns = constraints.features(hinges[part])
            triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, columns]), mode="r"))
        weights = np.linalg.lstsq(triangle.T, targets, rcond=SETTINGS.spanning)[0]
        residual = targets - triangle.T @ weights
        if np.abs(residual).max() <= SPANNED_RTOL * np.abs(targets).max():
            return None
        direction = residual / np.sum(residual * targets)
        pricing.clock.check()
        hinges, constraint_values = pricing.maxima(*constraints.multipliers(direction), 0.0)
        before, size = size, float(np.linalg.norm(residual))
        # What sees the direction, but brings the targets no nearer, sees rounding errors.
        unseen = constraint_values.max(initial=0.0) <= DEPENDENT_RTOL * np.linalg.norm(direction)
        if unseen or size > SETTINGS.progress * before:
            return seen
