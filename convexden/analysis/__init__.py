"""What a network is made of: ramps, pieces, fixed points, alignment, distances and uniqueness."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=[
        "alignment",
        "basins",
        "cell_exits",
        "cell_motion",
        "coordinates",
        "denoiser_families",
        "distances",
        "fixed_point_cells",
        "fixed_point_search",
        "fixed_points",
        "flow_space",
        "flows",
        "hinge_alignment",
        "hinge_angles",
        "pieces",
        "probability_flows",
        "ramps",
        "separatrices",
        "uniqueness",
    ],
)
