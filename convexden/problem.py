"""The interpolation problem: balls and samples with targets, its validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.cost import DEFAULT, Cost
from convexden.errors import InvalidProblem, NotSupported
from convexden.geometry.hull import Hull
from convexden.geometry.meetings import apart, clashing_pair

Array = NDArray[np.float64]

# Squares of larger numbers, and of differences below its inverse, leave the range of float64.
LARGEST = 1e100
# Dimensions up to which samples are solved under another cost than the default.
MOST_INPUTS = 4


@dataclass(frozen=True, eq=False)
class Interpolation:
    r"""Find the network of least representation cost with :math:`h(y) = t_n` on every site.

    Site n is the closed ball :math:`B(y_n, r_n)`; a site of radius 0 is a sample.

    Parameters
    ----------
    centers : (N, d) array
        The :math:`y_n`; an array (N,) means d = 1.
    targets : (N, p) array
        The :math:`t_n`; an array (N,) means p = 1.
    radii : float or (N,) array, optional
        The :math:`r_n \ge 0`, in the units of the centers.
    cost : Cost, optional
        What networks are charged for; their representation cost by default.

    Raises
    ------
    InvalidProblem
        If shapes do not fit, a number is not finite, a radius is negative, fewer than two centers
        differ, or sites that meet have different targets.
    """

    centers: Array
    targets: Array
    radii: Array = 0.0  # type: ignore[assignment]  # a scalar is broadcast
    cost: Cost = DEFAULT

    if TYPE_CHECKING:  # what is given need not be an array yet

        def __init__(
            self,
            centers: ArrayLike,
            targets: ArrayLike,
            radii: ArrayLike = 0.0,
            cost: Cost = ...,
        ) -> None:
            """Anything that NumPy makes arrays of."""

    def __post_init__(self) -> None:
        """Check the numbers, and make the arrays read-only."""
        centers = as_points("centers", self.centers)
        targets = as_points("targets", self.targets)
        if len(targets) != len(centers):
            raise InvalidProblem(
                f"{len(centers)} centers but {len(targets)} targets: give one target per center"
            )
        radii = _numbers("radii", self.radii)
        if radii.ndim > 1 or radii.size not in (1, len(centers)):
            raise InvalidProblem(
                f"radii of shape {radii.shape} do not fit {len(centers)} centers: "
                "give one radius or one per center"
            )
        radii = np.broadcast_to(radii.reshape(-1), len(centers)).copy()
        if (radii < 0).any():
            raise InvalidProblem(f"radius {radii.min():g} is negative: give radii >= 0")
        arguments.instance("cost", self.cost, Cost).point(centers.shape[1])
        if (centers == centers[0]).all():
            raise InvalidProblem("fewer than two distinct points: give at least two")
        for name, points in (("centers", centers), ("targets", targets)):
            if 0 < np.abs(points - points[0]).max() < 1 / LARGEST:
                raise InvalidProblem(
                    f"{name} differ by less than {1 / LARGEST:g}: rescale the data"
                )
        for name, array in (("centers", centers), ("targets", targets), ("radii", radii)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        self._check_meeting_sites()

    def __len__(self) -> int:
        """Number of sites N."""
        return len(self.centers)

    def __repr__(self) -> str:
        """One line with what matters."""
        radii = self.radii_in_words
        return display.one_line(
            self,
            self.description,
            f"targets in R^{self.output_dimension}",
            f"radii {radii}" if radii else "",
            self.cost.description,
        )

    def __reduce__(self) -> tuple[type[Interpolation], tuple[object, ...]]:
        """Pickle by the arguments of the constructor."""
        # A copy is validated like the original, and as read-only.
        return Interpolation, (self.centers, self.targets, self.radii, self.cost)

    @property
    def description(self) -> str:
        """What the sites are, in words: "3 balls in R^2"."""
        balls = int((self.radii > 0).sum())
        kinds = [(balls, "ball"), (len(self) - balls, "sample")]
        words = " and ".join(display.counted(*kind) for kind in kinds if kind[0])
        return f"{words} in R^{self.input_dimension}"

    @property
    def radii_in_words(self) -> str:
        """The radii of the balls: "0.1", "0.1 to 0.2", or "" if there are none."""
        radii = self.radii[self.radii > 0]
        if not len(radii):
            return ""
        least, most = display.number(radii.min()), display.number(radii.max())
        return least if least == most else f"{least} to {most}"

    @property
    def input_dimension(self) -> int:
        """Input dimension d."""
        return int(self.centers.shape[1])

    @property
    def output_dimension(self) -> int:
        """Output dimension p."""
        return int(self.targets.shape[1])

    @cached_property
    def hull(self) -> Hull:
        """The affine hull of the centers."""
        return Hull.of(self.centers)

    @property
    def rank(self) -> int:
        """How many dimensions the centers span, at least 1, up to the rounding of their numbers."""
        return len(self.hull.basis)

    @cached_property
    def input_spread(self) -> float:
        """Largest distance of a center from the mean of the centers."""
        return _spread(self.centers)

    @cached_property
    def target_spread(self) -> float:
        """Largest distance of a target from the mean of the targets."""
        return _spread(self.targets)

    def part(self, sites: NDArray[np.intp]) -> Interpolation:
        """The problem of these sites, rising; itself if it has no others."""
        if len(sites) == len(self):
            return self
        return Interpolation(self.centers[sites], self.targets[sites], self.radii[sites], self.cost)

    def plain(self, asker: str) -> Interpolation:
        """The problem itself; refuse one with another cost than the default.

        Raises
        ------
        NotSupported
            That names who asks.
        """
        if not self.cost.default:
            raise NotSupported(
                f"{asker} is for the default cost, this one has {self.cost.description}: leave the "
                "cost out"
            )
        return self

    @property
    def skip_is_free(self) -> bool:
        """Whether the cost is the default one but for the skip connection, which one ball makes
        superfluous (`convexden.theorems.flip`): minimum and minimizers are those of the default.
        """
        cost = self.cost
        superfluous = cost.bias == 0.0 and cost.norm == "l2" and bool(self.radii.any())
        return not cost.default and superfluous

    def check_cost(self) -> None:
        """Refuse another cost than the default where nobody knows how to certify its minimum.

        Raises
        ------
        NotSupported
            For balls beyond the line, unless the skip connection is all that differs, and for
            samples in more than `MOST_INPUTS` dimensions.
        """
        cost, d, balls = self.cost, self.input_dimension, bool(self.radii.any())
        if cost.default or self.skip_is_free or (d == 1 and cost.offset):
            return
        if balls:
            raise NotSupported(
                f"balls in R^{d} with {cost.description}: the hinges that touch balls are priced "
                "for free biases in the l2 norm alone; give samples, or leave the cost out"
            )
        if d > MOST_INPUTS:
            raise NotSupported(
                f"samples in R^{d} with {cost.description}: they are solved in up to {MOST_INPUTS} "
                "dimensions, where the faces of their activation patterns can be enumerated; leave "
                "the cost out"
            )

    def _check_meeting_sites(self) -> None:
        """Refuse sites that meet, if only in one point, and have different targets."""
        if apart(self.centers, self.radii):
            return
        pair = clashing_pair(self.centers, self.targets, self.radii)
        if pair is not None:
            first, last = pair
            distance = np.linalg.norm(self.centers[first] - self.centers[last])
            kind = "balls" if self.radii[[first, last]].all() else "a sample and a ball"
            raise InvalidProblem(
                f"sites {first} and {last} ({kind}) meet but have different targets: "
                f"lower the radii (the centers are {distance:.4g} apart) or "
                "give both the same target"
            )
        samples = np.flatnonzero(self.radii == 0)
        if samples.size > 1:
            order = samples[np.lexsort(self.centers[samples].T)]
            same = (self.centers[order[1:]] == self.centers[order[:-1]]).all(axis=1)
            clash = same & (self.targets[order[1:]] != self.targets[order[:-1]]).any(axis=1)
            if clash.any():
                i = int(np.argmax(clash))
                first, last = sorted((int(order[i]), int(order[i + 1])))
                raise InvalidProblem(
                    f"sites {first} and {last} are the same sample with different targets: "
                    "remove one of them"
                )


def denoising(
    clean: ArrayLike,
    *,
    radius: float | ArrayLike | None = None,
    noisy: ArrayLike | Sequence[ArrayLike] | None = None,
) -> Interpolation:
    """The denoising problem of clean points: map noise balls, or noisy samples, to them.

    Parameters
    ----------
    clean : (N, d) array
        The clean points; an array (N,) means d = 1.  Images (N, H, W) or (N, H, W, C) are points,
        row after row.
    radius : float or (N,) array
        Every point of the ball of this radius around clean point n is mapped to it.
    noisy : (N, M, d) array or list of N arrays (M_n, d)
        Every noisy sample of clean point n is mapped to it.  With d = 1, (N, M) and (M_n,) do.
        Of images they are images as well.

    Returns
    -------
    Interpolation
        With radii, or with one site of radius 0 per noisy sample, in order.

    Raises
    ------
    InvalidProblem
        If not exactly one of `radius` and `noisy` is given, or see `Interpolation`.
    """
    if (radius is None) == (noisy is None):
        raise InvalidProblem("give either radius=... or noisy=..., not both and not neither")
    clean = _numbers("clean", clean)
    read = _images_as_points if clean.ndim > 2 else as_points
    clean = read("clean", clean)
    if radius is not None:
        return Interpolation(clean, clean, radius)
    try:
        clusters = list(noisy)  # type: ignore[arg-type]
    except TypeError:
        clusters = []
    if len(clusters) != len(clean):
        raise InvalidProblem(
            f"{len(clean)} clean points but {len(clusters)} groups of noisy samples: "
            "give one group per clean point"
        )
    samples = [read(f"noisy[{n}]", cluster) for n, cluster in enumerate(clusters)]
    for n, cluster in enumerate(samples):
        if cluster.shape[1] != clean.shape[1]:
            raise InvalidProblem(
                f"noisy[{n}] has {cluster.shape[1]} coordinates a sample, the clean points "
                f"{clean.shape[1]}: give both the same"
            )
    counts = [len(cluster) for cluster in samples]
    return Interpolation(np.concatenate(samples), np.repeat(clean, counts, axis=0))


def _numbers(name: str, values: Any) -> Array:
    """Finite numbers of a size that can be squared, at least one."""
    array = arguments.array(name, values)
    if array.size == 0:
        raise InvalidProblem(f"{name} are empty: give at least one number")
    if np.abs(array).max() > LARGEST:
        raise InvalidProblem(f"{name} hold numbers beyond {LARGEST:g}: rescale the data")
    return array


def as_points(name: str, values: Any) -> Array:
    """Finite numbers as points (N, d), one a row; numbers (N,) are points of a line.

    Raises
    ------
    InvalidProblem
        If they are no such numbers; `name` says in the message what they are.
    """
    array = _numbers(name, values)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise InvalidProblem(f"{name} have shape {array.shape}: give one point a row")
    return array


def _images_as_points(name: str, values: Any) -> Array:
    """Points, or images (N, H, W) or (N, H, W, C) as points, row after row."""
    array = _numbers(name, values)
    if array.ndim in (3, 4):
        array = array.reshape(len(array), -1)
    return as_points(name, array)


def _spread(points: Array) -> float:
    """Largest distance of a point from the mean."""
    return float(np.linalg.norm(points - points.mean(axis=0), axis=1).max())
