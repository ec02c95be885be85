"""Pictures of denoisers, of their parts, and of how they are found.

The functions take and return Axes of matplotlib, which is imported on first use.
"""

from convexden.plotting.alignment import plot_alignment
from convexden.plotting.comparison import clearest, plot_comparison
from convexden.plotting.convergence import plot_convergence
from convexden.plotting.dual import plot_dual
from convexden.plotting.errors import (
    plot_cluster_errors,
    plot_mean_squared_errors,
    save_cluster_errors,
)
from convexden.plotting.flows import plot_flow, save_flow
from convexden.plotting.frontier import plot_frontier
from convexden.plotting.layout import paper
from convexden.plotting.line import plot_line
from convexden.plotting.memorization import (
    plot_memorization,
    plot_virtual_shares,
    save_memorization,
    save_virtual_shares,
)
from convexden.plotting.path import plot_path
from convexden.plotting.pictures import (
    KINDS,
    Kind,
    default_kind,
    plot_solution,
    summary,
)
from convexden.plotting.plane import plot_plane
from convexden.plotting.ramps import plot_ramps
from convexden.plotting.repeats import plot_repeats, save_repeats
from convexden.plotting.samples import plot_sampled_optima, save_sampled_optima
from convexden.plotting.saving import check_picture
from convexden.plotting.segment import plot_segment
from convexden.plotting.shape_map import plot_shape_map, save_shape_map
from convexden.plotting.training import plot_trained, plot_training
from convexden.plotting.virtual_map import plot_virtual_map, save_virtual_map
from convexden.plotting.weights import plot_weights

__all__ = [
    "KINDS",
    "Kind",
    "check_picture",
    "clearest",
    "default_kind",
    "paper",
    "plot_alignment",
    "plot_cluster_errors",
    "plot_comparison",
    "plot_convergence",
    "plot_dual",
    "plot_flow",
    "plot_frontier",
    "plot_line",
    "plot_mean_squared_errors",
    "plot_memorization",
    "plot_path",
    "plot_plane",
    "plot_ramps",
    "plot_repeats",
    "plot_sampled_optima",
    "plot_segment",
    "plot_shape_map",
    "plot_solution",
    "plot_trained",
    "plot_training",
    "plot_virtual_map",
    "plot_virtual_shares",
    "plot_weights",
    "save_cluster_errors",
    "save_flow",
    "save_memorization",
    "save_repeats",
    "save_sampled_optima",
    "save_shape_map",
    "save_virtual_map",
    "save_virtual_shares",
    "summary",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__
