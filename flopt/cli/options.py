"""Options that several commands have: one name, one type, one text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "AtLeast",
    "AtMost",
    "BatchSize",
    "ClientFraction",
    "ClientLr",
    "Country",
    "Downlink",
    "Fleet",
    "Folder",
    "Json",
    "LocalEpochs",
    "Network",
    "Objectives",
    "Rounds",
    "Scope",
    "Settings",
    "StudyFile",
    "StudyOption",
    "Uplink",
]

Scope = Literal["chip", "board", "wall"]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Objectives = Annotated[
    list[str], typer.Option("--objective", help="Objective: a shipped name, or my_objectives.py:name. Repeatable.")
]
Settings = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the study, such as budget.runs=20.")
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A study folder.")]
AtLeast = Annotated[list[str], typer.Option("--at-least", metavar="NAME=VALUE", help="Lower bound. Repeatable.")]
AtMost = Annotated[list[str], typer.Option("--at-most", metavar="NAME=VALUE", help="Upper bound. Repeatable.")]
StudyFile = Annotated[Path | None, typer.Argument(metavar="[STUDY.toml]", help="Default: the shipped study.")]

Rounds = Annotated[int | None, typer.Option(help="Communication rounds.")]
LocalEpochs = Annotated[int | None, typer.Option(help="Epochs of each client in a round.")]
ClientFraction = Annotated[float | None, typer.Option(help="Share of clients drawn in a round.")]
BatchSize = Annotated[int | None, typer.Option(help="Samples in a step.")]
ClientLr = Annotated[float | None, typer.Option(help="Learning rate of the clients.")]
Uplink = Annotated[str | None, typer.Option("--uplink", "--compression", help="none, quantize:8, topk:0.01, sign ...")]
Downlink = Annotated[str | None, typer.Option(help="none, float16, quantize:8 ...")]
Country = Annotated[str | None, typer.Option(help="Move clients and server there, such as FRA.")]
Network = Annotated[str | None, typer.Option(help="router, per_gb or per_hop.")]
Fleet = Annotated[str | None, typer.Option(metavar="FILE|NAME", help="A shipped fleet, or my_fleet.toml.")]
StudyOption = Annotated[Path | None, typer.Option("--study", help="Take the rest from this study file.")]
