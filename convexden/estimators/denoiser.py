"""`MinimumNormDenoiser`: maps noisy points to the clean ones that it was fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import validate_data

from convexden import arguments
from convexden.data.geometries import SMALL, smallest_distance
from convexden.estimators.fitting import Fitted, checked_method, interpolated
from convexden.problem import denoising
from convexden.tolerances import CERTIFIED_RTOL

Array = NDArray[np.float64]


class MinimumNormDenoiser(OneToOneFeatureMixin, TransformerMixin, Fitted):
    """The denoiser of least representation cost that maps balls around clean points to them.

    Parameters
    ----------
    radius : float, (N,) array or None, default=None
        Every point of the ball of this radius around a clean point is mapped to it.  None for 5 %
        of the smallest distance of two clean points.
    tolerance : float, default=1e-8
        Relative gap at which a fit counts as certified.
    method : {None, "local"}, default=None
        None is exact, and for data that are too large for it "local": a network without a bound.
    time_limit : float or None, default=None
        Seconds after which the search of a fit ends with the best that was found.  If that is
        nothing, a search without a bound has as much time again.

    Attributes
    ----------
    solution_ : Solution
    network_ : ShallowNetwork
    certificate_ : Certificate
    lower_bound_ : float
        No denoiser of any width costs less.
    relative_gap_ : float
        Between the cost of the network and the bound.
    n_neurons_ : int
    radius_ : float or (N,) array
        That of the balls.
    n_features_in_ : int
    feature_names_in_ : (d,) array
        If the clean points have names.

    Notes
    -----
    Clean points that are equal count once.  Where there are too many for exact pricing the network
    comes from a search, ``method="local"`` of `solve`, with a ``ConvergenceWarning``.

    Examples
    --------
    >>> from convexden.estimators import MinimumNormDenoiser
    >>> denoiser = MinimumNormDenoiser(radius=0.2).fit([[0.0, 0.0], [2.0, 0.0], [0.5, 1.5]])
    >>> (denoiser.transform([[0.1, -0.1], [1.9, 0.1]]).round(6) + 0.0).tolist()
    [[0.0, 0.0], [2.0, 0.0]]
    """

    def __init__(
        self,
        radius: float | Array | None = None,
        *,
        tolerance: float = CERTIFIED_RTOL,
        method: str | None = None,
        time_limit: float | None = None,
    ) -> None:
        """Keep the parameters, which `fit` checks."""
        self.radius = radius
        self.tolerance = tolerance
        self.method = method
        self.time_limit = time_limit

    def fit(self, X: Any, y: Any = None) -> MinimumNormDenoiser:
        """Fit the denoiser to clean points.

        Parameters
        ----------
        X : (N, d) array
        y : ignored

        Returns
        -------
        MinimumNormDenoiser
            Itself.

        Raises
        ------
        InvalidProblem
            If fewer than two points differ, or balls of different points meet.
        InfeasibleProblem
            If no network maps balls of this radius to their centers.
        """
        method = checked_method(self.method)
        arguments.refuse_lossy("X", X)  # scikit-learn drops masks
        clean = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.radius_ = SMALL * smallest_distance(clean) if self.radius is None else self.radius
        problem = denoising(clean, radius=self.radius_)
        self._keep(interpolated(problem, self.tolerance, method, self.time_limit))
        return self

    def transform(self, X: Any) -> Array:
        """The denoised points.

        Parameters
        ----------
        X : (M, d) array

        Returns
        -------
        (M, d) array
        """
        return self._outputs(X)

    def predict(self, X: Any) -> Array:
        """The denoised points, as `transform`.

        Parameters
        ----------
        X : (M, d) array

        Returns
        -------
        (M, d) array
        """
        return self._outputs(X)
