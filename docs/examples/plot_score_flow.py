"""
Where a denoiser leads in small steps
=====================================

The score flow moves a point towards what the denoiser makes of it. On an obtuse triangle it ends at
the clean points if the noise balls are small, and also at a point that is none if they are large.
"""

# %%
# The virtual point of a triangle with an angle of 100 degrees appears at a radius that is known in
# closed form. Colors are basins: blue of clean points, orange of the virtual attractor.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd

points = cd.data.triangle([100, 42, 38])
corner = points[[0]]
radius = cd.theorems.virtual_obtuse.appears(points, [1, 2])
print(f"the virtual point appears at radius {radius:.6f}")

figure, axes = plt.subplots(1, 2, figsize=(11, 6.4), layout="constrained")
rng = np.random.default_rng(1)
middle, spread = points.mean(axis=0), np.ptp(points)
low, high = middle - 0.8 * spread, middle + 0.8 * spread
starts = rng.uniform(low, high, (16, 2))
for ax, share in zip(axes, (0.6, 1.5), strict=True):
    problem = cd.denoising(points, radius=share * radius)
    network = cd.solve(problem).network
    basins = cd.basins(problem, network, low, high)
    flow = cd.score_flow(problem, network, starts)
    cd.plotting.plot_flow(basins, flow, ax)
    ax.set_title(f"radius {share:g} of that")
    print(basins)
plt.show()
