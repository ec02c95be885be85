"""Moments of the clean data given the noisy ones, by the rule of Gauss and Legendre."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.errors import InvalidProblem
from convexden.theorems.mmse.densities import Density
from convexden.theorems.mmse.posterior import posterior_mean

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MomentSettings:
    """Where the moments of densities are integrated."""

    reach: float = 10.0
    """Standard deviations of the noise beyond which nothing is integrated: exp(-50) is 2e-22."""

    tail: float = 1e-18
    """Tail of a density without bounds that is left out, likewise."""

    heavy: float = 1e4
    """Extent, in distances of its quartiles, from which on the tails of a density are too heavy."""


SETTINGS = MomentSettings()


@dataclass(frozen=True, eq=False)
class Moments:
    """The m_0, m_1, m_2 of a density and Gaussian noise."""

    density: Density
    sigma: float
    edges: Array  # of the pieces on which the density is smooth

    __repr__ = display.field_line

    @classmethod
    def of(cls, density: Density, sigma: float, breaks: Array) -> Moments:
        """The moments of a density, whose support is cut where its tails hold nothing."""
        low, high = (float(end) for end in density.support())
        low = low if np.isfinite(low) else float(density.ppf(SETTINGS.tail))
        high = high if np.isfinite(high) else float(density.isf(SETTINGS.tail))
        if not high - low < SETTINGS.heavy * float(density.isf(0.25) - density.ppf(0.25)):
            raise InvalidProblem(
                "the density has tails too heavy to be integrated: give one with a variance"
            )
        breaks = np.concatenate([breaks, np.ravel(getattr(density, "breaks", ()))])
        inside = breaks[(breaks > low) & (breaks < high)]
        return cls(density, sigma, np.unique(np.concatenate([[low], inside, [high]])))

    @property
    def reach(self) -> tuple[float, float]:
        """Beyond it there are no noisy points."""
        beyond = SETTINGS.reach * self.sigma
        return self.edges[0] - beyond, self.edges[-1] + beyond

    def at(self, y: Array, nodes: int) -> Array:
        """The moments (3, M) at y (M,), by a rule of so many nodes on each piece."""
        total = np.zeros((3, y.size))
        rule, weights = _gauss(nodes)
        for start, stop in zip(self.edges[:-1], self.edges[1:], strict=True):
            first = np.maximum(start, y - SETTINGS.reach * self.sigma)
            last = np.minimum(stop, y + SETTINGS.reach * self.sigma)
            met = first < last
            half = (last - first)[met, None] / 2
            x = (first + last)[met, None] / 2 + half * rule
            moves = x - y[met, None]
            mass = np.exp((moves / self.sigma) ** 2 / -2)
            mass *= self.density.pdf(x)
            mass *= half * (weights / (self.sigma * np.sqrt(2 * np.pi)))
            for moment in total:
                moment[met] += mass.sum(axis=1)
                mass *= moves
        return total

    def integrand(self, y: Array, denoised: Array, clean: Array, rules: tuple[int, int]) -> Array:
        """Densities (6, M) at y (M,) of the errors of a denoiser with these values, of the
        empirical and of the true MMSE denoiser, by two rules."""
        network_moves = denoised - y
        empirical_moves = posterior_mean(y, clean, self.sigma) - y
        densities = []
        for nodes in rules:
            m0, m1, m2 = self.at(y, nodes)
            moves = np.divide(m1, m0, out=np.zeros_like(m0), where=m0 > 0)
            for move in (network_moves, empirical_moves, moves):
                densities.append((move * m0 - 2 * m1) * move + m2)
        return np.array(densities)


@cache
def _gauss(nodes: int) -> tuple[Array, Array]:
    """The Gauss-Legendre rule on [-1, 1]."""
    rule, weights = np.polynomial.legendre.leggauss(nodes)
    return rule, weights
