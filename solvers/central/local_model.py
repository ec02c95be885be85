r"""The dual constraint near a local maximum: its value, gradient and Hessian.

On a face let :math:`\sigma(Z)` be the largest singular value of M = A B, with the right singular
vectors :math:`u_1, u_2, \ldots`, the images :math:`M u_j` and the features :math:`\phi_j` of the
linear functions :math:`B u_j` on the active samples.  Then :math:`f = \sigma^2 / 2` has the
gradient :math:`\phi_1 (M u_1)^T` and the Hessian

.. math:: \phi_1 \phi_1^T \otimes I + \sum_{j > 1} \frac{r_j r_j^T}{\sigma_1^2 - \sigma_j^2},
   \quad r_j = \phi_1 (M u_j)^T + \phi_j (M u_1)^T .
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.solvers.central.pricing import CentralPricing
from convexden.solvers.hinges import Array

# Relative distance of squared singular values that are one, whose vectors are not known.
TOGETHER = 1e-10


@dataclass(frozen=True, eq=False)
class LocalModel:
    """The f of one face.

    Attributes
    ----------
    value : float
    gradient : (M p,) array
    roots : (R, M p) array
        The Hessian is ``roots.T @ roots``.
    hinge : (D,) array
        The maximizer, of price 1.
    image : (p,) array
        The M u_1.
    """

    value: float
    gradient: Array
    roots: Array
    hinge: Array
    image: Array


def local_model(
    pricing: CentralPricing, face: int, toward: Array, reduced: Array
) -> LocalModel | None:
    """The model at reduced multipliers (M, p), with the maximizer on the side of a hinge (D,); None
    where the largest singular value is not simple."""
    samples = pricing.samples
    active, basis = pricing.face(face)
    multipliers = samples.multipliers(reduced)
    matrix = (multipliers * active[:, None]).T @ samples.vectors @ basis
    _, sizes, rows = np.linalg.svd(matrix)
    squares = np.zeros(len(rows))
    squares[: len(sizes)] = sizes**2
    gaps = squares[0] - squares[1:]
    if (gaps <= TOGETHER * squares[0]).any():
        return None
    if basis @ rows[0] @ toward < 0:
        rows = np.vstack([-rows[:1], rows[1:]])
    images = rows @ matrix.T
    features = samples.features_on(rows @ basis.T, np.tile(active, (len(rows), 1)))
    first, outputs = features[0], matrix.shape[0]
    roots = [np.kron(first, row) for row in np.eye(outputs)]
    for image, feature, gap in zip(images[1:], features[1:], gaps, strict=True):
        turn = np.outer(first, image) + np.outer(feature, images[0])
        roots.append(turn.ravel() / np.sqrt(gap))
    gradient = np.outer(first, images[0]).ravel()
    return LocalModel(float(squares[0]) / 2, gradient, np.array(roots), basis @ rows[0], images[0])
