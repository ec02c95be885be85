"""The command formulations."""

from __future__ import annotations

import typer


def list_formulations() -> None:
    """List the convex programs that solve takes for --formulation: what each is and applies to.

    Lower bounds come with the network of ramps.
    """
    from convexden.solving.formulations import registry

    typer.echo("\n\n".join(str(formulation) for formulation in registry.values()))
