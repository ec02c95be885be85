"""Mean squared errors of minimum-norm and empirical MMSE denoisers on new data of a population.

Some clean points are known.  The theorem compares the minimum-norm denoiser of these with the
empirical MMSE denoiser, the posterior mean if only they could occur.  New clean points x come from
a population, and y = x + sigma z with standard Gaussian noise z is observed.  On a line the errors
are integrals and found by quadrature (`errors`, `curve`, `crossing`, and `cluster_errors` for
finitely many noisy samples), in any dimension they are estimated by simulation, with confidence
intervals (`monte_carlo`).
"""

from convexden.theorems.mmse.clusters import ClusterErrors, cluster_errors
from convexden.theorems.mmse.densities import Density, Mixture
from convexden.theorems.mmse.posterior import posterior_mean
from convexden.theorems.mmse.quadrature import (
    FirstCrossing,
    MeanSquaredErrors,
    crossing,
    curve,
    errors,
)
from convexden.theorems.mmse.sampling import Estimate, MonteCarloErrors, Population, monte_carlo

__all__ = [
    "ClusterErrors",
    "Density",
    "Estimate",
    "FirstCrossing",
    "MeanSquaredErrors",
    "Mixture",
    "MonteCarloErrors",
    "Population",
    "cluster_errors",
    "crossing",
    "curve",
    "errors",
    "monte_carlo",
    "posterior_mean",
]
