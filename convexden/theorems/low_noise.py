"""At low noise the univariate minimum-norm denoiser beats the empirical MMSE denoiser."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments
from convexden.errors import InvalidProblem
from convexden.problem import Interpolation
from convexden.theorems import mmse, univariate
from convexden.theorems._claims import ClosedForm, Instance, one_radius
from convexden.theorems._theorem import Theorem
from convexden.theorems._verdicts import TOLERANCE, Result, Verdict, compare
from convexden.theorems.mmse.densities import Density

Array = NDArray[np.float64]

CLUSTERS = "Gaussian clusters"
KINDS = (
    "uniform",
    "normal",
    "beta",
    "exponential",
    "normal mixture",
    "separate pieces",
    CLUSTERS,
)

NODES = 64  # of the Gauss-Legendre rule on each half gap
LOW = 0.5  # up to this fraction of the scale of the expansion the noise is low


def hypotheses(
    points: ArrayLike,
    radius: ArrayLike,
    density: Density | None = None,
    kappa: float = 1.0,
    targets: ArrayLike | None = None,
    sigma: float | None = None,
) -> Interpolation:
    """The problem, if it is univariate with balls of one radius, or clusters of samples that keep
    to their own sides of gaps, and the noise is low.

    Raises
    ------
    InvalidProblem
        If it is not, if no new clean points lie between the known ones, or if sigma (that of the
        samples, of balls radius / kappa) is more than half of the noise level at which the
        expansion of `closed_form` vanishes.
    """
    problem = univariate.hypotheses(points, radius, targets)
    if targets is None:
        one_radius(problem)
        if sigma is not None:
            raise InvalidProblem(
                "sigma goes with samples, that of balls is radius / kappa: omit it"
            )
        reaches: float | Array = arguments.number("kappa", kappa, above=0.0)
        sigma = float(problem.radii[0]) / kappa
    else:
        sigma = arguments.number("sigma", sigma, above=0.0)
        reaches = _reaches(problem) / sigma
    if density is not None:
        low = LOW * scale(problem.targets, density, reaches)
        if low == 0:
            raise InvalidProblem(
                "the density is 0 between the clean points: there both denoisers are as good"
            )
        if sigma > low:
            named = "sigma = radius / kappa" if targets is None else "sigma"
            raise InvalidProblem(
                f"the noise is not low: lower {named} from {sigma:.6g} to at most {low:.6g}"
            )
    return problem


def closed_form(
    points: ArrayLike,
    radius: ArrayLike,
    density: Density | None = None,
    kappa: float = 1.0,
    targets: ArrayLike | None = None,
    sigma: float | None = None,
) -> ClosedForm:
    r"""The univariate denoiser, which has the smaller mean squared error at low noise.

    Clean points :math:`x_n` are known, new ones x come from a density p, and
    :math:`y = x + \sigma z` with standard Gaussian noise is observed.  The minimum-norm
    denoiser is that of balls of radius :math:`\rho = \kappa \sigma`, or of clusters of finitely
    many noisy samples :math:`x_n + \sigma z_{nm}`, at least two of the outermost points.  The
    empirical MMSE denoiser is the posterior mean if only the known points could occur.

    Theorem: if p has mass between the clean points, and is bounded and piecewise smooth with a
    finite variance, the minimum-norm denoiser has the smaller population mean squared error for
    all small enough :math:`\sigma`.

    Proof: with the gaps :math:`\Delta_n` and the position :math:`v = (x - x_n) / \Delta_n` in them

    .. math::

        \mathrm{MSE}_{\text{empirical}} - \mathrm{MSE}_{\text{minimum-norm}} &=
            e_0 - c\, \sigma^2 + O(\sigma^3) , \\
        e_0 &= \sum_n \int_{x_n}^{x_{n+1}} \min(x - x_n,\, x_{n+1} - x)^2 \, p(x)\, dx > 0 , \\
        c &= \sum_n \int_{x_n}^{x_{n+1}}
             \bigl(1 + (\kappa_n (1 - v) - \kappa'_n v)^2\bigr)\, p(x)\, dx ,

    where the noise of :math:`x_n` reaches :math:`\kappa_n \sigma` into the gap on its right, and
    that of :math:`x_{n+1}` reaches :math:`\kappa'_n \sigma` into it: both are :math:`\kappa` of
    balls, and the largest of the :math:`z_{nm}` and of the :math:`-z_{n+1,m}` of samples.  Between
    the clean points the minimum-norm denoiser interpolates: it has slope
    :math:`\Delta_n / (\Delta_n - (\kappa_n + \kappa'_n) \sigma)`, so that
    :math:`h(y) - x = \sigma z - \sigma (\kappa_n (1 - v) - \kappa'_n v) + O(\sigma^2)`, whose mean
    square is the integrand of c times :math:`\sigma^2`.  The empirical MMSE denoiser answers with
    the nearest clean point, which costs :math:`e_0`, except near the middles m of gaps: that a
    noisy point lies on the wrong
    side adds :math:`\sum_m p(m) \Delta_n \sigma^2`, that the posterior mean does not jump, but
    rises over a width of :math:`\sigma^2 / \Delta_n`, takes off the same.  Beyond the outermost
    clean points both answer with these, up to layers of width :math:`\sigma` in which they differ
    by :math:`O(\sigma)`.

    The expansion vanishes at :math:`\sigma_0 = \sqrt{e_0 / c}`.  What is called low here is
    :math:`\sigma \le \sigma_0 / 2`; on random instances the errors were found to be equal at
    :math:`\sigma_0` or above, or at no noise at which the balls are disjoint (see
    `convexden.theorems.mmse.crossing`).

    Parameters
    ----------
    points : (N,) or (N, 1) array
        The known clean points, in any order, or noisy samples of them.
    radius : float
        The radius of the balls, kappa times sigma; 0 for samples.
    density : frozen distribution of scipy.stats, optional
        Of new clean points, with an attribute ``breaks`` if it jumps or bends inside its support,
        as `convexden.theorems.mmse.Mixture` has.  The closed form does not depend on it; if it is
        given, the noise has to be low.
    kappa : float
        Radius of the balls in units of sigma.
    targets : (N,) array, optional
        The clean point of every sample; the points themselves if not given.
    sigma : float, optional
        Standard deviation of the noise, which goes with samples.

    Returns
    -------
    ClosedForm
        With a certificate.

    Raises
    ------
    InvalidProblem
        If the hypotheses do not hold.

    References
    ----------
    Zeno et al. 2023, arXiv 2311.06748, Theorem 1.

    Examples
    --------
    >>> from scipy import stats
    >>> from convexden.theorems import low_noise
    >>> result = low_noise.verify([0.0, 1.0, 2.0], 0.1, stats.uniform(0, 2))
    >>> result.verdict
    'confirmed'
    >>> for name, value in result.measured.items():
    ...     print(name, f"{value:.6g}" if value > 1e-9 else "below 1e-9")
    sigma 0.1
    minimum-norm error 0.0132477
    empirical MMSE error 0.0836623
    MMSE error 0.0090968
    accuracy below 1e-9
    """
    return univariate.connect_the_dots(hypotheses(points, radius, density, kappa, targets, sigma))


def verify(
    points: ArrayLike,
    radius: ArrayLike,
    density: Density,
    kappa: float = 1.0,
    targets: ArrayLike | None = None,
    sigma: float | None = None,
    *,
    solve: bool = False,
    tolerance: float = TOLERANCE,
) -> Result:
    """Prove the closed form by its certificate, and compare the two errors by quadrature.

    The difference has to be more than the accuracy of the quadrature.  If `solve`, the error is
    that of the computed network.
    """
    claim = closed_form(points, radius, density, kappa, targets, sigma)
    result = compare("low-noise", claim, solve=solve, tolerance=tolerance)
    network = claim.network if result.solution is None else result.solution.network
    if sigma is None:
        sigma = one_radius(claim.problem) / kappa
    found = mmse.errors(claim.problem.targets, density, sigma, network=network)
    return result.and_property(
        _verdict(found),
        {
            "sigma": found.sigma,
            "minimum-norm error": found.minimum_norm,
            "empirical MMSE error": found.empirical_mmse,
            "MMSE error": found.mmse,
            "accuracy": found.accuracy,
        },
    )


def scale(points: ArrayLike, density: Density, kappa: ArrayLike = 1.0) -> float:
    r"""The noise level :math:`\sigma_0 = \sqrt{e_0 / c}` of the expansion in `closed_form`.

    Parameters
    ----------
    points : (N,) array
        The known clean points.
    density : frozen distribution of scipy.stats
        Of new clean points.
    kappa : float or (N - 1, 2) array
        Radius of the balls in units of sigma, or how far the noise on both sides of every gap
        reaches into it, from the left and from the right.

    Returns
    -------
    float
        0 if the density is 0 between the clean points.

    Examples
    --------
    For points at distance 1 and uniform data :math:`e_0 = 1/12` and
    :math:`c = 1 + \kappa^2 / 3`:

    >>> from scipy import stats
    >>> from convexden.theorems import low_noise
    >>> round(low_noise.scale([0, 1, 2, 3], stats.uniform(0, 3)), 12)  # 1/4
    0.25
    """
    clean = np.unique(arguments.array("points", points).ravel())
    if np.ndim(kappa) == 0:
        kappa = arguments.number("kappa", kappa, above=0.0)
    reaches = np.broadcast_to(arguments.array("kappa", kappa), (clean.size - 1, 2))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    ends = np.concatenate([density.support(), np.ravel(getattr(density, "breaks", ()))])
    inside = ends[(ends > clean[0]) & (ends < clean[-1])]
    cuts = np.unique(np.concatenate([clean, (clean[1:] + clean[:-1]) / 2, inside]))
    half = np.diff(cuts)[:, None] / 2
    x = (cuts[:-1, None] + half * (1 + nodes)).ravel()
    mass = (half * weights).ravel() * density.pdf(x)
    n = np.clip(np.searchsorted(clean, x) - 1, 0, clean.size - 2)
    gaps = np.diff(clean)[n]
    v = (x - clean[n]) / gaps
    least = mass @ (gaps * np.minimum(v, 1 - v)) ** 2
    growth = mass @ (1 + (reaches[n, 0] * (1 - v) - reaches[n, 1] * v) ** 2)
    return float(np.sqrt(least / growth)) if growth > 0 else 0.0


def instance(rng: np.random.Generator, kind: str) -> Instance:
    """Two to eight clean points drawn from a density, and noise from 1 to 45 % of its scale, or
    of that at which the balls, or the two to nine samples of each, meet."""
    density, kappa = _density(rng, kind), float(rng.uniform(0.5, 2.5))
    spread = density.ppf(0.75) - density.ppf(0.25)
    points = np.zeros(2)
    while np.diff(np.sort(points)).min() <= 1e-3 * spread:
        points = density.rvs(int(rng.integers(2, 9)), random_state=rng)
    share = rng.uniform(0.01, 0.9 * LOW)
    if kind != CLUSTERS:
        contact = float(np.diff(np.sort(points)).min()) / (2 * kappa)
        sigma = share * min(contact, scale(points, density, kappa))
        return Instance(points=points[:, None], radius=kappa * sigma, density=density, kappa=kappa)
    clean = np.repeat(np.sort(points)[:, None], int(rng.integers(2, 10)), axis=1)
    z = rng.standard_normal(clean.shape)
    reaches = np.column_stack([z.max(axis=1)[:-1], -z.min(axis=1)[1:]])
    room = float((np.diff(clean[:, 0]) / np.maximum(reaches.sum(axis=1), 1e-3)).min())
    sigma = share * min(room, scale(points, density, reaches))
    return Instance(
        points=(clean + sigma * z).reshape(-1, 1),
        radius=0.0,
        density=density,
        targets=clean.reshape(-1, 1),
        sigma=sigma,
    )


def _density(rng: np.random.Generator, kind: str) -> mmse.Mixture:
    """A random density of a kind, anywhere and of any size."""
    from scipy import stats

    size, shift = 10 ** rng.uniform(-1, 1), rng.standard_normal()
    shares = rng.uniform(0.2, 1.0, 3)
    match kind:
        case "uniform":
            components = [stats.uniform(shift, size)]
        case "normal":
            components = [stats.norm(shift, size)]
        case "beta":
            a, b = rng.integers(1, 6, 2)
            components = [stats.beta(a, b, shift, size)]
        case "exponential":
            components = [stats.expon(shift, size)]
        case "normal mixture" | "Gaussian clusters":
            centers, deviations = rng.uniform(-3, 3, 3), rng.uniform(0.3, 1.0, 3)
            components = [
                stats.norm(shift + size * center, size * deviation)
                for center, deviation in zip(centers, deviations, strict=True)
            ]
        case _:
            starts = np.cumsum(rng.uniform(0.2, 1.0, 6))
            components = [
                stats.uniform(shift + size * start, size * (stop - start))
                for start, stop in starts.reshape(3, 2)
            ]
    return mmse.Mixture(components, shares[: len(components)])


def _reaches(problem: Interpolation) -> Array:
    """How far the samples of neighbors reach into the gaps between them, (gaps, 2)."""
    clean, owners = np.unique(problem.targets[:, 0], return_inverse=True)
    first, last = np.full(clean.size, np.inf), np.full(clean.size, -np.inf)
    np.minimum.at(first, owners.reshape(-1), problem.centers[:, 0])
    np.maximum.at(last, owners.reshape(-1), problem.centers[:, 0])
    if problem.output_dimension != 1 or problem.radii.any() or (last <= first)[[0, -1]].any():
        raise InvalidProblem(
            "clusters are samples on the line, at least two of the outermost clean points, with "
            "clean points for targets: give radius 0 and targets (N,)"
        )
    if (last[:-1] >= first[1:]).any():
        raise InvalidProblem("the samples of two clean points overlap: lower sigma")
    return np.column_stack([(last - clean)[:-1], (clean - first)[1:]])


def _verdict(found: mmse.MeanSquaredErrors) -> Verdict:
    """Which error is smaller, by more than the accuracy of both."""
    difference = found.empirical_mmse - found.minimum_norm
    if abs(difference) <= 2 * found.accuracy:
        return "undecided"
    return "confirmed" if difference > 0 else "refuted"


THEOREM = Theorem(
    name="low-noise",
    title="Low noise: a smaller mean squared error",
    statement="d = 1, sigma -> 0: MSE(minimum norm) < MSE(empirical MMSE) on the density",
    reference="Zeno et al. 2023, arXiv 2311.06748, Theorem 1",
    kind="theorem",
    scope=(
        "points on a line, balls of one radius or finite clusters, noise below half of the level "
        "at which the expansion of the error vanishes"
    ),
    closed_form=closed_form,
    kinds=KINDS,
    instance=instance,
    verify=verify,
    order=30,
)
