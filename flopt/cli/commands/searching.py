"""The commands that search and train."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flopt.cli import app, options


@app.command()
def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it.")] = Path("study.toml"),
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
) -> None:
    """Write a study file with every key, its default and what it means."""
    from flopt.cli.init import write_template

    write_template(file, force=force)


@app.command()
def tune(
    study: options.StudyFile = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Default: studies/NAME.")] = None,
    settings: options.Settings = [],  # noqa: B006  # typer reads the default, nothing changes it
    objectives: options.Objectives = [],  # noqa: B006
    workers: Annotated[int | None, typer.Option("--workers", help="Processes that train.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the study will cost.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep front.png and report.html fresh meanwhile.")] = False,
) -> None:
    """Search for the front of a study, or go on where it stopped."""
    from flopt.cli.tune import tune_study

    raise typer.Exit(tune_study(study, out, settings, objectives, workers, dry_run=dry_run, watch=watch))


@app.command()
def ask(
    folder: options.Folder,
    study: Annotated[
        Path | None, typer.Argument(metavar="[STUDY.toml]", help="At first; later that of the folder is taken.")
    ] = None,
    another: Annotated[bool, typer.Option("--another", help="A further run, though others are not told yet.")] = False,
    settings: options.Settings = [],  # noqa: B006
    objectives: options.Objectives = [],  # noqa: B006
) -> None:
    """Print the next run for a program that trains by itself, as JSON on one line; see flopt tell."""
    from flopt.cli.ask import ask_run

    raise typer.Exit(ask_run(folder, study, settings, objectives, another=another))


@app.command()
def tell(
    folder: options.Folder,
    partial: Annotated[
        bool, typer.Option("--partial", help="Only say whether the run should stop after these rounds; keep nothing.")
    ] = False,
) -> None:
    """Take what came of a run from stdin, as JSON: {"number": 0, "rounds": [{"accuracy": 0.5, "loss": 1.2}]}."""
    from flopt.cli.tell import tell_run

    tell_run(folder, sys.stdin.buffer.read(), partial=partial)


@app.command()
def train(
    study: options.StudyFile = None,
    rounds: options.Rounds = None,
    local_epochs: options.LocalEpochs = None,
    client_fraction: options.ClientFraction = None,
    batch_size: options.BatchSize = None,
    client_lr: options.ClientLr = None,
    uplink: options.Uplink = None,
    seed: Annotated[int | None, typer.Option(help="Default: the study's.")] = None,
    settings: options.Settings = [],  # noqa: B006
    as_json: options.Json = False,
) -> None:
    """Train one plan and watch it; other settings by --set plan.server_optimizer=adam and the like."""
    from flopt.cli.train import train_plan

    plan = {
        "rounds": rounds,
        "local_epochs": local_epochs,
        "client_fraction": client_fraction,
        "batch_size": batch_size,
        "client_lr": client_lr,
        "uplink": uplink,
    }
    raise typer.Exit(train_plan(study, plan, settings, seed, as_json=as_json))


@app.command()
def record(
    study: options.StudyFile = None,
    plans: Annotated[int, typer.Option(help="Plans, spread evenly over the space.")] = 100,
    seeds: Annotated[int, typer.Option(help="Runs of each plan.")] = 3,
    rounds: Annotated[int, typer.Option(help="Rounds of each run; shorter plans are read from the same curve.")] = 100,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.npz", help="Where to write it.")] = Path("table.npz"),
    settings: options.Settings = [],  # noqa: B006
) -> None:
    """Train plans that fill the space and keep their curves, for --set oracle=FILE.npz; goes on where it stopped."""
    from flopt.cli.record import record_study

    record_study(study, settings, plans, seeds, rounds, out)


@app.command()
def doctor(folder: options.Folder, as_json: options.Json = False) -> None:
    """Examine a study folder after a crash and mend what can be; exit 1 where something is lost."""
    from flopt.cli.doctor import print_health

    raise typer.Exit(print_health(folder, as_json=as_json))
