"""
The map of triangles
====================

The denoiser of a triangle depends on its angles and on the radius. Here every pixel is a triangle,
at its largest and its smallest angle, solved and certified. The colors on the left say how the
hinges lie, those on the right by how much the face-aligned closed form is more expensive than the
optimum.
"""

# %%
# Radii are fractions of half the smallest height :math:`H`. Where hinges are perpendicular to edges
# (obtuse and right triangles) and where they are parallel to the edges opposite two vertices, the
# closed form is optimal. Otherwise the hinges are tilted off the sides, or pass between two balls
# that they touch; only isosceles triangles, on the slanted sides, have face-aligned denoisers.
# The structures are defined in :py:obj:`convexden.experiments.structures`.
import matplotlib.pyplot as plt

import convexden as cd

shapes = cd.shape_map([0.3, 0.9], triangles=150, largest_angle=100)
assert shapes.certified.all()

figure, axes = plt.subplots(
    2, 2, figsize=(9.4, 7.0), layout="constrained", sharex=True, sharey=True
)
cd.plotting.plot_shape_map(shapes, axes)
plt.show()

# %%
# A map of more triangles is made by ``convexden map``; it is in the findings.
