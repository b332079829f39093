"""A ServerApp around the user's: what its clients answered and what its strategy made of it goes into a file.

It is imported in the process that `flwr run` starts for the server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from flopt.compression import NONE, Compression
from flopt.flower.components import component
from flopt.flower.exchange import Exchange
from flopt.flower.randomness import seeded, undisturbed
from flopt.flower.recording_grid import RecordingGrid
from flopt.flower.report import Report
from flopt.flower.uplink import Uplink
from flopt.flower.watch import watched

__all__ = ["read_reports", "served"]


def served(reference: str, events: str, uplink: str, seed: int, *, named: bool) -> ServerApp:
    """The ServerApp at `reference`, recorded in the file `events`, its clients' replies squeezed as `uplink` says.

    It draws what it draws in flopt's own process; with `named` clients, so do they.
    """
    app = ServerApp()
    compression = Compression.parse(uplink)

    @app.main()
    def main(grid: Grid, context: Context) -> None:
        book = _Book(Path(events))
        squeeze = None if compression == NONE else Uplink(compression, seed).squeeze
        recorded = RecordingGrid(grid, book.exchanged, named=named, squeeze=squeeze)
        with undisturbed(), seeded(seed, "server"), watched(book.heard, quiet=False):
            own: Any = component(reference)
            own(grid=recorded, context=context)

    return app


def read_reports(events: Path) -> list[Report]:
    """The rounds that a file of events tells of, from round 1 on."""
    found: dict[int, Report] = {}
    for line in events.read_text(encoding="utf-8").splitlines() if events.is_file() else ():
        event = json.loads(line)
        report = found.setdefault(event["round"], Report(event["round"]))
        if "metrics" in event:
            report.hear(event["source"], event["metrics"])
        else:
            report.exchanges.append(Exchange(**event["exchange"]))
    return [found[number] for number in sorted(found) if number > 0]


class _Book:
    """The file, one JSON line for each event."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def heard(self, source: str, number: int, values: Mapping[str, Any]) -> None:
        numbers = {k: v for k, v in values.items() if isinstance(v, int | float)}
        self._write({"round": number, "source": source, "metrics": numbers})

    def exchanged(self, exchange: Exchange) -> None:
        self._write({"round": exchange.round, "exchange": asdict(exchange)})

    def _write(self, event: Mapping[str, Any]) -> None:
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(event) + "\n")
