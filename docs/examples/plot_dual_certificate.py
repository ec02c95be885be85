"""
A certificate as a picture
==========================

The multipliers of a certificate assign a number g(w, b) to every hinge :math:`w^\\top y + b = 0`.
If g is at most 1 on all hinges that cut no ball, no network is cheaper than what the multipliers
say; and an optimal network only has hinges where g = 1.
"""

# %%
# A hinge in the plane has an angle and an offset, so g is a picture. Where a hinge would cut a
# ball there is nothing to check, and the map is blank. Above and below all balls are on one side
# of the hinge, and g is 0.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd

problem = cd.denoising(cd.data.triangle((48, 60, 72)), radius=0.15)
solution = cd.solve(problem)
certificate = solution.certificate
print(f"cost {solution.cost:.12g}, lower bound {solution.lower_bound:.12g}")
print(f"pricing maximum {certificate.pricing_maximum:.12g}")


def dual_constraint(angles, offsets):
    """g (M, K) at M offsets and K angles in degrees; NaN where the hinge cuts a ball."""
    radians = np.deg2rad(angles)
    normals = np.column_stack([np.cos(radians), np.sin(radians)])
    distances = (normals @ problem.centers.T)[None] + offsets[:, None, None]
    active = (distances > 0).astype(float)
    total = (active * distances) @ certificate.values
    total += np.einsum("mkn,npd,kd->mkp", active, certificate.jacobians, normals)
    heights = np.linalg.norm(total, axis=2)
    return np.where((np.abs(distances) >= problem.radii).all(axis=2), heights, np.nan)


angles, offsets = np.linspace(0, 180, 721), np.linspace(-1.2, 1.2, 721)
heights = dual_constraint(angles, offsets)

# The hinge (-w, -b) is (w, b): turn all of them into the upper half plane.
normals, biases = solution.network.input_weights, solution.network.biases
found = np.rad2deg(np.arctan2(normals[:, 1], normals[:, 0]))
lower = found < 0
found, biases = np.where(lower, found + 180, found), np.where(lower, -biases, biases)

# %%
# The network's hinges, the dots, sit on the summits of the map. That no summit is above 1 is what
# exact pricing establishes.
figure, ax = plt.subplots(figsize=(8.0, 5.0), layout="constrained")
image = ax.pcolormesh(angles, offsets, heights, cmap="cividis", vmin=0, vmax=1, rasterized=True)
ax.contour(angles, offsets, heights, levels=[0.25, 0.5, 0.75], colors="white", linewidths=0.5)
ax.plot(found, biases, "o", color="#D55E00", mec="white", ms=8, label="hinges of the network")
ax.set_xlabel("angle of the hinge's normal in degrees")
ax.set_ylabel("offset $b$")
ax.set_xticks(range(0, 181, 30))
figure.colorbar(image, label="dual constraint $g(w, b)$")
ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0))
plt.show()
