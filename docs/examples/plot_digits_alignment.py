"""
Alignment on real images
========================

Five handwritten digits of 8 x 8 pixels. Their hinges are measured against the edges between
images, the faces of their hull, and the max-margin direction of what each hinge separates.
"""

# %%
# Most of the weight lies within a few degrees of the max-margin directions. No hinge is
# perpendicular to an edge, and a minority is parallel to a face. The few light hinges on the left
# lie off the max-margin directions.
import matplotlib.pyplot as plt

import convexden as cd

images = cd.data.digits(range(5))
problem = cd.denoising(images, radius=0.05 * cd.data.smallest_distance(images))
solution = cd.solve(problem)
alignment = cd.align(problem, solution.network)
print(f"{solution.neurons} neurons, relative gap {solution.relative_gap:.0e}")
means = alignment.hinges.mean_angles()
print("mean angles: edges {:.1f}, faces {:.1f}, max-margin {:.1f} degrees".format(*means))
shares = alignment.hinges.shares_within(5)
print("weight within 5 degrees: edges {:.0%}, faces {:.0%}, max-margin {:.0%}".format(*shares))

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5.2), layout="compressed")
cd.plotting.plot_alignment(alignment, left)
cd.plotting.plot_weights(solution.network, right)
plt.show()
