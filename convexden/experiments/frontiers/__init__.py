"""`frontier`: the parameter at which a claim about minimizers stops being true.

A claim is followed along a family with one parameter: a radius, an angle, the size of a
perturbation.  Every evaluation is a proof, of one side or of the other, so that the bracket which
remains is one, too.
"""

from convexden.experiments.frontiers.bracket import Frontier, FrontierProgress, frontier
from convexden.experiments.frontiers.evaluations import Claim, Evaluation
from convexden.experiments.frontiers.extrapolation import Onset

__all__ = ["Claim", "Evaluation", "Frontier", "FrontierProgress", "Onset", "frontier"]
