"""Floats whose rounding is known: its bounds, and numbers that are sums of two floats."""
