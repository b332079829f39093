"""The commands and their options; what each does lives in a module that is imported only when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from flopt.cli import app
from flopt.version import __version__


@app.callback(invoke_without_command=True)
def flopt(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Carbon-aware tuner for federated learning: the accuracy you need for the least CO2e."""
    if version:
        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


# In the order of `flopt --help`.
from flopt.cli.commands import searching, reading, showing, pricing, flower  # noqa: E402, F401, I001  # they register themselves
