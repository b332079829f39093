"""Scalar logs: TensorBoard's event files, which NVFlare writes too, or their CSV download (Wall time,Step,Value)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flopt.errors import FloptError, nearest
from flopt.importing.imported import ImportedRound, ImportedRun, number_of
from flopt.importing.rounds_csv import read_text, table_of

__all__ = ["read_scalars"]

_CSV = ("Wall time", "Step", "Value")


def read_scalars(file: Path, metric: str) -> list[ImportedRun]:
    """The one run of a log; its steps are the rounds, counted from 0 or from 1."""
    if not file.exists():
        raise FloptError(f"no file {file}")
    steps = _csv_steps(file) if file.suffix == ".csv" else _event_steps(file, metric)
    first = min((step for step, _ in steps), default=1)
    if first not in (0, 1):
        raise FloptError(f"{file}: steps begin at {first}; they must be rounds, counted from 0 or 1")
    try:
        rounds = tuple(ImportedRound(step - first + 1, value) for step, value in steps)
    except FloptError as error:
        raise FloptError(f"{file}: {error}") from None
    return [ImportedRun(file.stem, rounds)]


def _csv_steps(file: Path) -> list[tuple[int, float]]:
    columns, rows = table_of(read_text(file), str(file))
    missing = [column for column in _CSV[1:] if column not in columns]
    if missing:
        raise FloptError(f"{file}: line 1: missing columns: {', '.join(missing)}")
    steps = []
    for line, cells in rows:
        try:
            steps.append((int(number_of(cells["Step"], "Step", whole=True)), number_of(cells["Value"], "Value")))
        except FloptError as error:
            raise FloptError(f"{file}: line {line}, column {str(error).split(' ', 1)[0]}: {error}") from None
    return steps


def _event_steps(file: Path, metric: str) -> list[tuple[int, float]]:
    """The scalars of an event file, or of a folder of them."""
    if find_spec("tensorboard") is None:
        raise FloptError(f"{file}: event files need TensorBoard: pip install tensorboard, or give its CSV download")
    if file.is_file() and "tfevents" not in file.name:  # TensorBoard would take it for an empty folder
        raise FloptError(f"{file}: neither a .csv nor an event file, which has tfevents in its name")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log: Any = EventAccumulator(str(file), size_guidance={"scalars": 0})
    try:
        log.Reload()
    except Exception as error:  # whatever a broken file makes TensorBoard raise
        raise FloptError(f"{file}: no event file ({type(error).__name__}: {error})") from None
    tags = log.Tags()["scalars"]
    if not tags:
        return []
    if metric not in tags:
        raise FloptError(f"{file}: no scalar {metric!r}; {nearest(metric, tags)}")
    return [(int(event.step), float(event.value)) for event in log.Scalars(metric)]
