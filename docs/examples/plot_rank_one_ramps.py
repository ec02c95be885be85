"""
A denoiser as a sum of ramps
============================

A network is decoded into rank-one functions v phi(u.y): the hinges of one direction make one
piecewise-linear profile. What looks like three ramps can be six functions.
"""

# %%
# On rays at a right angle there are two profiles, one along each ray; the noise intervals of the
# clean points lie where the profile is flat.
import matplotlib.pyplot as plt

import convexden as cd

points = [[0, 0], [1, 0], [3, 0], [0, 2]]
problem = cd.denoising(points, radius=0.25)
parts = cd.decode(cd.solve(problem).network)
for ramp in parts.ramps:
    print(
        "along",
        ramp.direction.round(9) + 0.0,
        "knots",
        ramp.knots.round(9),
        "rise",
        round(ramp.rise, 9),
    )

figure, ax = plt.subplots(figsize=(7, 4), layout="compressed")
cd.plotting.plot_ramps(problem, parts.network(), ax)
plt.show()

# %%
# The hinges for a scalene triangle are tilted against each other. Exactly, every ramp of the
# picture is two functions that bend once; within a tolerance, in radians, they are one.
problem = cd.denoising(cd.data.triangle([48, 60, 72]), radius=0.25)
network = cd.solve(problem).network
exact, coarse = cd.decode(network), cd.decode(network, tolerance=0.01)
print(f"{len(exact.ramps)} functions, or {len(coarse.ramps)} ramps up to {coarse.spread:.1e} rad")

figure, ax = plt.subplots(figsize=(7, 4.5), layout="compressed")
cd.plotting.plot_ramps(problem, network, ax)
plt.show()
