"""`MinimumNormRegressor`: regression by the network of least norm, exactly or with a penalty."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import _check_sample_weight, validate_data

from convexden import arguments
from convexden.errors import NotCertified, TooLarge
from convexden.estimators.fitting import Fitted, checked_method, interpolated
from convexden.problem import Interpolation
from convexden.solution import RegularizedSolution
from convexden.solving.regularization import regularize
from convexden.tolerances import CERTIFIED_RTOL

Array = NDArray[np.float64]


class MinimumNormRegressor(MultiOutputMixin, RegressorMixin, Fitted):
    r"""Regression by the shallow ReLU network of least representation cost.

    Without a penalty it interpolates, as `convexden.solve` does; with one it minimizes
    :math:`\frac12 \sum_i w_i |h(x_i) - y_i|^2 + \lambda R(h)`, as `convexden.regularize` does.

    Parameters
    ----------
    penalty : float, default=0.0
        The :math:`\lambda \ge 0`, in units of targets times inputs.  With 0, samples that are equal
        must have equal targets.
    tolerance : float, default=1e-8
        Relative gap at which a fit counts as certified.
    method : {None, "local"}, default=None
        None is exact, and for data that are too large for it "local": a network without a bound.
    time_limit : float or None, default=None
        Seconds after which the search of a fit ends with the best that was found.  If that is
        nothing, a search without a bound has as much time again.

    Attributes
    ----------
    solution_ : Solution or RegularizedSolution
    network_ : ShallowNetwork
    certificate_ : Certificate
    lower_bound_ : float
        No network of any width has a lower cost (without a penalty) or objective.
    relative_gap_ : float
        Between that of the network and the bound.
    n_neurons_ : int
    n_features_in_ : int
    feature_names_in_ : (d,) array
        If the inputs have names.

    Notes
    -----
    Samples on a line or in a plane, or few of them, are fitted exactly.  Where there are too many
    for exact pricing the network comes from a search, ``method="local"`` of `solve` and
    `regularize`, with a ``ConvergenceWarning``: its bound is 0 or what every function misses.

    Examples
    --------
    >>> from convexden.estimators import MinimumNormRegressor
    >>> X, y = [[-2.0], [-1.0], [0.0], [1.0], [2.0]], [2.0, 1.0, 0.0, 1.0, 2.0]
    >>> fold = MinimumNormRegressor(penalty=0.2).fit(X, y)
    >>> fold.n_neurons_, fold.relative_gap_ < 1e-8
    (1, True)
    """

    def __init__(
        self,
        penalty: float = 0.0,
        *,
        tolerance: float = CERTIFIED_RTOL,
        method: str | None = None,
        time_limit: float | None = None,
    ) -> None:
        """Keep the parameters, which `fit` checks."""
        self.penalty = penalty
        self.tolerance = tolerance
        self.method = method
        self.time_limit = time_limit

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MinimumNormRegressor:
        """Fit the network to samples.

        Parameters
        ----------
        X : (M, d) array
        y : (M,) or (M, p) array
        sample_weight : (M,) array, optional
            At least 0; samples of weight 0 are left out.  Without a penalty no other weight
            matters.

        Returns
        -------
        MinimumNormRegressor
            Itself.

        Raises
        ------
        InvalidProblem
            If the data state no problem: fewer than two inputs differ, or without a penalty equal
            ones have different targets.
        """
        penalty = arguments.number("penalty", self.penalty, least=0.0)
        method = checked_method(self.method)
        for name, values in (("X", X), ("y", y), ("sample_weight", sample_weight)):
            arguments.refuse_lossy(name, values)  # scikit-learn drops masks
        inputs, targets = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_min_samples=2
        )
        targets = np.asarray(targets, dtype=np.float64)
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(
                sample_weight, inputs, dtype=np.float64, ensure_non_negative=True
            )
        self._flat = targets.ndim == 1
        if penalty > 0.0:
            self._keep(self._penalized(inputs, targets, weights, method))
        else:
            counted = slice(None) if weights is None else weights > 0.0
            problem = Interpolation(inputs[counted], targets[counted])
            self._keep(interpolated(problem, self.tolerance, method, self.time_limit))
        return self

    def predict(self, X: Any) -> Array:
        """The outputs of the network.

        Parameters
        ----------
        X : (M, d) array

        Returns
        -------
        (M,) or (M, p) array
            As the targets that were fitted.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs

    def _penalized(
        self, inputs: Array, targets: Array, weights: Array | None, method: str | None
    ) -> RegularizedSolution:
        """The penalized fit, over drawn hinges if that is the method, or there are too many samples
        or too little time for exact pricing."""
        data, penalty, tolerance = (inputs, targets), self.penalty, self.tolerance
        if method is None:
            limit = self.time_limit
            try:
                return regularize(data, penalty, tolerance, weights=weights, time_limit=limit)
            except (TooLarge, NotCertified):
                pass
        return regularize(data, penalty, tolerance, weights=weights, method="local")
