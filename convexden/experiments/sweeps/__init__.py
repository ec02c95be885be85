"""`sweep`: grids of problems, solved in processes or on a cluster, with a file for every result."""

from convexden.experiments.sweeps.results import Sweep
from convexden.experiments.sweeps.runs import sweep

__all__ = ["Sweep", "sweep"]
