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


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new study folder.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What the runs left behind.")],
    kind: Annotated[
        str, typer.Option("--from", metavar="FORMAT", help="csv, flower, codecarbon, nvflare or tensorboard.")
    ],
    study: Annotated[
        Path | None, typer.Option("--study", metavar="FILE", help="Task, fleet and pricing, and [plan] of the runs.")
    ] = None,
    settings: options.Settings = [],  # noqa: B006
    predict_counts: Annotated[
        bool, typer.Option("--predict-counts", help="Clients, samples and bytes that no file says: from the plan.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Make a study folder from runs of other tools, for `flopt front`, `recommend` and `reprice`.

    The CSV has one line for each round: run, round, accuracy, clients, samples, download_bytes, upload_bytes; if you
    like loss, seconds, energy_kwh, co2e_kg, flop_per_sample, and any setting of a plan such as local_epochs.
    """
    from flopt.cli.importing import import_runs

    code = import_runs(folder, kind, files, study, settings, predict_counts=predict_counts, as_json=as_json)
    raise typer.Exit(code)
