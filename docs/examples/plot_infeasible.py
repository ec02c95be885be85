"""
Disjoint balls that cannot be denoised
======================================

That the balls are disjoint is not enough. A hinge may not cut a ball, so if no line passes
between the balls there is no hinge, and without hinges a network is affine.
"""

# %%
# Balls around the points of a triangular lattice with spacing 1 are disjoint up to radius 1/2.
# The rows are :math:`\sqrt{3}/2` apart, so that lines pass between them only up to radius
# :math:`\sqrt{3}/4`.
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle

import convexden as cd

lattice = cd.data.triangular_lattice(4, 4)
problem = cd.denoising(lattice, radius=0.45)
try:
    cd.solve(problem)
except cd.InfeasibleProblem as error:
    print(error)
    weights = {n: weight for n, weight in enumerate(error.proof.weights) if weight}
    print(f"integer weights, orthogonal to the pattern of every hinge: {weights}")
    print(f"faults of the proof: {cd.verification.check_infeasibility(problem, error.proof)}")


# %%
# The edge between the two by bisection:
def feasible(radius):
    try:
        cd.solve(cd.denoising(lattice, radius=radius))
    except cd.InfeasibleProblem:
        return False
    return True


low, high = 0.4, 0.45
while high - low > 1e-4:
    middle = (low + high) / 2
    low, high = (middle, high) if feasible(middle) else (low, middle)
print(f"feasible up to a radius between {low:.5f} and {high:.5f}; sqrt(3)/4 = {np.sqrt(3) / 4:.5f}")

# %%
# On the left the hinges of the certified network, the blue lines, pass between the balls; on the
# right none can.
radii = (0.41, 0.45)
solution = cd.solve(cd.denoising(lattice, radius=radii[0]))
box = np.array([[-0.7, -0.7], [4.2, 3.3]])
figure, axes = plt.subplots(1, 2, figsize=(9.4, 4.6), layout="constrained")
for ax, radius in zip(axes, radii, strict=True):
    for point in lattice:
        ax.add_patch(Circle(point, radius, facecolor="#E69F00", edgecolor="black", alpha=0.6))
    ax.plot(*lattice.T, "ko", ms=3)
    ax.set(xlim=box[:, 0], ylim=box[:, 1], aspect="equal", xlabel="$y_1$", ylabel="$y_2$")
for w, b in zip(solution.network.input_weights, solution.network.biases, strict=True):
    foot, along = -b * w, 10 * np.array([-w[1], w[0]])
    axes[0].plot(*np.transpose([foot - along, foot + along]), color="#0072B2", lw=0.8)
axes[0].set_title(f"radius {radii[0]}: {solution.neurons} hinges, {solution.status}", fontsize=10)
axes[1].set_title(f"radius {radii[1]}: disjoint, and infeasible", fontsize=10)
plt.show()
