"""The commands that need no study folder: prices, devices, lists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from flopt.cli import app, options


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


Kind = Literal[
    "objectives",
    "spaces",
    "fleets",
    "devices",
    "links",
    "network",
    "countries",
    "oracles",
    "tables",
    "samplers",
    "stopping",
]


@app.command(name="list")
def list_(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help=f"{', '.join(get_args(Kind))}.")],
    as_json: options.Json = False,
) -> None:
    """List what is shipped."""
    from flopt.cli.listing import print_list

    print_list(kind, as_json=as_json)
