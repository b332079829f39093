"""The formats by name, and the files of one import read together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flopt.errors import FloptError, unknown
from flopt.importing.codecarbon_csv import is_emissions_csv, with_emissions
from flopt.importing.flower_json import read_flower
from flopt.importing.imported import ImportedRun, by_name
from flopt.importing.rounds_csv import read_rounds_csv
from flopt.importing.scalar_log import read_scalars

__all__ = ["FORMATS", "read_runs"]

FORMATS = {
    "csv": "a table with a line for each round: run, round, accuracy, clients, samples, download_bytes, upload_bytes",
    "flower": "Flower's Result or History as JSON, or the ledger of flopt's meter",
    "codecarbon": "emissions.csv, and the per-round table of the same runs",
    "nvflare": "TensorBoard's event files as NVFlare writes them, or their CSV download",
    "tensorboard": "event files, or their CSV download (Wall time,Step,Value)",
}


def read_runs(kind: str, files: Sequence[Path], metric: str) -> tuple[list[ImportedRun], list[str]]:
    """The runs of all files, each name once, and what is to be said of them."""
    if kind not in FORMATS:
        raise unknown("format", kind, FORMATS)
    notes: list[str] = []
    if kind == "codecarbon":
        emissions = [file for file in files if is_emissions_csv(file)]
        tables = [file for file in files if file not in emissions]
        if len(emissions) != 1 or not tables:
            raise FloptError(
                "--from codecarbon: give one emissions.csv and the per-round tables of its runs; "
                "a total does not say what a round reached"
            )
        runs, notes = with_emissions([run for file in tables for run in read_rounds_csv(file)], emissions[0])
    elif kind == "csv":
        runs = [run for file in files for run in read_rounds_csv(file)]
    elif kind == "flower":
        runs = [run for file in files for run in read_flower(file, metric)]
    else:
        runs = [run for file in files for run in read_scalars(file, metric)]
    return list(by_name(runs).values()), notes
