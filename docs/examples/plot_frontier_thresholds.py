"""
Where optimality ends
=====================

A closed form is optimal up to some radius, or from some angle on. Bisection with a proof at every
step encloses such a threshold, and shows how the excess cost begins there: linearly or
quadratically.
"""

# %%
# Three claims, each at one parameter. On the left the sum of ramps of the regular triangle, by its
# radius: optimal up to :math:`(12 + 3 \sqrt 3) / 26`. In the middle a denoiser of isosceles
# triangles that is centered at the apex, by the angle there: optimal once the weighted median of
# the vertices is the apex. On the right the best sum of ramps on four images, by its radius
# relative to contact: it loses a millionth.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd
from convexden.theorems import face_aligned, max_margin_ramps

triangle = cd.data.regular_simplex(2)
images = cd.data.digits(range(30, 34))
contact = cd.data.smallest_distance(images) / 2


def face_aligned_triangle(radius):
    return face_aligned.closed_form(triangle, radius)


def centered_at_apex(angle):
    points = cd.data.triangle((angle, (180 - angle) / 2, (180 - angle) / 2))
    height = 1 + np.cos(np.deg2rad(angle))
    return face_aligned.at_vertex(points, 0.1 * height / 2, 0)


def ramps(share):
    return max_margin_ramps.closed_form(images, share * contact)


found = {
    "regular triangle, by the radius": cd.frontier(face_aligned_triangle, 0.5, 0.74),
    "centered at the apex, by the angle": cd.frontier(centered_at_apex, 80, 89.9, accuracy=1e-6),
    "ramps on images, by the radius": cd.frontier(ramps, 0.3, 0.8, excess=1e-6, accuracy=1e-4),
}
for name, frontier in found.items():
    print(f"{name}: {frontier}")

figure, axes = plt.subplots(1, 3, figsize=(15.0, 4.8), layout="constrained")
for ax, (name, frontier) in zip(axes, found.items(), strict=True):
    cd.plotting.plot_frontier(frontier, ax)
    ax.set_title(name)
plt.show()

# %%
# Every point is a certified solve, or a proof by multipliers. Open triangles are bounds: no network
# is cheaper by more. On the left the excess has slope 1, and the bracket holds the exact threshold.
# In the middle it has slope 2, until it is lost in rounding; the bracket is where that happens, and
# the extrapolation says where the exact threshold is. There the multipliers of the candidate end
# to prove it, too, and they do so sharply.
onset = found["centered at the apex, by the angle"].onset
print(f"extrapolated: {onset.parameter:.6f} +- {onset.error:.0e} degrees")


def proof_at_apex(angle):
    claim = centered_at_apex(angle)
    return cd.verification.verify(claim.problem, claim.network, claim.certificate)


print("by multipliers:", cd.frontier(proof_at_apex, 80, 89.9, tolerance=3e-12))
