r"""Local reduction: Newton's method on the KKT system of the active hinges.

Near the optimum it is known on which faces the active hinges lie.  Hinge k then has one unknown
weight alpha_k (its output weight is alpha_k q_k, q_k = Z^T psi_k), and, if it is free, unknown
steps t_k on its face.  With the reduced multipliers Z the Lagrangian

    L(Z, alpha, t) = <T, Z> - sum_k alpha_k / 2 (|Z^T psi_k(t_k)|^2 - 1)

is stationary at the optimum:

    sum_k alpha_k psi_k q_k^T = T,      |q_k|^2 = 1,      alpha_k q_k . Z^T psi_k'(t_k) = 0.

Rows of softness s add -s/2 |Z|^2 to the Lagrangian and s Z to the left of the first equation.

1. The active hinges: every local maximum of the dual constraint takes the weight of the columns
   near it, and those without weight are left out (`active_set`).
2. Newton's steps on the system above, whose hinges stay on their faces (`polish`).
3. Hinges whose weight became negative leave, those at the end of a face are held by the site they
   met; back to 2 until nothing changes.

Convergence is quadratic, so a duality gap of 1e-3 becomes one of rounding size in a few steps, or
the active set was wrong and the method gives up.  Nothing here is trusted: the result is priced.
Reference: Hettich and Kortanek, Semi-infinite programming, SIAM Review 35 (1993), section 7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg
from scipy.spatial.distance import cdist

from convexden.solvers.constraints import Constraints
from convexden.solvers.hinges import Array, Flags, Hinges, Indices, distinct
from convexden.solvers.methods.kkt import solve_kkt
from convexden.solvers.pricing import Pricing
from convexden.tolerances import NEGLIGIBLE_RCOND, SAME_HINGE_RTOL, WEIGHTLESS_RTOL


@dataclass(frozen=True)
class NewtonSettings:
    """Parameters of Newton's method on the KKT system."""

    steps: int = 15
    """Newton steps of one attempt: convergence is quadratic."""

    restarts: int = 10
    """Attempts, each with the hinges that the one before left: hinges without weight leave, those
    at the end of a face are held."""

    rounding: float = 4e-15
    """Residual, as a share of its terms, that is rounding: 18 units of 2.2e-16."""

    met: float = 1e-9
    """Residual, as a share of its terms, up to which the equations are met if no further step
    halves it."""

    runaway: float = 1e4
    """Residual, as a multiple of its terms, from which iterates do not come back."""

    patience: int = 3
    """Steps without progress before giving up."""

    light: float = 1e-8
    """Roots of weights, in spreads, below this count as this: steps of lighter hinges are not
    scaled up further."""

    far: float = 30.0
    """Distance of a column from all local maxima, in roots of the gap and in spreads, above which
    it belongs to none: errors of a hinge are the root of that of the constraint."""

    active: float = 10.0
    """Distance of the dual constraint from 1, in gaps, up to which such a column is active."""

    heavy: float = 1e-4
    """Share of the heaviest weight above which it stays as a hinge of its own."""

    slack: tuple[float, float] = (1e-12, 1e-6)
    """Least and greatest slack that weights are compared with: below is rounding, above everything
    would leave."""


SETTINGS = NewtonSettings()


@dataclass(frozen=True, eq=False)
class Polished:
    """A stationary point: output weights (K, p) and reduced multipliers (M, p)."""

    hinges: Hinges
    weights: Array
    multipliers: Array


def active_set(
    hinges: Hinges,
    norms: Array,
    own: Array,
    found: Hinges,
    constraint_values: Array,
    gap: float,
    constant: bool = True,
    settings: NewtonSettings = SETTINGS,
) -> tuple[Hinges, Array]:
    """The active hinges and their weights: the local maxima to which weight belongs.

    1. Every column of the master with weight belongs to the nearest local maximum.
    2. Except for *stray* columns: active themselves, but far from all local maxima, compared to the
       accuracy of the master.  They lie on an arc along which the dual constraint is constant, and
       stay where they are (unless `constant` is false and there is no such arc).
    3. Local maxima take the weight of their columns.
    4. Those that rounding gave theirs are not active: an interior point leaves weight times slack,
       alpha (1 - g), nearly equal for all hinges, so that theirs is out of proportion.

    Parameters
    ----------
    hinges : Hinges
        Columns of the master, with the sizes `norms` of their weights and their constraint values
        `own`.
    found : Hinges
        Local maxima of the dual constraint, with their `constraint_values`.
    gap : float
        The relative gap so far, which says how accurate the master is.
    """
    # Step 1.
    maxima = distinct(found, SAME_HINGE_RTOL)
    columns = np.flatnonzero(norms > WEIGHTLESS_RTOL * norms.max())
    nearest, distances = _nearest(hinges[columns], found[maxima])
    # Step 2.
    stray = (
        (distances > settings.far * np.sqrt(max(gap, 0.0)))
        & (own[columns] > 1 - settings.active * gap)
        & (norms[columns] > settings.heavy * norms.max())
        & constant
    )
    # Step 3.
    alphas = np.zeros(maxima.size)
    np.add.at(alphas, nearest[~stray], norms[columns[~stray]])
    # Step 4.
    typical = alphas.sum() / max(1, np.count_nonzero(alphas))
    slack = np.maximum(1.0 - constraint_values[maxima], np.clip(gap, *settings.slack))
    active = np.flatnonzero(alphas > slack * typical)
    still = hinges[columns[stray]]
    still = replace(still, free=np.zeros(len(still), dtype=bool))
    return found[maxima[active]] + still, np.concatenate([alphas[active], norms[columns[stray]]])


def _nearest(hinges: Hinges, others: Hinges) -> tuple[Indices, Array]:
    """The nearest of the others to each hinge, as hyperplanes without a side, and its distance."""
    ours, theirs = (np.column_stack([each.normals, each.biases]) for each in (hinges, others))
    distances = np.minimum(cdist(ours, theirs), cdist(ours, -theirs))
    nearest = distances.argmin(axis=1)
    return nearest, distances[np.arange(len(nearest)), nearest]


def polish(
    constraints: Constraints,
    pricing: Pricing,
    hinges: Hinges,
    alphas: Array,
    multipliers: Array,
    settings: NewtonSettings = SETTINGS,
) -> Polished | None:
    """Solve the KKT system from a nearby start; None if it does not converge.

    Parameters
    ----------
    constraints : Constraints
    pricing : Pricing
        Says how the hinges may move.
    hinges : Hinges
        The active hinges, K of them.
    alphas : (K,) array
        Their weights |a_k|.
    multipliers : (M, p) array
    settings : NewtonSettings
    """
    for _ in range(settings.restarts):
        try:
            state = _converge(_State(constraints, pricing, hinges, alphas, multipliers, settings))
        except np.linalg.LinAlgError:  # the iterates ran away
            return None
        if state is None:
            return None
        keep = (state.alphas > 0) & state.q.any(axis=1)
        if keep.all() and not state.clamped.any():
            weights = state.alphas[:, None] * state.q
            return Polished(state.hinges, weights, state.multipliers)
        if not keep.any():
            return None
        # A hinge that came to the end of its face is held by the site it met.
        held = replace(state.hinges, free=state.hinges.free & ~state.clamped)
        hinges, alphas, multipliers = held[keep], state.alphas[keep], state.multipliers
    return None


def merged(hinges: Hinges, norms: Array, tolerance: float) -> tuple[Hinges, Array]:
    """Hinges that lie close to a heavier one of the same pattern hand their weights on to it."""
    order = np.argsort(-norms, kind="stable")
    lines = np.column_stack([hinges.normals, hinges.biases])[order]
    patterns = hinges.patterns[order]
    weights = norms[order].copy()
    alone = np.ones(len(order), dtype=bool)
    for k in range(len(order)):
        if alone[k]:
            near = (np.abs(lines - lines[k]).max(axis=1) <= tolerance) & alone
            near &= (patterns == patterns[k]).all(axis=1)
            weights[k] = weights[near].sum()
            near[k] = False
            alone &= ~near
    return hinges[order[alone]], weights[alone]


def project(
    constraints: Constraints, pricing: Pricing, polished: Polished, multipliers: Array
) -> Array:
    """The multipliers nearest to the given ones that are dual to the polished network.

    They satisfy Z^T psi_k = a_k / |a_k| and, at free hinges, a_k . Z^T psi_k' = 0: linear
    equations.  If the multipliers of an optimum are not unique, those next to a restricted
    master's, which is central, violate no other constraint, while Newton's may.
    """
    units = polished.weights / np.linalg.norm(polished.weights, axis=1, keepdims=True)
    columns = constraints.features(polished.hinges)
    owners, turning = moving(constraints, pricing, polished.hinges)[:2]
    m, p = multipliers.shape
    matrix = np.concatenate(
        [
            np.kron(columns, np.eye(p)),
            (turning[:, :, None] * units[owners][:, None, :]).reshape(owners.size, m * p),
        ]
    )
    short = np.concatenate(
        [
            (units - columns @ multipliers).ravel(),
            -np.sum(units[owners] * (turning @ multipliers), axis=1),
        ]
    )
    step = scipy.linalg.lstsq(matrix, short, cond=NEGLIGIBLE_RCOND, check_finite=False)[0]
    return multipliers + step.reshape(m, p)


def moving(
    constraints: Constraints, pricing: Pricing, hinges: Hinges
) -> tuple[Indices, Array, Array]:
    """For every direction in which some hinge may move: the hinge, and the first and the second
    derivative (F, M) of its features along it."""
    owners, _, first, second = _motions(constraints, hinges, *pricing.tangents(hinges))
    return owners, first, second


def _motions(
    constraints: Constraints, hinges: Hinges, directions: Array, centers: Array
) -> tuple[Indices, Array, Array, Array]:
    """Which hinges turn along which of their directions, the features (K, M) of all, and their
    first and second derivatives (F, M) on the way."""
    owners, which = np.nonzero((directions != 0.0).any(axis=1))
    radial = (hinges.normals - centers)[owners]
    # On a sphere of radius R, w'' = -(w - c) / R^2.
    inward = -radial / (radial * radial).sum(axis=1, keepdims=True)
    both = np.concatenate([directions[owners, :, which], inward])
    twice = np.concatenate([owners, owners])
    features, turning = constraints.features_and_derivatives(hinges, twice, both)
    return owners, features, turning[: owners.size], turning[owners.size :]


class _State:
    """An iterate with its features, residual and KKT matrix."""

    def __init__(
        self,
        constraints: Constraints,
        pricing: Pricing,
        hinges: Hinges,
        alphas: Array,
        multipliers: Array,
        settings: NewtonSettings,
    ) -> None:
        """Evaluate features, residual and its size."""
        self.constraints, self.pricing, self.hinges = constraints, pricing, hinges
        self.settings = settings
        self.alphas, self.multipliers = alphas, multipliers
        self.clamped: Flags = np.zeros(len(hinges), dtype=bool)
        self.tangents = pricing.tangents(hinges)
        self.owners, self.psi, self.psi1, psi2 = _motions(constraints, hinges, *self.tangents)
        self.q = self.psi @ multipliers
        self.q1, self.q2 = self.psi1 @ multipliers, psi2 @ multipliers
        # The unknown steps are scaled by the root of the weights: light hinges count as well.
        moving = alphas[self.owners]
        self.roots = np.maximum(np.sqrt(np.abs(moving)), settings.light)
        self.scaled = moving / self.roots
        weights = alphas[:, None] * self.q
        primal = constraints.targets - self.psi.T @ weights
        terms = np.abs(self.psi).T @ np.abs(weights).max(axis=1)
        if constraints.softness:
            primal -= constraints.softness * multipliers
        self.slopes = (self.q[self.owners] * self.q1).sum(axis=1)
        parts = (
            primal.T.ravel(),
            0.5 * (1.0 - (self.q * self.q).sum(axis=1)),
            -self.scaled * self.slopes,
        )
        self.residual: Array = np.concatenate(parts)
        # Where gaps are narrow weights are large: what is left of the rows counts in units of the
        # terms that cancel there.
        scale = max(1.0, float(np.abs(constraints.targets).max()), float(terms.max(initial=0.0)))
        self.size = max(
            float(np.abs(part).max(initial=0.0)) / unit
            for part, unit in zip(parts, (scale, 1.0, scale**0.5), strict=True)
        )

    def step(self) -> Array:
        """The Newton step in (Z, alpha, scaled steps of the hinges)."""
        p, m, k = self.multipliers.shape[1], self.psi.shape[1], len(self.hinges)
        owners, turners = self.owners, self.psi[self.owners]
        size = p * m + k + owners.size
        matrix = np.zeros((size, size))
        block = self.psi.T @ (self.alphas[:, None] * self.psi)
        block.flat[:: m + 1] += self.constraints.softness
        for j in range(p):
            rows = slice(j * m, (j + 1) * m)
            matrix[rows, rows] = block
            matrix[rows, p * m : p * m + k] = (self.psi * self.q[:, j : j + 1]).T
            turned = self.psi1 * self.q[owners, j, None] + turners * self.q1[:, j, None]
            matrix[rows, p * m + k :] = (self.scaled[:, None] * turned).T
        angles = p * m + k + np.arange(owners.size)
        matrix[p * m + owners, angles] = self.slopes / self.roots
        bend = self.q1 @ self.q1.T * (owners[:, None] == owners)
        bend.flat[:: owners.size + 1] += (self.q[owners] * self.q2).sum(axis=1)
        matrix[p * m + k :, p * m + k :] = (self.scaled / self.roots)[:, None] * bend
        matrix[p * m :, : p * m] = matrix[: p * m, p * m :].T
        matrix[p * m + k :, p * m : p * m + k] = matrix[p * m : p * m + k, p * m + k :].T
        return solve_kkt(matrix, self.residual, p * m)

    def moved(self, step: Array) -> _State:
        """The iterate after a step; `clamped` tells which hinges came to the end of a face."""
        p, m, k = self.multipliers.shape[1], self.psi.shape[1], len(self.hinges)
        multipliers = self.multipliers + step[: p * m].reshape(p, m).T
        alphas = self.alphas + step[p * m : p * m + k]
        used = (self.tangents[0] != 0.0).any(axis=1)
        steps = np.zeros(used.shape)
        steps[used] = step[p * m + k :] / self.roots
        hinges, clamped = self.pricing.moved(self.hinges, steps)
        state = _State(self.constraints, self.pricing, hinges, alphas, multipliers, self.settings)
        state.clamped = clamped
        return state


def _converge(state: _State) -> _State | None:
    """Newton's steps from a state to where rounding ends them; None if they run away."""
    settings, waited = state.settings, 0
    for number in range(settings.steps):
        state.constraints.clock.check()
        last = state.moved(state.step())
        before, size = state.size, last.size
        if size <= settings.rounding and not last.clamped.any():
            return last
        if before <= settings.met and not (size < before / 2 and not last.clamped.any()):
            return last if size <= before and not last.clamped.any() else state
        state = last
        # The first step may well raise the residual: that of the start is small whatever is active.
        waited = 0 if size < before or number == 0 else waited + 1
        if waited == settings.patience or not size <= settings.runaway:  # or not a number
            return None
    return state if state.size <= settings.met else None
