"""Proofs in rational arithmetic: intervals for the optimum that can be checked without the project.

`checker` needs Python's standard library alone and can be copied; everything else makes proof files
for it.
"""
