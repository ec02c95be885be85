"""
Where a denoiser contracts
==========================

The hinges of a denoiser cut the plane into cells, on each of which it is affine. The largest
singular value of its Jacobian tells whether distances can grow there.
"""

# %%
# Around the clean points the denoiser is constant. Between them it has to make up for that, and
# expands.
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection

import convexden as cd

# Of some random sets of ten points, that whose points are the furthest apart.
sets = [cd.data.random_points(10, 2, seed) for seed in range(200)]
points = max(sets, key=cd.data.smallest_distance)
radius = 0.2 * cd.data.smallest_distance(points)
solution = cd.solve(cd.denoising(points, radius=radius))
low, high = points.min(axis=0) - 0.3, points.max(axis=0) + 0.3
cells = cd.pieces.cells(solution.network, low, high)
factors = np.array([np.linalg.norm(cell.map.jacobian, 2) for cell in cells])

figure, ax = plt.subplots(figsize=(7.2, 6), layout="constrained")
shapes = PolyCollection([cell.vertices for cell in cells], array=factors, cmap="cividis")
shapes.set(edgecolor="white", linewidth=0.3)
ax.add_collection(shapes)
bar = figure.colorbar(shapes, label="largest singular value of the Jacobian (white: 1)")
bar.ax.axhline(1, color="white", lw=2)  # above it distances can grow
circles = [plt.Circle(point, radius, fc="none", ec="white", lw=1.5) for point in points]
for circle in circles:
    ax.add_patch(circle)
ax.plot(*points.T, "o", color="white", ms=3)
ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
ax.set(xlabel="$y_1$", ylabel="$y_2$", title=f"{len(cells)} cells; circles: noise balls")
plt.show()

# %%
# Areas of the box on which it is constant, and on which no distance grows:
areas = np.array([cell.polygon.area for cell in cells])
print(f"constant on {areas[factors < 1e-9].sum() / areas.sum():.1%},")
print(f"without growth on {areas[factors <= 1].sum() / areas.sum():.1%} of the box")
