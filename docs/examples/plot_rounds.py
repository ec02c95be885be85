"""
How a solution is found
=======================

Cost and lower bound enclose the optimum from the first round that has a network on. Two methods on
one problem, fifteen points in the plane.
"""

# %%
# Column generation adds hinges to a cone program; the central path is one run of an interior point
# over all hinges. Once the gap is small, Newton's method on the optimality conditions of the active
# hinges ends both.
import matplotlib.pyplot as plt

import convexden as cd

points = cd.data.random_points(15, 2, 3)
problem = cd.denoising(points, radius=0.2 * cd.data.smallest_distance(points))
solutions = {name: cd.solve(problem, method=name) for name in ("column-generation", "central-path")}

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.8), layout="compressed")
cd.plotting.plot_convergence(solutions["central-path"], left)
left.set_title("central path")
styles = {"column-generation": ("#D55E00", "s--"), "central-path": ("#0072B2", "o-")}
for name, (color, style) in styles.items():
    steps = [step for step in solutions[name].history if 0 < step.relative_gap <= 1]
    gaps = [step.relative_gap for step in steps]
    right.semilogy([step.round for step in steps], gaps, style, color=color, label=name)
right.set(xlabel="round", ylabel="relative gap between cost and lower bound", title="both methods")
right.legend(frameon=False)
plt.show()

# %%
# Both certify the same cost.
for name, solution in solutions.items():
    print(f"{name}: {solution.cost:.12g}, gap {solution.relative_gap:.0e}")
