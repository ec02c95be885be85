"""
From noisy samples to balls
===========================

A ball around a clean point stands for infinitely many noisy samples of it. With finitely many the
constraints are fewer, so the cost is smaller, and it tends to that of the balls from below. How
fast depends on where the samples lie.
"""

# %%
# A network must be constant on the convex hull of the samples of one clean point, wherever its
# hinges pass by. What counts is therefore how far the hull falls short of the ball. Uniform
# samples on the circle leave gaps of order 1/M, and miss the disc by their square; uniform
# samples in the disc have a hull that misses it by order :math:`M^{-2/3}`.
import matplotlib.pyplot as plt
import numpy as np

import convexden as cd

clean = cd.data.triangle((48, 60, 72))
radius = 0.25
balls = cd.solve(cd.denoising(clean, radius=radius))
print(f"balls: cost {balls.cost:.10g}, {balls.status}")


def in_discs(count, seed):
    return cd.data.noisy_samples(clean, radius, count, seed)


def on_circles(count, seed):
    angles = 2 * np.pi * np.random.default_rng(seed).random((len(clean), count))
    return clean[:, None] + radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)


counts = np.array([8, 16, 32, 64, 128, 256, 512])
seeds = range(4)
kinds = {
    "uniform in the discs": (in_discs, -2 / 3, "#0072B2", "o"),
    "uniform on the circles": (on_circles, -2, "#D55E00", "s"),
}

figure, ax = plt.subplots(figsize=(7.2, 4.8), layout="constrained")
for name, (draw, slope, colour, marker) in kinds.items():
    deficits = np.array(
        [
            [
                1 - cd.solve(cd.denoising(clean, noisy=draw(m, seed))).cost / balls.cost
                for seed in seeds
            ]
            for m in counts
        ]
    )
    mean = deficits.mean(axis=1)
    ax.loglog(counts, mean, color=colour, marker=marker, label=f"{name}, mean of {len(seeds)}")
    ax.loglog(
        np.repeat(counts, len(seeds)), deficits.ravel(), color=colour, marker=".", ls="", ms=4
    )
    guide = mean[-1] * (counts / counts[-1]) ** slope
    text = "-2/3" if slope > -1 else "-2"
    ax.loglog(counts, guide, color="0.4", ls="--" if slope > -1 else ":", label=f"slope {text}")

ax.set_xlabel("noisy samples per clean point")
ax.set_ylabel("relative deficit of the cost below that of balls")
ax.set_xticks(counts, [str(count) for count in counts])
ax.minorticks_off()
ax.legend(frameon=False, loc="lower left")
plt.show()
