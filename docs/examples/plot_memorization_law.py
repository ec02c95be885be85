"""
How much is memorized
=====================

Noise around a common point of L orthogonal rays is mapped to a vertex of their box, to a training
point, or between. The probabilities are known in closed form.
"""

# %%
# Lines are the law of the theorem ``memorization``, dots what the certified closed form makes of
# 100 000 draws. Training points become rare faster than vertices: most vertices are virtual.
import matplotlib.pyplot as plt
import numpy as np

from convexden.theorems import memorization

RADIUS = 0.25
figure, ax = plt.subplots(figsize=(6.6, 4.6), layout="constrained")
numbers = [1, 2, 4, 8]
for kappa, color in ((0.25, "#0072B2"), (0.5, "#D55E00")):
    points = [np.vstack([np.zeros(rays), np.eye(rays)]) for rays in numbers]
    law = np.array([memorization.probabilities(each, RADIUS, kappa) for each in points])
    seen = np.array([memorization.frequencies(each, RADIUS, kappa, 100_000) for each in points])
    for column, dash, name in ((0, "-", "vertices"), (1, "--", "training points")):
        label = f"{name}, radius {kappa:g} noise levels"
        ax.semilogy(numbers, law[:, column], dash, color=color, label=label)
        some = seen[:, column] > 0
        ax.semilogy(np.array(numbers)[some], seen[some, column], "o", color=color, ms=5)
    print(f"kappa {kappa}: largest difference {np.abs(seen - law).max():.4f}")
ax.set(xlabel="rays", ylabel="share of the draws")
ax.legend(frameon=False, fontsize=9)
plt.show()
