"""Parameters of the search for counterexamples."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SearchSettings:
    """Parameters of the search for a counterexample."""

    fractions: tuple[float, ...] = (0.05, 0.9)
    """Radii, as shares of the contact of the balls, where none is asked for."""

    noise: tuple[float, float] = (-3.0, -0.5)
    """Powers of ten between which the noise on given points is, in smallest distances."""

    random: float = 0.2
    """Share of the evaluations at random geometries before the best is improved."""

    nothing: float = 1e-11
    """Excess of the best of these from which on it is improved: below, there is no slope to
    climb."""

    near: float = 0.1
    """Share by which rounding may move the radius out of its range."""

    size: float = 0.2
    """Size of the first simplex of Nelder and Mead, in units of the first edge."""

    denominators: tuple[int, ...] = (*range(1, 101), *(10**k for k in range(3, 10)))
    """Denominators that are tried: all up to a hundred, then powers of ten."""

    width: int = 88
    """Characters of the lines that are printed."""

    still: float = 1e-5
    """Spread of the simplex, in units of the first edge, that ends an improvement: the excess is
    flat at its top, of the square of this."""


SETTINGS = SearchSettings()
