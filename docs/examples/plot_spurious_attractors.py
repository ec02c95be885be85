"""
Spurious attractors
===================

A denoiser may be applied again and again. Where does that lead? For points on two rays it leads to
the clean points, and to points that are none.
"""

# %%
# The denoiser of four points on two rays at a right angle acts on both coordinates separately. So
# it is at rest not only at the four clean points, but on the whole grid that they span, two
# points of which, (1, 2) and (3, 2), are no clean points. Colors show where iterating leads.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd

COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
MARKS = {"attracting": "o", "saddle": "D", "repelling": "s"}

clean = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
network = cd.solve(cd.denoising(clean, radius=0.25)).network
low, high = np.array([-1.0, -1.0]), np.array([4.0, 3.0])
found = cd.fixed_points(network, low, high)
attracting = np.array([f.point for f in found if f.stability == "attracting"])

x, y = (np.linspace(a, b, 400) for a, b in zip(low, high, strict=True))
grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
for _ in range(100):
    grid = network(grid)
basin = np.linalg.norm(grid[:, None] - attracting, axis=2).argmin(axis=1).reshape(400, 400)

figure, ax = plt.subplots(figsize=(7.2, 6), layout="constrained")
levels = np.arange(len(attracting) + 1) - 0.5
ax.contourf(x, y, basin, levels=levels, colors=COLORS, alpha=0.35)
ax.contour(x, y, basin, levels=levels, colors="white", linewidths=1)
for stability, mark in MARKS.items():
    points = np.array([f.point for f in found if f.stability == stability])
    fill = "black" if stability == "attracting" else "white"
    ax.plot(*points.T, mark, color="black", mfc=fill, ms=6, label=f"fixed point, {stability}")
ax.plot(*clean.T, "o", ms=13, mfc="none", color="black", label="clean point")
ax.set(xlabel="$y_1$", ylabel="$y_2$", aspect="equal")
figure.legend(loc="outside lower center", ncols=2, frameon=False)
plt.show()

# %%
# That all fixed points were found has a check: a continuous map of a box into itself whose fixed
# points are isolated has indices sign det(I - J) that sum to 1 (Lefschetz). Two missing points of
# opposite indices would pass it; the search itself leaves out no cell.
jacobians = [cd.pieces.affine_map(network, f.point).jacobian for f in found]
indices = [int(np.sign(np.linalg.det(np.eye(2) - jacobian))) for jacobian in jacobians]
print(len(found), "fixed points, indices sum to", sum(indices))

# %%
# It is no peculiarity of right angles: random points have such attractors now and then, the more
# so the larger the radius. More attracting fixed points than the five clean points are spurious.
for share in (0.2, 0.45):
    counts = []
    for seed in range(6):
        points = cd.data.random_points(5, 2, seed)
        radius = share * cd.data.smallest_distance(points)
        network = cd.solve(cd.denoising(points, radius=radius)).network
        found = cd.fixed_points(network, points.min(axis=0) - 1, points.max(axis=0) + 1)
        counts.append(sum(f.stability == "attracting" for f in found))
    print(f"radius {share} of the smallest distance, 5 points: {counts} attracting fixed points")
