"""A ServerApp around the user's: what its clients answered and what its strategy made of it goes into a file.

It is imported in the process that `flwr run` starts for the server.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from flopt.compression import NONE, Compression
from flopt.flower.components import component
from flopt.flower.events import Events
from flopt.flower.randomness import seeded, undisturbed
from flopt.flower.recording_grid import RecordingGrid
from flopt.flower.uplink import Uplink
from flopt.flower.watch import watched

__all__ = ["served"]


def served(reference: str, events: str, uplink: str, seed: int, *, named: bool) -> ServerApp:
    """The ServerApp at `reference`, recorded in the file `events`, its clients' replies squeezed as `uplink` says.

    It draws what it draws in flopt's own process; with `named` clients, so do they.
    """
    app = ServerApp()
    compression = Compression.parse(uplink)

    @app.main()
    def main(grid: Grid, context: Context) -> None:
        book = Events(Path(events))
        squeeze = None if compression == NONE else Uplink(compression, seed).squeeze
        recorded = RecordingGrid(grid, book.exchanged, named=named, squeeze=squeeze)
        with undisturbed(), seeded(seed, "server"), watched(book.heard, quiet=False):
            own: Any = component(reference)
            own(grid=recorded, context=context)

    return app
