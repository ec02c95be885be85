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
# leaves a noisy point nearly where it is.)
#
# The errors are integrals over y, by adaptive quadrature, and not averages over a simulation; see
# :py:func:`convexden.theorems.mmse.errors`.
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import convexden as cd
from convexden.theorems import low_noise, mmse

clean, density, kappa = np.arange(6.0), stats.uniform(0, 5), np.sqrt(3)
found = mmse.crossing(clean, density, kappa)
print(f"equal at sigma = {found.sigma:.10f}, {found.sigma / found.largest:.10f} of contact")
print(f"estimated error of sigma: {found.accuracy:.0e}")

# %%
# The intervals touch at :math:`\sqrt 3 \sigma = 1/2`. Well below that the minimum-norm denoiser
# wins; close to it, it has become as steep as the nearest clean point, and the smooth posterior
# mean is better.
shares = np.concatenate([np.geomspace(0.01, 0.5, 20), np.linspace(0.525, 0.995, 28)])
curve = mmse.curve(clean, density, shares * found.largest, kappa)
figure, ax = plt.subplots(figsize=(7.0, 5.2), layout="constrained")
cd.plotting.plot_mean_squared_errors(curve, ax, crossing=found)
plt.show()

# %%
# How low is low? The difference of the errors is :math:`e_0 - c\,\sigma^2` up to a third order, and
# :py:func:`convexden.theorems.low_noise.scale` is where this expansion vanishes. It is a good guess
# of where the errors are equal, for any density and radius:
for name, new in {"uniform": density, "normal": stats.norm(2.5, 1.5)}.items():
    for kappa in (0.5, 1.0, 2.0):
        scale, found = low_noise.scale(clean, new, kappa), mmse.crossing(clean, new, kappa)
        print(f"{name}, radius {kappa} sigma: {scale:.4f}, equal at {found.sigma:.9f}")

# %%
# With clean points of unequal distances the minimum-norm denoiser can win wherever it exists:
found = mmse.crossing([0.0, 0.1, 2.0, 4.0], stats.uniform(0, 4))
print("unequal distances:", "wins up to contact" if found.sigma is None else found.sigma)
