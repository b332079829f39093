"""The commands that read a study folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flopt.cli import app, options


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
def runs(folder: options.Folder, as_json: options.Json = False) -> None:
    """List every run of a study: how it ended and why, where it was trained, what it took."""
    from flopt.cli.runs import print_runs

    raise typer.Exit(print_runs(folder, as_json=as_json))


@app.command()
def recommend(
    folder: options.Folder,
    at_least: options.AtLeast = [],  # noqa: B006
    at_most: options.AtMost = [],  # noqa: B006
    eur_per_tonne: Annotated[float | None, typer.Option(help="Price of a tonne of CO2e.")] = None,
    eur_per_point: Annotated[float | None, typer.Option(help="What a point (0.01) of accuracy is worth.")] = None,
    trainings: Annotated[float | None, typer.Option(help="How often it will be trained, with a price.")] = None,
    weight: Annotated[
        list[str], typer.Option("--weight", metavar="NAME=NUMBER", help="Weighted sum over the front. Repeatable.")
    ] = [],  # noqa: B006
    flips: Annotated[bool, typer.Option("--flips/--no-flips", help="Also say where the choice would flip.")] = True,
    as_json: options.Json = False,
) -> None:
    """Say which point of the front to take, and why."""
    from flopt.cli.recommend import RuleOptions, print_recommendation

    rule = RuleOptions(eur_per_tonne, eur_per_point, trainings, weight)
    raise typer.Exit(print_recommendation(folder, at_least, at_most, rule, flips=flips, as_json=as_json))


@app.command()
def report(
    folder: options.Folder,
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help="Default: DIR/report.html.")] = None,
) -> None:
    """Write the study as one HTML page: the front, live re-pricing, sources; it needs no network."""
    from flopt.cli.report import print_report

    raise typer.Exit(print_report(folder, out))


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
