"""What a network is charged for: the cost of this package, and those of its neighbors.

A cost is data.  Whoever takes a problem whose cost is not the default one and does not know it has
to refuse it: `Interpolation.plain` does so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convexden import arguments, display
from convexden.errors import InvalidInput, InvalidProblem

if TYPE_CHECKING:
    from convexden.network import ShallowNetwork

Array = NDArray[np.float64]

NORMS = ("l2", "l1")
LARGEST = 1e9  # of the penalty and the origin: their squares and products are far from the range


@dataclass(frozen=True)
class Cost:
    r"""The cost :math:`\sum_k |a_k| \, \Omega(w_k, b_k)` of a network, and its free affine part.

    .. math:: \Omega(w, b) = \sqrt{|w|_2^2 + \kappa^2 (b + w^T o)^2} \quad \text{or} \quad
              |w|_1 + \kappa |b + w^T o|

    The skip connection and the offset are free if there may be any.

    Parameters
    ----------
    skip : bool, optional
        Whether there may be a skip connection :math:`V`; without one it is zero.
    bias : float, optional
        The penalty :math:`\kappa \ge 0` on biases, one over a length; 0 leaves them free.
    origin : float or (d,) array, optional
        The point o from which biases are counted; zeros by default.  It matters for penalized
        biases alone.
    norm : {"l2", "l1"}, optional
        Of the input weights; output weights are measured by their Euclidean length.
    offset : bool, optional
        Whether there may be an offset :math:`c`; without one it is zero.

    Raises
    ------
    InvalidInput
        If an argument is of the wrong type or out of its range; or if there may be no offset, but
        biases are free: a hinge of weight zero then makes one for nothing.

    Examples
    --------
    >>> import convexden as cd
    >>> cd.Cost(skip=False)
    Cost(no skip connection)
    >>> network = cd.ShallowNetwork([[2.0]], [[3.0]], [-4.0])
    >>> cd.Cost().of(network), cd.Cost(bias=1.0).of(network), cd.Cost(bias=1, norm="l1").of(network)
    (6.0, 10.0, 14.0)
    """

    skip: bool = True
    bias: float = 0.0
    origin: tuple[float, ...] | None = None
    norm: Literal["l2", "l1"] = "l2"
    offset: bool = True

    if TYPE_CHECKING:  # what is given need not be a tuple yet

        def __init__(
            self,
            skip: bool = True,
            bias: float = 0.0,
            origin: ArrayLike | None = None,
            norm: str = "l2",
            offset: bool = True,
        ) -> None:
            """Anything that NumPy makes arrays of."""

    def __post_init__(self) -> None:
        """Check the arguments."""
        for name in ("skip", "offset"):
            given = getattr(self, name)
            if not isinstance(given, (bool, np.bool_)):
                raise InvalidInput(f"{name} is {arguments.shown(given)}: give True or False")
            object.__setattr__(self, name, bool(given))
        bias = arguments.number("bias", self.bias, least=0.0, most=LARGEST)
        object.__setattr__(self, "bias", bias)
        if not (self.offset or bias):
            raise InvalidInput(
                "offset is False, but with free biases a hinge is an offset that costs nothing: "
                "give bias > 0"
            )
        arguments.choice("norm", self.norm, NORMS)
        if self.origin is not None:
            origin = np.atleast_1d(arguments.array("the coordinates of the origin", self.origin))
            if origin.ndim != 1 or not origin.size:
                raise InvalidProblem(f"origin has shape {origin.shape}: give one point")
            if np.abs(origin).max() > LARGEST:
                raise InvalidProblem(f"origin is beyond {LARGEST:g}: rescale the data")
            object.__setattr__(self, "origin", tuple(origin.tolist()))

    def __repr__(self) -> str:
        """One line with what differs from the default."""
        return display.one_line(self, self.description)

    @property
    def description(self) -> str:
        """What differs from the default, in words; "" for the default."""
        origin = "" if self.origin is None else f" from {display.vector(self.origin)}"
        parts = [
            "" if self.skip else "no skip connection",
            "" if self.offset else "no offset",
            f"biases times {display.number(self.bias)}{origin}" if self.bias else "",
            "l1 norm" if self.norm == "l1" else "",
        ]
        return ", ".join(part for part in parts if part)

    @property
    def default(self) -> bool:
        """Whether this is the cost of `convexden.solve` without any: skip connection and biases are
        free, and the norm is Euclidean.
        """
        return self.skip and self.bias == 0.0 and self.norm == "l2"

    def point(self, dimension: int) -> Array:
        """The origin (d,) in a space of this dimension.

        Raises
        ------
        InvalidProblem
            If it has other coordinates.
        """
        if self.origin is None:
            return np.zeros(dimension)
        if len(self.origin) != dimension:
            raise InvalidProblem(
                f"the cost's origin has {len(self.origin)} coordinates and the centers "
                f"{dimension}: give both the same"
            )
        return np.array(self.origin)

    def of(self, network: ShallowNetwork) -> float:
        """The cost of a network, whether or not it may skip."""
        if self.default:
            return network.representation_cost
        sizes = np.linalg.norm(network.output_weights, axis=1)
        return float(sizes @ self.weights(network.input_weights, network.biases))

    def weights(self, normals: Array, biases: Array) -> Array:
        r"""The :math:`\Omega(w_k, b_k)` (K,) of input weights (K, d) and biases (K,)."""
        shifted = self.bias * (biases + normals @ self.point(normals.shape[1]))
        if self.norm == "l1":
            return np.abs(normals).sum(axis=1) + np.abs(shifted)
        return np.hypot(np.linalg.norm(normals, axis=1), shifted)


DEFAULT = Cost()
"""The representation cost."""
