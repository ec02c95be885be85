"""Arithmetic that cannot be wrong: integers and rationals, and floats with proven error bounds."""
