"""
Mean squared error in the plane
===============================

What holds at low noise on a line, does it hold in the plane? The errors are no longer integrals
that can be had to all digits, but averages over a simulation, with confidence intervals.
"""

# %%
# Three clean points are known, the corners of a triangle. For every noise level the minimum-norm
# denoiser of balls of radius :math:`\sigma` is solved for, and both denoisers see the same noisy
# samples: of new clean points that are uniform on the sides of the triangle, or uniform in it. See
# :py:func:`convexden.theorems.mmse.monte_carlo`.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd
from convexden.theorems import mmse

clean = cd.data.triangle((50, 60, 70))


def on_the_sides(rng, count):
    ends = np.stack([clean, np.roll(clean, -1, axis=0)])
    lengths = np.linalg.norm(ends[1] - ends[0], axis=1)
    side, share = rng.choice(3, count, p=lengths / lengths.sum()), rng.random((count, 1))
    return (1 - share) * ends[0, side] + share * ends[1, side]


def inside(rng, count):
    return rng.dirichlet(np.ones(3), count) @ clean


populations = {"on the sides": on_the_sides, "in the triangle": inside}
sigmas = np.geomspace(0.02, 0.65, 14)
networks = [cd.solve(cd.denoising(clean, radius=sigma)).network for sigma in sigmas]

figure, axes = plt.subplots(1, 2, figsize=(10.4, 5.0), layout="constrained", sharey=True)
for ax, (name, population) in zip(axes, populations.items(), strict=True):
    curve = [
        mmse.monte_carlo(network, clean, population, sigma, samples=20_000, seed=k)
        for k, (sigma, network) in enumerate(zip(sigmas, networks, strict=True))
    ]
    cd.plotting.plot_mean_squared_errors(curve, ax)
    ax.set_title(f"new clean points uniform {name}\n{ax.get_title()}", fontsize=10)
    wins = [errors.difference.mean > errors.difference.half_width for errors in curve]
    print(f"{name}: the minimum-norm denoiser wins at {sum(wins)} of {len(wins)} noise levels")
axes[1].set_ylabel("")
plt.show()

# %%
# Where all clean points are known, no denoiser has a smaller error than the posterior mean: the
# order is the other one at every noise level.
for sigma, network in list(zip(sigmas, networks, strict=True))[::4]:
    errors = mmse.monte_carlo(network, clean, clean, sigma)
    print(f"sigma {sigma:.3f}: {errors.difference.mean:.2e} ± {errors.difference.half_width:.0e}")
