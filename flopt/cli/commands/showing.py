"""The commands that show a study: pictures, differences, checks, exports, a dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from flopt.cli import app, options

Theme = Literal["light", "dark"]
KINDS = "front, parts, trajectories, price, attainment, plans, importance, countries, hours, history"


@app.command()
def plot(
    folder: options.Folder,
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"{KINDS}.")] = "front",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help=".png, .svg or .pdf. Default: KIND.png.")
    ] = None,
    objectives: options.Objectives = [],  # noqa: B006
    at_least: options.AtLeast = [],  # noqa: B006
    at_most: options.AtMost = [],  # noqa: B006
    others: Annotated[
        list[Path], typer.Option("--with", metavar="DIR", help="Lay another study over it. Repeatable.")
    ] = [],  # noqa: B006
    country: Annotated[
        list[str], typer.Option("--country", metavar="ISO", help="For countries: which. Repeatable.")
    ] = [],  # noqa: B006
    theme: Annotated[Theme, typer.Option(metavar="THEME", help="light or dark.")] = "light",
    width: Annotated[float, typer.Option(metavar="CM", help="Width of the picture.")] = 12.0,
) -> None:
    """Draw a figure of a study."""
    from flopt.cli.plot import print_plot

    code = print_plot(folder, kind, out, objectives, at_least, at_most, others, country, theme, width)
    raise typer.Exit(code)


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(metavar="DIR1", help="A study folder.")],
    second: Annotated[Path, typer.Argument(metavar="DIR2", help="Another one.")],
    level: Annotated[
        list[float], typer.Option("--level", metavar="NUMBER", help="Accuracy to compare at. Repeatable.")
    ] = [],  # noqa: B006
    as_json: options.Json = False,
) -> None:
    """Say which part of the difference of two studies is physics, and which is factors of the price."""
    from flopt.cli.diff import print_difference

    raise typer.Exit(print_difference(first, second, level, as_json=as_json))


@app.command()
def lint(
    place: Annotated[Path, typer.Argument(metavar="FILE.csv|DIR", help="A table of results, or a study folder.")],
    classes: Annotated[int | None, typer.Option(help="Classes of the task. Default: a study's own, else 10.")] = None,
    as_json: options.Json = False,
) -> None:
    """Flag claims that cannot be: dominated points, energy 0, units off by 1000 and the like."""
    from flopt.cli.lint import print_lint

    raise typer.Exit(print_lint(place, classes, as_json=as_json))


@app.command()
def export(
    folder: options.Folder,
    run: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="One plan: RUN@ROUND, or RUN. Default: the front.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="flower, json, toml, csv, latex or parquet.")
    ] = None,
    objectives: options.Objectives = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help="Default: print it.")] = None,
    flower_app: Annotated[
        Path | None,
        typer.Option("--flower-app", metavar="APP", help="Write the plan into this Flower app's run-config."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --flower-app: print the change only.")] = False,
) -> None:
    """Hand on a plan of the front, or the whole front, to other programs, papers and Flower apps."""
    from flopt.cli.export import print_export

    if flower_app is None and not dry_run:
        raise typer.Exit(print_export(folder, run, kind, out, objectives))
    if flower_app is None or run is None or kind is not None or out is not None:
        raise typer.BadParameter("--flower-app needs --run, --dry-run needs --flower-app; no --format or --out beside")
    from flopt.cli.flower_export import export_to_app

    raise typer.Exit(export_to_app(folder, run, flower_app, dry_run=dry_run))


@app.command()
def dashboard(
    folder: options.Folder,
    port: Annotated[int, typer.Option(help="0: any free one.")] = 8080,
) -> None:
    """Open a study in optuna-dashboard, with flopt's front as a panel, until Ctrl-C."""
    from flopt.cli.dashboard import serve

    serve(folder, port)
