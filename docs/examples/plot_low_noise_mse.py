"""
Mean squared error at low noise
===============================

The empirical MMSE denoiser is the best one for the clean points that it was made from. For new
clean points of the same density, and at low noise, the minimum-norm denoiser has the smaller
error: between two clean points it interpolates, where the other one answers with the nearest.
"""

# %%
# The model: six clean points with unit gaps are known. New clean points x are uniform on the
# interval that they span, and :math:`y = x + \sigma z` with standard Gaussian noise z is
# observed. The minimum-norm denoiser is the one for the intervals of radius :math:`\sqrt 3
# \sigma`, on which uniform noise has the same variance. (Neither knows the density; who does
# leaves a noisy point nearly where it is, the dotted line.)
#
# The errors are integrals over y, by adaptive quadrature, and not averages over a simulation; see
# :py:func:`convexden.theorems.mmse.errors`.
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

from convexden.theorems import mmse

clean, density, kappa = np.arange(6.0), stats.uniform(0, 5), np.sqrt(3)
found = mmse.crossing(clean, density, kappa)
print(f"equal at sigma = {found.sigma:.10f}, {found.sigma / found.largest:.10f} of contact")
print(f"estimated error of sigma: {found.accuracy:.0e}")

# %%
# The intervals touch at :math:`\sqrt 3 \sigma = 1/2`. Well below that the minimum-norm denoiser
# wins; close to it, it has become as steep as the nearest clean point, and the smooth posterior
# mean is better.
shares = np.concatenate([np.geomspace(0.01, 0.5, 20), np.linspace(0.525, 0.995, 28)])
errors = [mmse.errors(clean, density, share * found.largest, kappa) for share in shares]
sigmas = np.array([error.sigma for error in errors])
ours = np.array([error.minimum_norm for error in errors])

figure, ax = plt.subplots(figsize=(7.0, 4.8), layout="constrained")
theirs = [error.empirical_mmse for error in errors]
ax.loglog(sigmas, theirs, color="#D55E00", ls="--", lw=2, label="empirical MMSE denoiser")
ax.loglog(sigmas, ours, color="#0072B2", lw=2, label="minimum-norm denoiser")
best = [error.mmse for error in errors]
ax.loglog(sigmas, best, color="#009E73", ls="-.", label="MMSE denoiser, knows the density")
ax.loglog(sigmas, sigmas**2, color="0.4", ls=":", label=r"$\sigma^2$: the noisy point itself")
ax.axvline(found.sigma, color="0.6", lw=0.8)
ax.annotate(
    f"equal at $\\sigma$ = {found.sigma:.4f}",
    (found.sigma, ours.min()),
    (-6, 4),
    textcoords="offset points",
    ha="right",
)
ax.set_xlabel(r"noise level $\sigma$ (clean points are 1 apart)")
ax.set_ylabel("mean squared error")
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.02, 0.86))
plt.show()

# %%
# It depends on the radius of the intervals, and on the density; with clean points of unequal
# distances the minimum-norm denoiser can win wherever it exists.
for kappa in (0.5, 2.0):
    found = mmse.crossing(clean, density, kappa)
    print(f"radius {kappa} sigma: equal at {found.sigma:.9f}")
found = mmse.crossing([0.0, 0.1, 2.0, 4.0], stats.uniform(0, 4))
print("unequal distances:", "wins up to contact" if found.sigma is None else found.sigma)
