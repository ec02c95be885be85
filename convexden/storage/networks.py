"""Networks as .npz files, which numpy reads without this package.

The arrays have the names of the arguments of `ShallowNetwork`: ``input_weights`` (K, d), ``biases``
(K,), ``output_weights`` (K, p), ``skip`` (p, d) and ``offset`` (p,), and, of a network that is
`two_part`, ``output_weights_low`` or ``biases_low``.  The function is
``np.maximum(y @ input_weights.T + biases, 0) @ output_weights + y @ skip.T + offset``.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from convexden import arguments
from convexden.errors import InvalidInput, InvalidProblem
from convexden.network import ShallowNetwork
from convexden.storage.files import whole_file

ARRAYS = ("output_weights", "input_weights", "biases", "skip", "offset")
LOW = ("output_weights_low", "biases_low")


def save_network(network: ShallowNetwork, path: str | Path) -> None:
    """Write a network to a .npz file, whole or not at all.

    Parameters
    ----------
    network : ShallowNetwork
    path : str or Path
        Ends in .npz.

    Raises
    ------
    InvalidInput
        If the name ends otherwise.
    InvalidProblem
        If the file cannot be written.
    """
    arguments.instance("network", network, ShallowNetwork)
    path = arguments.path(path)
    if path.suffix.lower() != ".npz":
        raise InvalidInput(f"{path} is no file of arrays: end its name in .npz")
    held = {name: getattr(network, name) for name in (*ARRAYS, *LOW)}
    arrays = {name: array for name, array in held.items() if array is not None}
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def load_network(path: str | Path) -> ShallowNetwork:
    """Read a network from a .npz file that `save_network` wrote.

    Returns
    -------
    ShallowNetwork

    Raises
    ------
    InvalidProblem
        If the file cannot be read, or does not hold a network.
    """
    path = arguments.path(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in ARRAYS if name not in file.files]
            if missing:
                raise InvalidProblem(f"{path} holds no network: there is no array {missing[0]}")
            arrays = {name: file[name] for name in (*ARRAYS, *LOW) if name in file.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        if isinstance(error, InvalidProblem):
            raise
        raise InvalidProblem(
            f"{path} cannot be read: give a .npz file that save_network wrote"
        ) from error
    return ShallowNetwork(**arrays)
