"""The command formulations."""

from __future__ import annotations

import typer

from convexden.cli.results import Document, print_json


def list_formulations(json: Document = False) -> None:
    """List the convex programs that solve takes for --formulation: what each is and applies to.

    Lower bounds come with the network of ramps.
    """
    from convexden.solving.formulations import registry

    if json:
        print_json([{"name": name, "text": str(each)} for name, each in registry.items()])
        return
    typer.echo("\n\n".join(str(formulation) for formulation in registry.values()))
