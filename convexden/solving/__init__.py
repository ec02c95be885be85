"""Solves problems: from an interpolation problem or samples to a network with a certificate."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["batches", "formulations", "interpolation", "regularization", "saturation"],
)
