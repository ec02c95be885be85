"""A shallow network as a module of PyTorch, which is imported when one is made."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from convexden.errors import MissingDependency, NotSupported

if TYPE_CHECKING:
    from convexden.network import ShallowNetwork


def to_module(network: ShallowNetwork) -> Any:
    """The module in float64, see `ShallowNetwork.to_torch`.

    Raises
    ------
    MissingDependency
        If PyTorch is not installed.
    NotSupported
        If a number of the network is the sum of two floats.
    """
    made = module_class()
    import torch

    if network.two_part:
        raise NotSupported(
            "numbers of this network are sums of two floats, which PyTorch cannot hold: make a "
            "ShallowNetwork of the first ones alone, and see how far it is off"
        )
    module = made(network.input_dimension, network.neurons, network.output_dimension)
    arrays = {
        "hidden.weight": network.input_weights,
        "hidden.bias": network.biases,
        "output.weight": network.output_weights.T,
        "output.bias": network.offset,
        "skip.weight": network.skip,
    }
    # `torch.tensor` copies: the arrays of a network are read-only.
    module.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return module


@cache
def module_class() -> Any:
    """The class of the modules, the same in every call."""
    try:
        import torch
    except ImportError as error:
        raise MissingDependency(
            'to_torch needs PyTorch, which is not installed: run `pip install "convexden[train]"`'
        ) from error

    class ShallowModule(torch.nn.Module):  # type: ignore[misc]  # torch is not typed here
        """Layers hidden, output and skip: output(relu(hidden(y))) + skip(y)."""

        def __init__(self, inputs: int, neurons: int, outputs: int) -> None:
            """Layers of these sizes, not initialized."""
            super().__init__()
            kind = {"dtype": torch.float64}
            self.hidden = torch.nn.utils.skip_init(torch.nn.Linear, inputs, neurons, **kind)
            self.output = torch.nn.utils.skip_init(torch.nn.Linear, neurons, outputs, **kind)
            self.skip = torch.nn.utils.skip_init(
                torch.nn.Linear, inputs, outputs, bias=False, **kind
            )

        def forward(self, points: Any) -> Any:
            """The outputs (..., p) at points (..., d)."""
            return self.output(torch.relu(self.hidden(points))) + self.skip(points)

    # Where pickle finds it, through `__getattr__`.
    ShallowModule.__qualname__ = ShallowModule.__name__
    return ShallowModule


def __getattr__(name: str) -> Any:
    """The class by its name, as pickle asks for it."""
    if name == "ShallowModule":
        return module_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
