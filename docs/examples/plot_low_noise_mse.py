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
# For a denoiser h the mean squared error is a double integral. Given y the one over x is that of
# a truncated Gaussian, in closed form; one over y is left.
import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import trapezoid
from scipy.special import ndtr

import convexden as cd

clean = np.arange(6.0)


def mean_squared_error(h, sigma):
    """E |h(y) - x|^2 for x uniform between the outermost clean points."""
    y = np.linspace(clean[0] - 8 * sigma, clean[-1] + 8 * sigma, 200_001)
    low, high = (clean[0] - y) / sigma, (clean[-1] - y) / sigma
    bells = [np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi) for u in (low, high)]
    mass = ndtr(high) - ndtr(low)
    first = bells[0] - bells[1]
    second = mass + low * bells[0] - high * bells[1]
    shift = h(y) - y
    error = shift**2 * mass - 2 * shift * sigma * first + sigma**2 * second
    return trapezoid(error, y) / np.ptp(clean)


def mmse(sigma):
    def denoiser(y):
        exponents = -((y[:, None] - clean) ** 2) / (2 * sigma**2)
        weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
        return weights @ clean / weights.sum(axis=1)

    return denoiser


def minimum_norm(sigma):
    network = cd.solve(cd.denoising(clean, radius=np.sqrt(3) * sigma)).network
    return lambda y: network(y)[:, 0]


# %%
# The intervals touch at :math:`\sqrt 3 \sigma = 1/2`. Well below that the minimum-norm denoiser
# wins; close to it, it has become as steep as the nearest clean point, and the smooth posterior
# mean is better.
contact = 0.5 / np.sqrt(3)
sigmas = contact * np.concatenate([np.geomspace(0.01, 0.5, 20), np.linspace(0.525, 0.995, 28)])
ours = np.array([mean_squared_error(minimum_norm(sigma), sigma) for sigma in sigmas])
theirs = np.array([mean_squared_error(mmse(sigma), sigma) for sigma in sigmas])
last = np.flatnonzero(ours < theirs).max()
difference = np.log(ours / theirs)
share = difference[last] / (difference[last] - difference[last + 1])
crossing = sigmas[last] + share * (sigmas[last + 1] - sigmas[last])
print(f"equal at sigma = {crossing:.4f}, {crossing / contact:.3f} of contact")

figure, ax = plt.subplots(figsize=(7.0, 4.8), layout="constrained")
ax.loglog(sigmas, theirs, color="#D55E00", ls="--", lw=2, label="empirical MMSE denoiser")
ax.loglog(sigmas, ours, color="#0072B2", lw=2, label="minimum-norm denoiser")
ax.loglog(sigmas, sigmas**2, color="0.4", ls=":", label=r"$\sigma^2$: the noisy point itself")
ax.axvline(crossing, color="0.6", lw=0.8)
ax.annotate(
    f"equal at $\\sigma$ = {crossing:.3f}",
    (crossing, ours.min()),
    (-6, 4),
    textcoords="offset points",
    ha="right",
)
ax.set_xlabel(r"noise level $\sigma$ (clean points are 1 apart)")
ax.set_ylabel("mean squared error")
ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.02, 0.86))
plt.show()
