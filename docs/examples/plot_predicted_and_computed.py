"""
Predicted and computed, side by side
====================================

Three configurations for which the minimizer is known in closed form: an obtuse triangle, the
equilateral triangle, and points on two rays at a right angle. The solver knows nothing of them.
"""

# %%
# Hinges are perpendicular to the two edges that meet at the obtuse vertex, and parallel to the
# sides of the equilateral triangle. Dark regions are mapped to a single point, white ones to the
# whole plane.
import matplotlib.pyplot as plt

import convexden as cd
from convexden.theorems import equilateral, obtuse_simplex, rays

claims = {
    "obtuse triangle": obtuse_simplex.closed_form(cd.data.triangle([110, 40, 30]), 0.12),
    "equilateral triangle": equilateral.closed_form(cd.data.triangle([60, 60, 60]), 0.25),
    "rays": rays.closed_form([[0, 0], [1, 0], [3, 0], [0, 2]], 0.25),
}
solutions = {name: cd.solve(claim.problem) for name, claim in claims.items()}

for name, claim in claims.items():
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.9), layout="compressed")
    cd.plotting.plot_comparison(
        claim.problem, claim.network, solutions[name].network, axes=tuple(axes)
    )
plt.show()

# %%
# The pictures agree; so do the numbers. The ramps of both networks are paired such that they fit
# best, and these are the largest errors of a pair: angles in degrees, positions of the knots, and
# heights.
for name, claim in claims.items():
    comparison = cd.align(claim.problem, solutions[name].network, claim.network).comparison
    print(
        f"{name}: {len(comparison.pairs)} ramps, angles {comparison.angles.max():.0e}, "
        f"knots {comparison.knot_errors.max():.0e}, "
        f"heights {abs(comparison.height_errors).max():.0e}; "
        f"largest distance of the functions {comparison.distance[1]:.0e}"
    )
