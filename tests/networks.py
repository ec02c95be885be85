"""Networks to test with."""

import numpy as np

from convexden.network import ShallowNetwork


def random_network(rng: np.random.Generator, neurons: int, d: int, p: int) -> ShallowNetwork:
    """A network of d inputs and p outputs with Gaussian weights."""
    return ShallowNetwork(
        rng.standard_normal((neurons, p)),
        rng.standard_normal((neurons, d)),
        rng.standard_normal(neurons),
        rng.standard_normal((p, d)),
        rng.standard_normal(p),
    )
