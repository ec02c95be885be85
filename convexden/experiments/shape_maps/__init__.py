"""`shape_map`: the denoiser of every shape of a triangle, certified, pixel by pixel."""

from convexden.experiments.shape_maps.ends import ShapeEnds, shape_ends
from convexden.experiments.shape_maps.grid import SETTINGS
from convexden.experiments.shape_maps.maps import OPTIMAL, ShapeMap
from convexden.experiments.shape_maps.runs import shape_map

__all__ = ["OPTIMAL", "SETTINGS", "ShapeEnds", "ShapeMap", "shape_ends", "shape_map"]
