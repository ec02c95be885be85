"""
Between two images
==================

On the segment between two clean images the denoiser is piecewise linear, and its knots are known
exactly: it stays at the image, then crosses over to the other.
"""

# %%
# Below the curve, what goes in, a blend of both images, and what comes out. The denoiser leaves
# the segment only a little: other images pull on it.
import matplotlib.pyplot as plt

import convexden as cd

images = cd.data.digits(range(5))
problem = cd.denoising(images, radius=0.15 * cd.data.smallest_distance(images))
solution = cd.solve(problem)

figure, ax = plt.subplots(figsize=(8, 6), layout="compressed")
cd.plotting.plot_segment(solution, 0, 3, ax)
plt.show()

# %%
# The knots, as positions between 0 and 1:
piece = cd.pieces.along(solution.network, images[0], images[3])
print(piece.knots.round(4))
