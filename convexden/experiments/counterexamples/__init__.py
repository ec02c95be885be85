"""`find_counterexample`: a geometry on which a conjecture about minimizers fails, and by how much.

What is maximized is the *excess* of the conjectured network: how much more it costs than a network
that interpolates the same balls and is certified to be optimal.  A positive excess is a proof that
the conjecture is wrong, whoever found the geometry.  That none is found proves nothing.
"""

from convexden.experiments.counterexamples.counterexample import Counterexample
from convexden.experiments.counterexamples.search import SearchProgress, find_counterexample

__all__ = ["Counterexample", "SearchProgress", "find_counterexample"]
