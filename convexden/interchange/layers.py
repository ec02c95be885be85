r"""The arrays of a shallow network from the linear layers of other libraries.

A linear layer is :math:`y \mapsto W y + b` with weights W of shape (outputs, inputs) and biases b
(outputs,), as in PyTorch.  A shallow network has a hidden layer (K, d), an output layer (p, K) and
perhaps a skip connection (p, d).  Shapes are checked, and nothing is transposed or reshaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise, permutations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convexden import arguments
from convexden.errors import InvalidProblem

Array = NDArray[np.float64]

ROLES = ("hidden", "output", "skip")


class Layer(NamedTuple):
    """Weights (outputs, inputs) and biases (outputs,) of a linear layer."""

    weight: Array
    bias: Array


class LayerArrays(NamedTuple):
    """The arguments of a `ShallowNetwork`."""

    output_weights: Array
    input_weights: Array
    biases: Array
    skip: Array
    offset: Array


def from_layers(hidden: object, output: object, skip: object = None) -> LayerArrays:
    """The arrays of a network with these layers, see `ShallowNetwork.from_layers`.

    Raises
    ------
    InvalidProblem
        If a layer is none, or they do not fit together.
    """
    first, last = _layer("hidden", hidden), _layer("output", output)
    bypass = None if skip is None else _layer("skip", skip)
    if not _fit(first, last, bypass):
        shapes = f"hidden {first.weight.shape}, output {last.weight.shape}"
        shapes += "" if bypass is None else f", skip {bypass.weight.shape}"
        raise InvalidProblem(
            f"the layers do not fit together: weights are {shapes}; give hidden (K, d), "
            "output (p, K) and skip (p, d), as in PyTorch, transposed if need be"
        )
    return _arrays(first, last, bypass)


def from_state(state: object, names: Mapping[str, str | None]) -> LayerArrays:
    """The arrays of a network with this state, see `ShallowNetwork.from_state_dict`.

    Parameters
    ----------
    state : mapping
        From "NAME.weight" and "NAME.bias" to arrays.
    names : mapping
        From "hidden", "output" and "skip" to the name of a layer, or None.

    Raises
    ------
    InvalidProblem
        If it has other entries, or its layers fit together in no way or in several.
    """
    layers = _layers(state)
    for role, name in names.items():
        if name is not None and name not in layers:
            raise InvalidProblem(
                f"the state has no layer {name!r} for {role}: choose from {_listed(layers)}"
            )
    if len(layers) not in (2, 3):
        raise InvalidProblem(
            f"the state has {len(layers)} linear layers ({_listed(layers)}): a shallow network has "
            "a hidden and an output layer, and perhaps a skip connection"
        )
    if len(layers) == 3 and not any(names.values()) and _may_be_deep(layers):
        raise InvalidProblem(
            f"the layers {_listed(layers)} may follow one another, in a network that is not "
            "shallow: if one is a skip connection from inputs to outputs, say which by skip=..."
        )
    chosen = [
        roles
        for roles in _orders(layers)
        if all(names.get(role) in (None, name) for role, name in roles.items())
        and _fit(*(layers[roles[role]] if role in roles else None for role in ROLES))
    ]
    if not chosen:
        shapes = ", ".join(f"{name} {layer.weight.shape}" for name, layer in layers.items())
        raise InvalidProblem(
            f"the layers do not fit together: weights are {shapes}; a shallow network has hidden "
            "(K, d), output (p, K) and perhaps skip (p, d)"
        )
    if len(chosen) > 1:
        raise InvalidProblem(
            f"the layers {_listed(layers)} fit together in several ways: say which is which by "
            "hidden=..., output=... and skip=..."
        )
    return _arrays(*(layers[chosen[0][role]] if role in chosen[0] else None for role in ROLES))


def _arrays(*layers: Layer | None) -> LayerArrays:
    """The arguments of the network of a hidden, an output and a skip layer that fit."""
    first, last, bypass = layers
    assert first is not None
    assert last is not None
    p, d = len(last.weight), first.weight.shape[1]
    skip = np.zeros((p, d)) if bypass is None else bypass.weight
    offset = last.bias if bypass is None else last.bias + bypass.bias
    return LayerArrays(last.weight.T, first.weight, first.bias, skip, offset)


def _fit(*layers: Layer | None) -> bool:
    """Whether a hidden, an output and a skip layer, if there is one, make a network."""
    first, last, bypass = layers
    if first is None or last is None or last.weight.shape[1] != len(first.weight):
        return False
    return bypass is None or bypass.weight.shape == (len(last.weight), first.weight.shape[1])


def _may_be_deep(layers: Mapping[str, Layer]) -> bool:
    """Whether each layer fits on the one before it, and none is called a skip connection."""
    if any("skip" in name.lower() for name in layers):
        return False
    weights = [layer.weight for layer in layers.values()]
    return all(later.shape[1] == len(earlier) for earlier, later in pairwise(weights))


def _orders(layers: Mapping[str, Layer]) -> Iterable[dict[str, str]]:
    """Which layer may be which.  Two are the hidden and the output one in their order: where there
    are as many outputs as inputs, their shapes fit in the other order as well."""
    if len(layers) == 2:
        return [dict(zip(ROLES, layers, strict=False))]
    return [dict(zip(ROLES, order, strict=True)) for order in permutations(layers)]


def _layers(state: object) -> dict[str, Layer]:
    """The linear layers of a state by name, in its order."""
    if not isinstance(state, Mapping):
        raise InvalidProblem(
            f"the state is of type {type(state).__name__}: give a module's .state_dict()"
        )
    entries = {str(key): value for key, value in state.items()}
    parts: dict[str, dict[str, Any]] = {}
    for key, value in entries.items():
        name, _, kind = key.rpartition(".")
        if kind not in ("weight", "bias"):
            raise InvalidProblem(
                f"the state's {key!r} is neither a weight nor a bias of a linear layer: give the "
                "layers to from_layers, or the arrays to ShallowNetwork"
            )
        parts.setdefault(name, {})[kind] = value
    lonely = next((name for name, part in parts.items() if "weight" not in part), None)
    if lonely is not None:
        raise InvalidProblem(f"the state has a bias but no weight of the layer {lonely!r}")
    return {name: _layer(name, (part["weight"], part.get("bias"))) for name, part in parts.items()}


def _layer(name: str, given: object) -> Layer:
    """A layer from a module, from weights and biases, or from weights alone."""
    if hasattr(given, "weight"):
        given = tuple(_snapshot(getattr(given, part, None)) for part in ("weight", "bias"))
    weight, bias = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    matrix = arguments.array(f"the weights of {name}", weight)
    if matrix.ndim != 2 or not matrix.size:
        raise InvalidProblem(
            f"the weights of {name} have shape {matrix.shape}: give (outputs, inputs), and the "
            "layer as a module, as (weights, biases) or as weights"
        )
    if bias is None:
        return Layer(matrix, np.zeros(len(matrix)))
    shift = arguments.array(f"the biases of {name}", bias)
    if shift.shape != (len(matrix),):
        raise InvalidProblem(
            f"the biases of {name} have shape {shift.shape}: give ({len(matrix)},), one per output"
        )
    return Layer(matrix, shift)


def _snapshot(parameter: Any) -> Any:
    """The present values of a module's parameter, which needs a gradient as a rule."""
    detach = getattr(parameter, "detach", None)
    return parameter if detach is None else detach()


def _listed(layers: Mapping[str, Layer]) -> str:
    """The names of layers."""
    return ", ".join(repr(name) for name in layers)
