"""Many solves with one question: thresholds, counterexamples, maps, samples, sweeps, training."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=[
        "aligned_tetrahedra",
        "counterexamples",
        "frontiers",
        "samples",
        "shape_maps",
        "structures",
        "sweeps",
        "touching",
        "training",
    ],
)
