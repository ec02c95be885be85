"""Points to denoise: files of numbers, small geometries, random points and real images."""

from convexden.data.geometries import (
    noisy_samples,
    random_points,
    regular_simplex,
    smallest_distance,
    triangle,
    triangular_lattice,
)
from convexden.data.images import digits, patches
from convexden.data.problems import (
    flatten_problem,
    read_noisy,
    read_points,
    read_problem,
    read_radii,
)
from convexden.geometry.flatness import Flattened, flatten

__all__ = [
    "Flattened",
    "digits",
    "flatten",
    "flatten_problem",
    "noisy_samples",
    "patches",
    "random_points",
    "read_noisy",
    "read_points",
    "read_problem",
    "read_radii",
    "regular_simplex",
    "smallest_distance",
    "triangle",
    "triangular_lattice",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__
