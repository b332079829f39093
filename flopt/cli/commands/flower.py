"""The commands about Flower apps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flopt.cli import app, options


@app.command()
def validate(
    folder: options.Folder,
    run: Annotated[str, typer.Option("--run", metavar="RUN[@ROUND]", help="A point, as `flopt front` names it.")],
    superlink: Annotated[
        str, typer.Option(metavar="NAME", help="Your own connection of `flwr`. Default: a SuperLink just for this.")
    ] = "",
    as_json: options.Json = False,
) -> None:
    """Run one point of a Flower app's front by `flwr run`, and compare it with what the search saw."""
    from flopt.cli.validate import print_validation

    raise typer.Exit(print_validation(folder, run, superlink, as_json=as_json))


@app.command()
def export(
    folder: options.Folder,
    run: Annotated[str, typer.Option("--run", metavar="RUN[@ROUND]", help="A point, as `flopt front` names it.")],
    flower_app: Annotated[Path, typer.Option("--flower-app", metavar="APP", help="The folder that `flwr run` takes.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the change, and change nothing.")] = False,
) -> None:
    """Write a point's plan into the run-config of a Flower app; comments and order stay."""
    from flopt.cli.flower_export import export_to_app

    raise typer.Exit(export_to_app(folder, run, flower_app, dry_run=dry_run))
