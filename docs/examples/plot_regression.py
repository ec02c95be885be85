"""
Regression in the plane
=======================

Targets need not be the clean points. With one target per sample the problem is to interpolate
numbers by the shallow network of least representation cost.
"""

# %%
# Sixteen random points, and the values of a smooth function there. Samples are balls of radius 0.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd

points = cd.data.random_points(16, 2, seed=3)
targets = np.sin(4 * points[:, 0]) * np.cos(3 * points[:, 1])
solution = cd.solve(cd.Interpolation(points, targets))
print(f"cost {solution.cost:.10g}, lower bound {solution.lower_bound:.10g}, {solution.status}")
print(f"{solution.neurons} neurons for {len(points)} samples")

# %%
# The network is affine on each cell between its hinges.
figure, ax = plt.subplots(figsize=(7.6, 6.0), layout="compressed")
cd.plotting.plot_plane(solution, ax)
plt.show()
