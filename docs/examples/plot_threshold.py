"""
The threshold of the regular simplex
====================================

For the regular simplex the minimum-norm denoiser is a sum of ramps, if the radius is small. Its
multipliers are known in closed form, and they prove it as long as no hinge violates the dual
constraint, that is, as long as the pricing maximum is 1.
"""

# %%
# Here radii are relative to the threshold :math:`\rho^* = f^*(r)\,H/2`, with the height H of the
# simplex. The candidate is that of :py:obj:`convexden.theorems.equilateral_beyond`, at every
# radius for which it is defined. On the left is the pricing maximum of its multipliers, on the
# right by how much it is more expensive than the certified optimum.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd
from convexden.theorems import equilateral, equilateral_beyond

ratios = np.linspace(0.94, 1.06, 25)
styles = {2: ("#0072B2", "-", "o"), 3: ("#D55E00", "--", "s")}

figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 4.4), layout="constrained")
for dimension, (color, dash, marker) in styles.items():
    points = cd.data.regular_simplex(dimension)
    height = 1 + 1 / dimension
    threshold = equilateral.threshold(dimension) * height / 2
    maxima, excess = [], []
    for ratio in ratios:
        claim = equilateral_beyond.closed_form(points, ratio * threshold)
        check = cd.verification.verify(claim.problem, claim.network, claim.certificate)
        maxima.append(check.pricing_maximum - 1)
        excess.append(equilateral_beyond.verify(points, ratio * threshold).relative_excess)
    label = f"$r = {dimension}$, threshold {threshold:.4f} $R$"
    style = {"color": color, "ls": dash, "marker": marker, "ms": 4, "label": label}
    left.plot(ratios, maxima, **style)
    right.plot(ratios, excess, **style)

left.set_ylabel("pricing maximum minus 1")
right.set_ylabel("relative excess cost of the closed form")
for ax in (left, right):
    ax.axvline(1.0, color="0.6", lw=0.8)
    ax.set_xlabel("radius, relative to the threshold")
figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
plt.show()

# %%
# Up to the threshold the closed form is proved without a solver. Above it both quantities grow
# from 0 in proportion to the distance from the threshold: hinges that are tangent to two balls on
# opposite sides enter, and the certified network is cheaper.
