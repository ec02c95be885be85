"""What the estimators have in common: fitted attributes, predictions, and a warning."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from convexden import arguments
from convexden.certificate import Certificate
from convexden.errors import NotCertified, TooLarge
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation
from convexden.solution import RegularizedSolution, Solution
from convexden.solving.interpolation import solve

Array = NDArray[np.float64]


class Fitted(BaseEstimator):
    """An estimator whose fit is a solution with a certificate."""

    solution_: Solution | RegularizedSolution
    network_: ShallowNetwork
    certificate_: Certificate
    lower_bound_: float
    relative_gap_: float
    n_neurons_: int

    def _keep(self, solution: Solution | RegularizedSolution) -> None:
        """Keep a solution and what it states; warn if that is not certified."""
        self.solution_, self.network_ = solution, solution.network
        self.certificate_, self.lower_bound_ = solution.certificate, solution.lower_bound
        self.relative_gap_, self.n_neurons_ = solution.relative_gap, solution.neurons
        if not solution.certified:
            stopped = " (stopped by its time limit)" if solution.interrupted else ""
            warnings.warn(
                f"the fit is not certified: its relative gap is {solution.relative_gap:.1e}"
                f"{stopped}; raise time_limit or tolerance, or give fewer samples or features",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _outputs(self, X: Any) -> Array:
        """The network's outputs (M, p) at points (M, d)."""
        check_is_fitted(self)
        arguments.refuse_lossy("X", X)  # scikit-learn drops masks
        return self.network_(validate_data(self, X, reset=False, dtype=np.float64))


def checked_method(method: object) -> str | None:
    """None or "local"."""
    return None if method is None else arguments.choice("method", method, ["local"])


def interpolated(
    problem: Interpolation, tolerance: float, method: str | None, time_limit: float | None
) -> Solution:
    """The minimum-norm network; the best that a search finds, without a bound, if that is the
    method, or the sites are too many for exact pricing or for the time that there is."""
    if method is None:
        try:
            return solve(problem, tolerance, time_limit=time_limit)
        except (TooLarge, NotCertified):
            pass
    return solve(problem, tolerance, method="local", time_limit=time_limit)
