"""
Tetrahedra that are face-aligned
================================

Scalene triangles are not face-aligned, by a little. Tetrahedra near the regular one are, exactly,
if the radius is large enough for their noise: then no ramp between two edges pays.
"""

# %%
# For every tetrahedron the multipliers of the face-aligned network are found by least squares, and
# the verification says whether they prove it. The dots are where they do; at the crosses a ramp
# between two edges pays, by a formula, and at the triangles neither is known: near contact hinges
# come in that touch balls on both sides.
import matplotlib.pyplot as plt
import numpy as np

from convexden.experiments.aligned_tetrahedra import aligned_tetrahedra

found = aligned_tetrahedra((0.01, 0.03, 0.1), (0.03, 0.1, 0.3, 0.6, 0.8, 0.95), count=6)
marks = {"aligned": ("o", "#0072B2"), "edge pairs": ("x", "#D55E00"), "not proven": ("^", "0.6")}

figure, ax = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
places = np.linspace(-0.3, 0.3, found.outcomes.shape[2])
for code, (name, (mark, color)) in enumerate(marks.items()):
    f, s, c = np.nonzero(found.outcomes == code)
    ax.plot(s + places[c], found.fractions[f], mark, color=color, ms=6, label=name)
ax.set_xticks(range(len(found.noise)), [f"{noise:g}" for noise in found.noise])
ax.set_xlabel("noise on the regular tetrahedron, in circumradii")
ax.set_ylabel("radius, in half the least height")
figure.legend(loc="outside upper center", ncols=3, frameon=False)
plt.show()

# %%
print(found)
