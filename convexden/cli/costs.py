"""The option --cost of `solve` and `fit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convexden.errors import InvalidInput

if TYPE_CHECKING:
    from convexden.cost import Cost

CostOption = Annotated[
    str | None,
    typer.Option(
        "--cost",
        metavar="WORDS",
        help="What networks are charged for: of no-skip, no-offset, bias=KAPPA (a penalty on "
        "biases), origin=X:Y (the point they are counted from) and l1 those that apply, with "
        "commas.",
        show_default="no penalty on biases, a free skip connection and offset, l2 norm",
    ),
]


def read_cost(words: str | None) -> Cost:
    """The cost that the option states; the default without it.

    Raises
    ------
    InvalidInput
        If a word is unknown or a number is none.
    """
    from convexden.cost import Cost

    skip = offset = True
    bias, origin, norm = 0.0, None, "l2"
    for word in (words or "").split(",") if words is not None else []:
        name, _, value = word.strip().partition("=")
        if name == "bias":
            bias = _number(value)
        elif name == "origin":
            origin = [_number(each) for each in value.split(":")]
        elif value or name not in ("no-skip", "no-offset", "l1", "l2"):
            raise InvalidInput(
                f"--cost: {word.strip()!r} is not a word of it: give no-skip, no-offset, "
                "bias=KAPPA, origin=X:Y, l1"
            )
        else:
            skip, offset = skip and name != "no-skip", offset and name != "no-offset"
            norm = name if name in ("l1", "l2") else norm
    return Cost(skip, bias, origin, norm, offset)


def _number(text: str) -> float:
    """A number of the option."""
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"--cost: {text!r} is not a number") from None
