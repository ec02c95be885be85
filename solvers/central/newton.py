r"""Newton's method on the faces of a few hinges: the optimum to rounding.

At the optimum, with the f of the faces of its hinges (`local_model`) and reduced multipliers Z,

.. math:: T - \lambda Z - \sum_k \alpha_k \nabla f_k(Z) = 0,
   \quad f_k(Z) = 1/2, \quad \alpha \ge 0 .

The weights :math:`\alpha` need not be unique: at the end those that are not negative are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.optimize

from convexden.solvers.central.local_model import LocalModel, local_model
from convexden.solvers.central.pricing import CentralPricing
from convexden.solvers.hinges import Array, Indices


@dataclass(frozen=True)
class NewtonSettings:
    """Parameters of the steps."""

    steps: int = 12
    """They converge quadratically, from a gap of a percent in about six."""

    arrived: float = 1e-14
    """Residual relative to the targets, at which they end."""

    worse: int = 3
    """Steps without half the residual, after which nothing more is expected."""

    solved: float = 1e-11
    """Residual with weights that are not negative, up to which it has found something."""

    rank: float = 1e-12
    """Singular values of the system below this share of the largest are zero."""


SETTINGS = NewtonSettings()


@dataclass(frozen=True, eq=False)
class Polished:
    """Hinges (K, D) of price 1, their weights (K, p), and reduced multipliers (M, p)."""

    hinges: Array
    weights: Array
    reduced: Array


@np.errstate(over="ignore", invalid="ignore")  # steps that diverge: no error is small then
def polish(
    pricing: CentralPricing,
    faces: Indices,
    toward: Array,
    weights: Array,
    reduced: Array,
    softness: float,
) -> Polished | None:
    """Solve the optimality conditions on these faces; None if that fails.

    Parameters
    ----------
    pricing : CentralPricing
    faces : (K,) int array
    toward : (K, D) array
        Hinges to which the maximizers are turned.
    weights : (K,) array
        The alpha, nearly.
    reduced : (M, p) array
        Multipliers nearby.
    softness : float
        The penalty of the regularized problem, 0 of interpolation.
    """
    targets = pricing.samples.targets
    size, m = float(np.linalg.norm(targets)), reduced.size
    best, failures = np.inf, 0
    rows, rest, models = np.zeros((0, m)), np.zeros(m), list[LocalModel]()
    for _ in range(SETTINGS.steps):
        found = _models(pricing, faces, toward, reduced)
        if found is None:
            return None
        models = found
        rows = np.array([each.gradient for each in models])
        rest = (targets - softness * reduced).ravel()
        residual = np.concatenate([rest - weights @ rows, [0.5 - each.value for each in models]])
        error = float(np.linalg.norm(residual[:m])) / size + float(np.abs(residual[m:]).max())
        failures = 0 if error < 0.5 * best else failures + 1
        best = min(best, error)
        if error <= SETTINGS.arrived or failures >= SETTINGS.worse:
            break
        system = np.zeros((len(residual), len(residual)))
        system[:m, m:], system[m:, :m] = rows.T, rows
        system[:m, :m] = softness * np.eye(m)
        for weight, model in zip(weights, models, strict=True):
            system[:m, :m] += weight * model.roots.T @ model.roots
        step = np.linalg.lstsq(system, residual, rcond=SETTINGS.rank)[0]
        if not np.isfinite(step).all():
            return None
        reduced, weights = reduced + step[:m].reshape(reduced.shape), weights + step[m:]
    if not np.isfinite(np.append(rows, rest)).all():
        return None
    weights, missed = scipy.optimize.nnls(rows.T, rest)
    if not missed <= SETTINGS.solved * size:
        return None
    used = weights > 0.0
    hinges = np.array([each.hinge for each in models])[used]
    images = np.array([each.image for each in models])[used]
    return Polished(hinges, weights[used, None] * images, reduced)


def _models(
    pricing: CentralPricing, faces: Indices, toward: Array, reduced: Array
) -> list[LocalModel] | None:
    """The models of all faces; None if one has none."""
    found = [
        local_model(pricing, int(face), hinge, reduced)
        for face, hinge in zip(faces, toward, strict=True)
    ]
    models = [each for each in found if each is not None]
    return models if len(models) == len(found) else None
