"""Groups of sites whose maps follow from those of others.

On a square grid with large radii only a few hyperplanes pass between the balls, and the affine map
on one ball is that on others added and subtracted, whatever the weights of the neurons.  Then its
target must be the same combination of targets, and this is decided exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from convexden.tolerances import DEPENDENT_RTOL

Array = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class ImpliedSettings:
    """How combinations are recognized."""

    denominator: int = 64
    """Coefficients are rationals of denominators up to this, if the ranks are small."""

    most: int = 80
    """Groups beyond which rational arithmetic takes too long."""


SETTINGS = ImpliedSettings()


def independent_groups(active: Booleans, targets: Array) -> Indices | None:
    """Groups from whose maps those of all others follow, with the right targets.

    None if there are none, or if nothing follows.

    Parameters
    ----------
    active : (M, G) array
        All patterns that neurons may have.
    targets : (G, p) array
    """
    count = active.shape[1]
    if count > SETTINGS.most:
        return None
    seen = np.concatenate([np.ones((1, count)), active])
    triangle, order = qr(seen, mode="r", pivoting=True)
    sizes = np.abs(np.diagonal(triangle))
    rank = int((sizes > DEPENDENT_RTOL * sizes[0]).sum())
    kept, rest = order[:rank], order[rank:]
    if not rest.size:
        return None
    found = np.linalg.lstsq(seen[:, kept], seen[:, rest], rcond=None)[0]
    rows = np.concatenate([seen, targets.T])
    for group, column in zip(rest.tolist(), found.T.tolist(), strict=True):
        shares = [Fraction(share).limit_denominator(SETTINGS.denominator) for share in column]
        used = [(s, g) for s, g in zip(shares, kept.tolist(), strict=True) if s]
        for row in rows.tolist():
            if sum((s * Fraction(row[g]) for s, g in used), Fraction(0)) != Fraction(row[group]):
                return None
    return kept.astype(np.intp)
