"""Convex programs, one a file."""
