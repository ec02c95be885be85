r"""Sums over the active sites, accurate to the last place even where large terms cancel.

Multipliers of nearby sites are large and nearly opposite.  For every pivot p and pattern D the
matrix :math:`\sum_n D_n (l_n (y_n - y_p)^T + G_n)` is therefore summed in twice the working
precision, with error-free transformations (Ogita, Rump, Oishi, SIAM J. Sci. Comput. 26, 2005,
algorithm 5.3 and proposition 5.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convexden.arithmetic.float64 import EPS, UNDERFLOW
from convexden.arithmetic.two_part import two_product, two_sum
from convexden.verification.faces.tangent_spheres import MARGIN

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ActiveSums:
    """What a hinge adds up: z_n = w'(y_n - y_p) + h_p gives F = form w + slope h_p.

    Attributes
    ----------
    forms : (N, P, p, k) array
        For each pivot and pattern.
    form_errors : (N, P) array
        Bounds of their errors (Frobenius norm).
    slopes : (P, p) array
        The sums of the values.
    slope_errors : (P,) array
    """

    forms: Array
    form_errors: Array
    slopes: Array
    slope_errors: Array

    @classmethod
    def of(cls, patterns: Flags, centers: Array, values: Array, jacobians: Array) -> ActiveSums:
        """Sums for patterns (P, N) of sites with multipliers (N, p) and (N, p, k)."""
        count = len(centers)
        # y_n - y_p as a sum of two floats, for [n, p].
        high, low = two_sum(centers[:, None], -centers[None])
        product, product_low = two_product(values[:, None, :, None], high[:, :, None, :])
        terms, terms_low = two_sum(product, jacobians[:, None])
        terms_low += product_low + values[:, None, :, None] * low[:, :, None, :]
        forms = _sums(patterns, terms, terms_low)
        slopes = _sums(patterns, values[:, None, None], np.zeros((count, 1, 1, 1)))[0, :, 0]
        lengths = np.linalg.norm(values, axis=1)
        all_terms = lengths @ np.linalg.norm(high, axis=2)
        all_terms += np.linalg.norm(jacobians, axis=(1, 2)).sum()
        twice = MARGIN * (8 * (count + 2) * EPS) ** 2
        forms_size = np.linalg.norm(forms, axis=(2, 3))
        return cls(
            forms,
            MARGIN * (EPS * forms_size + twice * all_terms[:, None]) + UNDERFLOW,
            slopes,
            MARGIN * (EPS * np.linalg.norm(slopes, axis=1) + twice * lengths.sum()) + UNDERFLOW,
        )


def _sums(patterns: Flags, terms: Array, low: Array) -> Array:
    """Sums (P, patterns, ...) of terms + low (N, P, ...) over the active sites."""
    shape = (terms.shape[1], len(patterns), *terms.shape[2:])
    total, rest = np.zeros(shape), np.zeros(shape)
    for active, term, more in zip(patterns.T, terms, low, strict=True):
        chosen = active[None, :, None, None]
        total, error = two_sum(total, np.where(chosen, term[:, None], 0.0))
        rest += error + np.where(chosen, more[:, None], 0.0)
    result: Array = total + rest
    return result
