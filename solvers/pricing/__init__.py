"""Exact pricing: the global maximum of the dual constraint over all feasible hinges."""
