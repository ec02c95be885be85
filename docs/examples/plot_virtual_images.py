"""
Images at which a denoiser ends
===============================

The flow of a denoiser of five digits ends at a digit from all noise that was tried, and at virtual
points from mixtures of three.
"""

# %%
# Certified denoiser, balls of 60 % of the radius at which they touch. Below the training images are
# the virtual points that were reached, with the number of starts.
import matplotlib.pyplot as plt

import convexden as cd
from convexden.experiments.memorization import memorization, share_problem

solution = cd.solve(share_problem(cd.data.digits(range(5)), 0.6))
found = memorization(solution, draws=60)
for ends in found.ends:
    print(
        f"{ends.start:<16} clean {ends.clean:>2}  virtual {ends.virtual:>2}  other {ends.other:>2}"
    )
figure = plt.figure(figsize=(7.5, 4.8), layout="constrained")
cd.plotting.plot_memorization(found, figure=figure)
plt.show()
