"""
From the affine fit to the interpolant
======================================

A large penalty on the weights leaves the best affine fit; as it falls, neurons enter, move and
split, until the network interpolates. Every solution on the way is the global optimum, certified.
"""

# %%
# On the left noisy samples of a function of one variable: hinges sit on samples, and what is a bend
# becomes several knots. On the right noisy samples of the corners of a triangle, and the denoiser
# that maps them to the corners.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd

random = np.random.default_rng(1)
times = np.sort(random.uniform(0, 3, 24))
curve = cd.Interpolation(times, np.sin(2.5 * times) + 0.15 * random.normal(size=24))

corners = cd.data.triangle((50, 60, 70))
noisy = cd.data.noisy_samples(corners, radius=0.3, samples=8, seed=0)
denoiser = cd.denoising(corners, noisy=noisy)

penalties = np.geomspace(1, 1e-5, 41) * cd.largest_penalty(curve)
paths = {
    "one variable": cd.regularization_path(curve, penalties),
    "three corners": cd.regularization_path(denoiser),
}

figure = plt.figure(figsize=(14, 7.2), layout="constrained")
parts = figure.subfigures(1, 2)
heights = [2.4, 1], [1.2, 1.2, 1]
for part, ratios, (name, path) in zip(parts, heights, paths.items(), strict=True):
    axes = part.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    cd.plotting.plot_path(path, axes)
    part.suptitle(name)
plt.show()

# %%
# A dot is a neuron, its area the weight; hollow ones enter, lines lead to where they were before.
# The dotted line is the largest penalty, from which on the fit is affine. The cost tends to that of
# the interpolant, dashed, and the squared error in the end falls like the square of the penalty: at
# the optimum the errors are the multipliers of the dual problem, and divided by the penalty these
# settle at multipliers of the interpolation problem.
for name, path in paths.items():
    gap = max(each.relative_gap for each in path.solutions)
    print(f"{name}: largest penalty {path.largest_penalty:.4f}, largest relative gap {gap:.0e}")
    for each in (path.solutions[10], path.solutions[20], path.solutions[-1]):
        print(f"  penalty {each.penalty:.2g}: {each.neurons} neurons, cost {each.cost:.4f}")
    print(f"  interpolant: {path.interpolant.neurons} neurons, cost {path.interpolant.cost:.4f}")
