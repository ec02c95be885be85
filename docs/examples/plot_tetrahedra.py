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
# it by no more than 1e-8 percent, they are optimal up to the accuracy of their cone program.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd
from convexden.theorems import face_aligned

candidate, ramps = [], []
for seed in range(40):
    points = cd.data.random_points(4, 3, seed)
    gradients = np.linalg.inv(np.column_stack([points, np.ones(4)]))[:3]  # of the barycentric
    radius = 0.1 / np.linalg.norm(gradients, axis=0).max()  # a tenth of the smallest height
    problem = cd.denoising(points, radius=radius)
    best = cd.solve(problem).cost
    ramps.append(cd.solve(problem, method="sandwich").cost / best - 1)
    candidate.append(face_aligned.closed_form(points, radius).cost / best - 1)

figure, ax = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
order = np.argsort(ramps)
numbers = np.arange(len(order))
ax.plot(numbers, 100 * np.array(candidate)[order], "s", color="#D55E00", mfc="none")
ax.plot(numbers, 100 * np.array(ramps)[order], "o", color="#0072B2")
ax.legend(["face-aligned candidate", "best network of ramps"], frameon=False)
ax.set_yscale("log")
ax.set_xlabel("random tetrahedra, by the excess of their best network of ramps")
ax.set_ylabel("cost above the certified optimum, in percent")
plt.show()

# %%
print(f"median excess: candidate {np.median(candidate):.1%}, ramps {np.median(ramps):.2%}")
