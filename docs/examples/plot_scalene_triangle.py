"""
Scalene triangles
=================

For an acute triangle one may guess that the hinges are parallel to the sides: the *face-aligned*
candidate. Exact solutions confirm it for isosceles triangles of moderate radius and refute it for
most scalene ones, by margins that an experiment without certificates would take for rounding.
"""

# %%
# The candidate is that of :py:obj:`convexden.theorems.face_aligned`. Radii are given relative to
# half the smallest height of the triangle, where it ceases to be defined. Its excess over the
# certified cost is drawn where it is above the accuracy of the solution. From a radius on the
# candidate of the third triangle has no excess: the geometric median at its center has become a
# vertex, and it is optimal. The isosceles triangle has none up to radii close to the largest.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd
from convexden.theorems import face_aligned

triangles = {
    (55, 60, 65): ("#0072B2", "-", "o"),
    (50, 60, 70): ("#D55E00", "--", "s"),
    (40, 60, 80): ("#009E73", "-.", "^"),
    (40, 70, 70): ("#CC79A7", ":", "D"),
}
fractions = np.linspace(0.05, 0.95, 37)

figure, ax = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
for angles, (color, dash, marker) in triangles.items():
    points = cd.data.triangle(angles)
    sides = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)
    half_height = np.prod(sides) / 4 / sides.max()  # of a triangle with circumradius 1
    excess = []
    for fraction in fractions:
        result = face_aligned.verify(points, fraction * half_height)
        proved = result.relative_excess > max(result.relative_gap, 1e-12)
        excess.append(result.relative_excess if proved else np.nan)
    name = ", ".join(f"{angle}°" for angle in angles)
    ax.semilogy(fractions, excess, color=color, ls=dash, marker=marker, ms=4, label=name)

ax.set_xlabel("radius, relative to half the smallest height")
ax.set_ylabel("relative excess cost of the face-aligned candidate")
ax.legend(frameon=False, loc="lower right")
plt.show()
