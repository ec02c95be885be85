"""The square of the dual constraint along arcs of the plane: values and local maxima.

Where the constraint is F in the middle of an arc, a turn by u makes it
F + sin(u) S - (1 - cos(u)) C.  Six products describe its square: |F|^2, F.S, F.C, |S|^2, S.C and
|C|^2, arrays (6, arcs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convexden.solvers.hinges import Array, Indices


@dataclass(frozen=True)
class PolynomialSettings:
    """Parameters of the search for local maxima inside arcs."""

    wider: float = 1e-9
    """Share by which arcs are lengthened in the bounds that decide which are opened: covers their
    rounding."""

    vanishing: float = 1e-15
    """A leading coefficient of a quartic below this share of the largest counts as this share: its
    root is almost at infinity, and the others move by as little."""

    real: float = 1e-3
    """Imaginary part, as a share of a root, up to which it may be a double real root, which
    rounding of size 1e-16 splits by 1e-8. What it gives is compared by its value."""

    furthest: float = 1e-3
    """Angle, in radians and as a share of the half arc, that a step of the refinement may go."""


SETTINGS = PolynomialSettings()


def turns_by(u: Array) -> Array:
    """The sine of u and 1 - cos u (2, ...), the latter without cancellation."""
    turns = np.empty((2, *u.shape))
    np.sin(u, out=turns[0])
    half = np.sin(u / 2)
    np.multiply(half, 2 * half, out=turns[1])
    return turns


def evaluate(polynomials: Array, turns: Array, order: int = 0) -> Array:
    """The polynomials, or half their first or second derivative by the angle, each after its own
    turn."""
    ff, fs, fc, ss, sc, cc = polynomials
    sin, low = turns
    if order == 0:
        bent = ss * sin**2 + low * (cc * low - 2 * sc * sin)
        return np.asarray(ff + 2 * (fs * sin - fc * low) + bent)
    return _derivatives(polynomials, turns)[order - 1]


def _derivatives(polynomials: Array, turns: Array) -> tuple[Array, Array]:
    """Half the first and the second derivatives of `evaluate`."""
    _, fs, fc, ss, sc, cc = polynomials
    sin, low = turns
    cos = 1 - low
    square = sin * sin
    first = fs * cos - fc * sin + (ss * cos + cc * low) * sin - sc * (square + cos * low)
    second = ss * (cos * cos - square) + cc * (square + low * cos) - fs * sin - fc * cos
    return first, second - sc * sin * (4 * cos - 1)


def may_peak(polynomials: Array, halves: Array, highest: Array, floor: float) -> Indices:
    """The arcs that may have a local maximum of at least the floor inside.

    Parameters
    ----------
    polynomials : (6, arcs) array
    halves, highest : (arcs,) array
        Half their lengths, and the greater of the values at their ends.
    floor : float
    """
    ff, fs, fc, ss, sc, cc = polynomials
    # The second and third derivatives from the harmonics; along short arcs, where these are large
    # and cancel, from the sizes of the constraint and of its derivatives.
    simple, double = 2 * np.hypot(fc - cc, fs - sc), np.hypot((cc - ss) / 2, sc)
    size, slope, curve = np.sqrt(ff), np.sqrt(ss), np.sqrt(cc)
    reach = np.minimum(halves, 1.5)
    size += reach * slope + reach**2 * curve
    slope, curve = slope + reach * curve, curve + reach * slope
    bend = np.minimum(simple + 4 * double, 2 * (slope**2 + size * curve))
    twist = np.minimum(simple + 8 * double, 2 * slope * (3 * curve + size))
    # A chord bound, the higher end + length^2 / 8 times the largest second derivative: most arcs
    # are never opened.  Nor those whose slope in the middle is too steep to vanish before an end,
    # or whose curvature there is too large to become negative.
    halves = halves * (1 + SETTINGS.wider)
    opened = (highest + bend * halves**2 / 2 >= floor) & (halves > 0)
    opened &= (2 * np.abs(fs) <= bend * halves) & (2 * (ss - fc) <= twist * halves)
    return np.flatnonzero(opened)


def stationary(polynomials: Array, halves: Array) -> tuple[Array, Indices]:
    """Local maxima inside the arcs: angles from their middles and the indices of their arcs.

    In x = tan(u / 2) the constraint is (F + 2 x S + x^2 (F - 2 C)) / (1 + x^2), so that g^2 is
    n(x) / (1 + x^2)^2 with a quartic n, and stationary where the quartic
    n' (1 + x^2) - 4 x n vanishes.  With x in units of its limit the coefficients are no larger
    than g^2 on the arc, however short it is; the roots are the eigenvalues of the companion matrix.
    """
    owners, angles = _quartic_roots(polynomials, halves)
    own, ends = polynomials[:, owners], halves[owners]
    furthest = SETTINGS.furthest * np.minimum(ends, 1.0)
    for _ in range(3):
        slope, curvature = _derivatives(own, turns_by(angles))
        step = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature < 0)
        angles = angles - np.minimum(np.maximum(step, -furthest), furthest)
    inside = (np.abs(angles) <= ends) & (curvature < 0)
    return np.asarray(angles[inside], dtype=float), owners[inside]


def _quartic_roots(polynomials: Array, halves: Array) -> tuple[Indices, Array]:
    """The arcs and the angles of the real roots of the quartics of `stationary`."""
    ff, fs, fc, ss, sc, cc = polynomials
    unit = np.tan(np.minimum(halves, np.pi / 2) / 2)
    square = unit**2
    n0, n1, n3 = ff, 4 * unit * fs, 4 * unit * square * (fs - 2 * sc)
    n2, n4 = square * (4 * ss + 2 * ff - 4 * fc), square**2 * (ff - 4 * fc + 4 * cc)
    quartic = np.stack(
        [n1, 2 * n2 - 4 * square * n0, 3 * (n3 - square * n1), 4 * n4 - 2 * square * n2]
    )
    leading = -square * n3
    # A leading coefficient of zero would send a root to infinity: a tiny one sends it almost there
    # and moves the others by as little.
    tiny = np.maximum(SETTINGS.vanishing * np.abs(quartic).max(axis=0), np.finfo(float).tiny)
    leading = np.where(np.abs(leading) < tiny, tiny, leading)
    companion = np.zeros((len(halves), 4, 4))
    companion[:, 1, 0] = companion[:, 2, 1] = companion[:, 3, 2] = 1.0
    companion[:, :, 3] = (-quartic / leading).T
    roots = np.linalg.eigvals(companion) if len(halves) else np.empty((0, 4))
    owners, which = np.nonzero(np.abs(roots.imag) <= SETTINGS.real * np.maximum(1.0, np.abs(roots)))
    return owners, 2 * np.arctan(unit[owners] * roots.real[owners, which])
