"""
Tetrahedra
==========

In the plane sums of ramps are optimal or nearly so. In space they are not: random tetrahedra, and
how much more than the optimum two families of ramps cost.
"""

# %%
# The face-aligned candidate has one ramp per vertex, parallel to the opposite face. The best
# network of ramps may use one per way to separate the vertices, along the widest margin. Both are
# upper bounds, and the certified optimum is below both for most tetrahedra; where the ramps exceed
# it by no more than 1e-8 percent, they are optimal up to rounding, and drawn on the dotted line.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd
from convexden.theorems import face_aligned

candidate, ramps = [], []
for seed in range(24):
    points = cd.data.random_points(4, 3, seed)
    gradients = np.linalg.inv(np.column_stack([points, np.ones(4)]))[:3]  # of the barycentric
    radius = 0.1 / np.linalg.norm(gradients, axis=0).max()  # a tenth of the smallest height
    problem = cd.denoising(points, radius=radius)
    best = cd.solve(problem).cost
    ramps.append(cd.solve(problem, method="ramps").cost / best - 1)
    candidate.append(face_aligned.closed_form(points, radius).cost / best - 1)

figure, ax = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
accuracy = 1e-8
order = np.argsort(ramps)
numbers = np.arange(1, len(order) + 1)
for values, mark, color, fill, name in (
    (candidate, "s", "#D55E00", "none", "face-aligned candidate"),
    (ramps, "o", "#0072B2", "#0072B2", "best network of ramps"),
):
    percent = np.maximum(100 * np.array(values)[order], accuracy)
    ax.plot(numbers, percent, mark, color=color, mfc=fill, label=name)
ax.axhline(accuracy, color="0.4", ls=":", lw=1, zorder=0, label="optimal up to the accuracy")
ax.legend(frameon=False, loc="center right")
ax.set_yscale("log")
ax.set_xlabel("random tetrahedra, by the excess of their best network of ramps")
ax.set_ylabel("cost above the certified optimum, in percent")
plt.show()

# %%
print(f"median excess: candidate {np.median(candidate):.1%}, ramps {np.median(ramps):.2%}")
