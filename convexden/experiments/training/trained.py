"""What training returns: the network, and those on the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden import display
from convexden.network import ShallowNetwork
from convexden.problem import Interpolation

Array = NDArray[np.float64]


class Snapshot(NamedTuple):
    """A network in training: after how many epochs and seconds, at which penalty and loss."""

    epoch: int
    seconds: float
    penalty: float
    loss: float
    network: ShallowNetwork

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"epoch={self.epoch}",
            f"penalty={self.penalty:.4g}",
            f"loss={self.loss:.4g}",
            display.counted(self.network.neurons, "neuron"),
        )


@dataclass(frozen=True, eq=False)
class Trained:
    """What `train` returns.

    Attributes
    ----------
    problem : Interpolation
    network : ShallowNetwork
    cost : float
        Representation cost of the network.  It bounds nothing: the network does not quite
        interpolate.
    error : float
        Largest distance from a target that was found on the sites, see `worst_error`.
    history : tuple of Snapshot
        At epochs that are about equally far apart on a logarithmic scale.
    seconds : float
        Wall time of the training itself.
    interrupted : bool
        Whether the run was stopped before all epochs were run.
    samples : tuple of arrays (S, d) and (S, p), or None
        The noisy samples and their targets that all epochs saw; None if they were drawn anew.
    """

    problem: Interpolation
    network: ShallowNetwork
    cost: float
    error: float
    history: tuple[Snapshot, ...]
    seconds: float
    interrupted: bool
    samples: tuple[Array, Array] | None = None

    def __repr__(self) -> str:
        """One line with what matters."""
        return display.one_line(
            self,
            f"cost={self.cost:.5g}",
            f"error={self.error:.2g}",
            display.counted(self.network.neurons, "neuron"),
            "interrupted" if self.interrupted else "",
        )
