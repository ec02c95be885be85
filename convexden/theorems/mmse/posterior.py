"""The empirical MMSE denoiser."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments

Array = NDArray[np.float64]


def posterior_mean(points: ArrayLike, clean: ArrayLike, sigma: float) -> Array:
    r"""The empirical MMSE denoiser: the posterior mean if only the clean points can occur.

    .. math:: h(y) = \frac{\sum_n x_n \exp(-|y - x_n|^2 / (2 \sigma^2))}
                          {\sum_n \exp(-|y - x_n|^2 / (2 \sigma^2))}

    Parameters
    ----------
    points : (M, d) or (M,) array
        Where it is evaluated.
    clean : (N, d) or (N,) array
        The clean points, equally likely.
    sigma : float
        Standard deviation of the noise.

    Returns
    -------
    array of the shape of `points`

    Examples
    --------
    >>> from convexden.theorems import mmse
    >>> mmse.posterior_mean([0.1, 0.5], [0.0, 1.0], 0.1)
    array([4.24835426e-18, 5.00000000e-01])
    """
    y, x = arguments.array("points", points), arguments.array("clean points", clean)
    sigma = arguments.number("sigma", sigma, above=0.0)
    columns, rows = (array.reshape(len(array), -1) for array in (y, x))
    center = rows.mean(axis=0)  # so that the squares lose no digits far from the origin
    moved = rows - center
    # |y|^2 is the same for all clean points and cancels.
    exponents = (columns - center) @ moved.T - np.sum(moved**2, axis=1) / 2
    exponents /= sigma**2
    exponents -= exponents.max(axis=1, keepdims=True)
    shares = np.exp(exponents, out=exponents)
    shares /= shares.sum(axis=1, keepdims=True)
    means: Array = shares @ rows
    return means.reshape(y.shape)
