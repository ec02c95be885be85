"""
Connect the dots
================

On a line the minimum-norm denoiser is known in closed form: it is constant on the noise interval
of every clean point and linear in between. The empirical MMSE denoiser, the posterior mean of the
clean points under Gaussian noise, jumps from one clean point to the next instead.
"""

# %%
# The noise interval of each clean point is mapped to it. The solution is certified: no network of
# any width that does so has a smaller representation cost.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd

clean = np.array([-3.0, -1.0, 1.5, 3.0])
radius = 0.5
solution = cd.solve(cd.denoising(clean, radius=radius))
print(f"cost {solution.cost:.12g}, lower bound {solution.lower_bound:.12g}, {solution.status}")

# %%
# The MMSE denoiser is shown for Gaussian noise of the same variance as noise that is uniform on
# the intervals.
sigma = radius / np.sqrt(3)


def mmse(y):
    exponents = -((y[:, None] - clean) ** 2) / (2 * sigma**2)
    weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return weights @ clean / weights.sum(axis=1)


figure, ax = plt.subplots(figsize=(6.4, 6.6), layout="compressed")
y = np.linspace(-5, 5, 2001)
ax.plot(y, mmse(y), color="black", lw=1.2, ls="--", label="empirical MMSE denoiser")
cd.plotting.plot_line(solution, ax)
ax.set_ylim(ax.get_xlim())
ax.set_aspect("equal")
ax.set_title("Minimum-norm denoiser of four clean points", fontsize=11)
plt.show()
