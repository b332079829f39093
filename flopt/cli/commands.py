"""The commands and their options; what each does lives in a module that is imported only when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from flopt.cli import app, options
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
) -> None:
    """Search for the front of a study, or go on where it stopped."""
    from flopt.cli.tune import tune_study

    raise typer.Exit(tune_study(study, out, settings, objectives, workers, dry_run=dry_run))


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
def front(
    folder: options.Folder,
    objectives: options.Objectives = [],  # noqa: B006
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw it: .png, .svg or .pdf.")] = None,
    rate: Annotated[bool, typer.Option("--rate", help="Add what one more point of accuracy costs in CO2e.")] = False,
    as_json: options.Json = False,
) -> None:
    """Print the front of a study; with --objective, score the old runs anew."""
    from flopt.cli.front import print_front

    raise typer.Exit(print_front(folder, objectives, plot, rate=rate, as_json=as_json))


@app.command()
def reprice(
    folder: options.Folder,
    country: options.Country = None,
    server_country: Annotated[str | None, typer.Option(help="Fix the server's country.")] = None,
    network: options.Network = None,
    fleet: options.Fleet = None,
    pue: Annotated[float | None, typer.Option(help="PUE of the server's data centre.")] = None,
    router_w: Annotated[float | None, typer.Option(help="W of a router (network router).")] = None,
    kwh_per_gb: Annotated[float | None, typer.Option(help="kWh for each GB (network per_gb).")] = None,
    start: Annotated[str | None, typer.Option(help="Price hour by hour from here: 2019-06-01T13:00 (UTC).")] = None,
    flat: Annotated[bool | None, typer.Option("--flat/--no-flat", help="Countries without hours: annual mean.")] = None,
    embodied: Annotated[
        bool | None, typer.Option("--embodied/--no-embodied", help="Count the devices' making.")
    ] = None,
    grid: Annotated[str | None, typer.Option(metavar="FILE|NUMBER", help="A CSV of yours, or g CO2e/kWh.")] = None,
    population: Annotated[float | None, typer.Option(help="Price for so many clients.")] = None,
    keep_participation: Annotated[
        bool, typer.Option("--keep-participation", help="Even where other clients would take part; says so.")
    ] = False,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw it: .png, .svg or .pdf.")] = None,
    as_json: options.Json = False,
) -> None:
    """Make a new front from stored runs for another fleet, country or factor; nothing is trained."""
    from flopt.cli.reprice import print_repriced

    pricing = {
        "country": country,
        "server_country": server_country,
        "network": network,
        "pue": pue,
        "router_w": router_w,
        "kwh_per_gb": kwh_per_gb,
        "start": start,
        "flat": flat,
        "embodied": embodied,
        "grid": grid,
    }
    keep = keep_participation
    raise typer.Exit(print_repriced(folder, fleet, pricing, population, plot, keep_participation=keep, as_json=as_json))


@app.command()
def flips(
    folder: options.Folder,
    vary: Annotated[str, typer.Option("--vary", metavar="NAME=LOW:HIGH", help="Such as network.kwh_per_gb=0.001:0.1.")],
    at_least: options.AtLeast = [],  # noqa: B006
    at_most: options.AtMost = [],  # noqa: B006
    as_json: options.Json = False,
) -> None:
    """Say where the recommended plan changes as one factor of the price moves."""
    from flopt.cli.flips import print_flips

    raise typer.Exit(print_flips(folder, vary, at_least, at_most, as_json=as_json))


@app.command()
def recommend(
    folder: options.Folder,
    at_least: options.AtLeast = [],  # noqa: B006
    at_most: options.AtMost = [],  # noqa: B006
    as_json: options.Json = False,
) -> None:
    """Say which point of the front to take, and why."""
    from flopt.cli.front import print_recommendation

    raise typer.Exit(print_recommendation(folder, at_least, at_most, as_json=as_json))


@app.command()
def estimate(
    rounds: options.Rounds = None,
    local_epochs: options.LocalEpochs = None,
    client_fraction: options.ClientFraction = None,
    batch_size: options.BatchSize = None,
    client_lr: options.ClientLr = None,
    uplink: options.Uplink = None,
    downlink: options.Downlink = None,
    fleet: options.Fleet = None,
    country: options.Country = None,
    server_country: Annotated[str | None, typer.Option(help="Fix the server there.")] = None,
    network: options.Network = None,
    start: Annotated[str | None, typer.Option(metavar="TIME", help="By hour, from 2019-06-01T13:00 (UTC).")] = None,
    flat: Annotated[bool | None, typer.Option("--flat", help="Countries without hours: annual mean.")] = None,
    embodied: Annotated[bool | None, typer.Option("--embodied", help="Count the making of the devices.")] = None,
    shift: Annotated[str | None, typer.Option(metavar="48h", help="Best start hour within these hours.")] = None,
    study: options.StudyOption = None,
    settings: options.Settings = [],  # noqa: B006
    as_json: options.Json = False,
) -> None:
    """Predict energy and CO2e of one plan, without any training."""
    from flopt.cli.estimate import print_estimate

    plan = {
        "rounds": rounds,
        "local_epochs": local_epochs,
        "client_fraction": client_fraction,
        "batch_size": batch_size,
        "client_lr": client_lr,
        "uplink": uplink,
        "downlink": downlink,
    }
    places = {
        "fleet.use": fleet,
        "pricing.country": country,
        "pricing.server_country": server_country,
        "pricing.network": network,
        "pricing.start": start,
        "pricing.flat": flat,
        "pricing.embodied": embodied,
    }
    print_estimate(plan, places, study, settings, shift, as_json=as_json)


@app.command()
def compare(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A study folder; without one, a plan by its settings.")
    ] = None,
    at_least: options.AtLeast = [],  # noqa: B006
    at_most: options.AtMost = [],  # noqa: B006
    rounds: options.Rounds = None,
    local_epochs: options.LocalEpochs = None,
    client_fraction: options.ClientFraction = None,
    uplink: options.Uplink = None,
    downlink: options.Downlink = None,
    fleet: options.Fleet = None,
    country: options.Country = None,
    network: options.Network = None,
    study: options.StudyOption = None,
    settings: options.Settings = [],  # noqa: B006
    central_country: Annotated[str | None, typer.Option(help="The data centre's. Default: the server's.")] = None,
    central_pue: Annotated[float | None, typer.Option(help="The data centre's. Default: the study's.")] = None,
    central_device: Annotated[str, typer.Option(help="What trains in it.")] = "gpu_v100",
    upload_data: Annotated[bool, typer.Option("--upload-data", help="Count the way of the raw data to it.")] = False,
    measured: Annotated[
        bool, typer.Option("--measured", help="Train centrally to the same accuracy, instead of the same FLOP.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Set federated against centralised training of the same task."""
    from flopt.cli.compare import CentreOptions, PlanOptions, print_comparison

    plan = {
        "rounds": rounds,
        "local_epochs": local_epochs,
        "client_fraction": client_fraction,
        "uplink": uplink,
        "downlink": downlink,
    }
    places = {"fleet.use": fleet, "pricing.country": country, "pricing.network": network}
    given = PlanOptions(plan, places, study, settings)
    centre = CentreOptions(central_country, central_pue, central_device, upload_data, measured)
    raise typer.Exit(print_comparison(folder, given, at_least, at_most, centre, as_json=as_json))


@app.command()
def calibrate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="CodeCarbon's, or device,phase,watts,seconds,samples.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="Name of the device. Default: that of the file.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE.toml", help="Default: print it.")] = None,
    samples: Annotated[
        float | None, typer.Option("--samples", help="Samples that each run of CodeCarbon trained on, all epochs.")
    ] = None,
    scope: Annotated[
        options.Scope | None,
        typer.Option("--scope", metavar="SCOPE", help="What the watts include: chip, board or wall."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
) -> None:
    """Make a device file out of measurements."""
    from flopt.cli.calibrate import write_devices

    write_devices(file, name, out, samples, scope, force=force)


Kind = Literal["objectives", "spaces", "fleets", "devices", "links", "network", "countries", "oracles", "samplers"]


@app.command(name="list")
def list_(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help=f"{', '.join(get_args(Kind))}.")],
    as_json: options.Json = False,
) -> None:
    """List what is shipped."""
    from flopt.cli.listing import print_list

    print_list(kind, as_json=as_json)
