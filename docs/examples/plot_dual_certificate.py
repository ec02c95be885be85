"""
A certificate, and what it says about all minimizers
====================================================

The dual constraint over all hinges of the plane: it is nowhere larger than 1, so the bound holds,
and every minimizer has its hinges where it is 1.
"""

# %%
# A hinge is a point of the map: the angle of its normal, and its place along the normal. White
# hinges cut a ball, or separate nothing. For balls the constraint is saturated at finitely many
# hinges, and the minimizer is unique. The saddle has two saturating hinges of which one alone
# suffices, and all mixtures are minimizers: a segment of them.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd

triangle = cd.denoising(cd.data.triangle((50, 60, 70)), radius=0.35)
square = np.array([[1.0, 0.3], [-0.3, 1.0], [-1.0, -0.3], [0.3, -1.0]])
saddle = cd.Interpolation(square, [1.0, -1.0, 1.0, -1.0])

figure, axes = plt.subplots(1, 2, figsize=(12.5, 4.8), layout="compressed")
for ax, problem in zip(axes, (triangle, saddle), strict=True):
    solution = cd.solve(problem)
    found = cd.uniqueness(solution)
    cd.plotting.plot_dual(solution, ax, found=found)
    print(found)
plt.show()

# %%
# On a line, the constraint is linear between sites. Where it is 1 all along a gap, as for samples
# of a convex function, the two knots may be replaced by any that lie between them.
figure, axes = plt.subplots(1, 2, figsize=(12.5, 4.2), layout="compressed")
convex = cd.Interpolation([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0])
for ax, problem in zip(axes, (cd.denoising([0.0, 1.0, 3.0], radius=0.2), convex), strict=True):
    solution = cd.solve(problem)
    found = cd.uniqueness(solution)
    cd.plotting.plot_dual(solution, ax, found=found)
    print(found)
plt.show()
