"""
From noisy samples to balls
===========================

A ball around a clean point stands for infinitely many noisy samples of it. With finitely many the
constraints are fewer, so the cost is smaller, and it tends to that of the balls from below. How
fast depends on where the samples lie.
"""

# %%
# A hinge that is tangent to a ball can move up to the hull of its samples. What counts is how far
# the hull falls short of the ball there: uniform samples on the circle leave gaps of order 1/M, and
# miss the disc by their square; uniform samples in the disc miss it by order :math:`M^{-2/3}`.
import matplotlib.pyplot as plt

import convexden as cd

clean = cd.data.triangle((48, 60, 72))
counts = [8, 16, 32, 64, 128, 256]
found = [
    cd.sampled_optima(clean, 0.25, counts, boundary=boundary, draws=3) for boundary in (False, True)
]
figure, ax = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
cd.plotting.plot_sampled_optima(found, ax)
plt.show()

# %%
# Every dot is an optimum that is certified, so the deficits are no matter of training.
for each in found:
    rate = each.rate()
    place = "on the boundaries" if each.boundary else "in the balls"
    print(f"{place}: power {rate.exponent:.2f} +- {rate.error:.2f}, expected {rate.expected:.2f}")
    print(f"all certified: {each.certified.all()}")
