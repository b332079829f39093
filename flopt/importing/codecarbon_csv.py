"""CodeCarbon's `emissions.csv`: what it measured of runs whose rounds stand in another table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flopt.errors import FloptError
from flopt.importing.imported import ImportedRun, number_of
from flopt.importing.rounds_csv import read_text, table_of

__all__ = ["is_emissions_csv", "with_emissions"]

_NEEDED = {"emissions": "co2e_kg", "energy_consumed": "energy_kwh", "duration": "seconds"}
"""CodeCarbon's columns (kg CO2e, kWh, s) and flopt's names; a row holds a whole run's."""
_NAMES = ("run_id", "experiment_id", "project_name")
"""Where the name of a run may stand, in the order in which it is looked for."""


def is_emissions_csv(file: Path) -> bool:
    """Whether a table's header is CodeCarbon's."""
    return {"project_name", *_NEEDED} <= set(table_of(read_text(file), str(file))[0])


def with_emissions(runs: Sequence[ImportedRun], file: Path) -> tuple[list[ImportedRun], list[str]]:
    """The runs with what CodeCarbon measured of them, and the names that stand on one side only."""
    measured = _measured(file)
    left = {name for names, _ in measured for name in names[:1]}
    found, alone = [], []
    for run in runs:
        rows = [row for names, row in measured if run.name in names]
        if len(rows) > 1:
            raise FloptError(f"{file}: {len(rows)} rows for run {run.name!r}; which one is meant?")
        if rows:
            left -= {names[0] for names, _ in measured if run.name in names}
            found.append(replace(run, measured={**run.measured, **rows[0]}))
        else:
            found.append(run)
            alone.append(f"run {run.name!r}: {file} has no row of it")
    return found, [*alone, *(f"{file}: row {name!r}: no run of that name" for name in sorted(left))]


def _measured(file: Path) -> list[tuple[list[str], dict[str, float]]]:
    """The names of each row, and what it says."""
    columns, rows = table_of(read_text(file), str(file))
    missing = [column for column in _NEEDED if column not in columns]
    if missing or not set(_NAMES) & set(columns):
        raise FloptError(f"{file}: line 1: missing columns: {', '.join(missing) or ' or '.join(_NAMES)}")
    return [([cells[name] for name in _NAMES if cells.get(name)], _row(file, line, cells)) for line, cells in rows]


def _row(file: Path, line: int, cells: dict[str, str]) -> dict[str, float]:
    values = {}
    for column, name in _NEEDED.items():
        try:
            values[name] = number_of(cells[column], column)
        except FloptError as error:
            raise FloptError(f"{file}: line {line}, column {column}: {error}") from None
        if values[name] < 0:
            raise FloptError(f"{file}: line {line}, column {column}: {values[name]:g}: must not be negative")
    return values
