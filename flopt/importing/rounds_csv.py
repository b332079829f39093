"""The per-round table: a CSV file with one line for each round of each run.

    run, round, accuracy                        needed; without `run`, the file is one run, named after it
    clients, samples, download_bytes, upload_bytes
                                                of the round, over all clients; needed, or predicted on demand
    loss                                        default: 1 - accuracy
    seconds, energy_kwh, co2e_kg                of the round, as somebody measured them; kept, not priced with
    flop_per_sample                             checked against the study's task
    rounds, local_epochs, client_fraction, ...  any setting of a plan; the same in all lines of a run
    app.KEY                                     a run-config key of a Flower app

A cell may be empty: an accuracy that is empty makes its run a flagged one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from flopt.errors import FloptError, nearest
from flopt.importing.imported import COUNTS, MEASURED, ImportedRound, ImportedRun, number_of
from flopt.plan import APP, PLAN_FIELDS, WHOLE_FIELDS, Setting

__all__ = ["COLUMNS", "read_rounds_csv", "read_text", "rounds_of", "table_of"]

NEEDED = ("round", "accuracy")
COLUMNS = ("run", *NEEDED, "loss", *COUNTS, *MEASURED, "flop_per_sample", *PLAN_FIELDS)
_TEXT_SETTINGS = ("uplink", "downlink", "algorithm", "server_optimizer", "schedule")

Row = tuple[int, dict[str, str]]
"""Line in the file, and the cells by column."""


def read_rounds_csv(file: Path) -> list[ImportedRun]:
    """The runs of a per-round table, in the order of their first lines; errors say line and column."""
    return rounds_of(read_text(file), str(file), file.stem)


def rounds_of(text: str, place: str, name: str) -> list[ImportedRun]:
    """The same from text; `place` is named in errors, `name` is the run's where no column gives one."""
    columns, rows = table_of(text, place)
    allowed = {*COLUMNS}
    for column in columns:
        if column not in allowed and not column.startswith(APP):
            raise FloptError(f"{place}: line 1: no column {column!r}; {nearest(column, allowed)}")
    missing = [column for column in NEEDED if column not in columns]
    if missing:
        raise FloptError(f"{place}: line 1: missing columns: {', '.join(missing)}")
    groups: dict[str, list[Row]] = {}
    for line, cells in rows:
        run = cells.get("run", name).strip()
        if not run:
            raise FloptError(f"{place}: line {line}, column run: empty")
        groups.setdefault(run, []).append((line, cells))
    return [_run(run, lines, place) for run, lines in groups.items()]


def table_of(text: str, place: str) -> tuple[list[str], list[Row]]:
    """Header and lines of a CSV text; empty lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    rows: list[Row] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                continue
            if len(cells) != len(header):
                raise FloptError(f"{place}: line {reader.line_num}: {len(cells)} cells under {len(header)} columns")
            rows.append((reader.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise FloptError(f"{place}: line {reader.line_num}: {error}") from None
    if not header:
        raise FloptError(f"{place}: empty; a table begins with its column names")
    twice = [column for column in header if header.count(column) > 1]
    if twice:
        raise FloptError(f"{place}: line 1: column {twice[0]!r} stands twice")
    return header, rows


def read_text(file: Path) -> str:
    """A text file, a byte-order mark taken off."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        raise FloptError(f"no file {file}") from None
    except UnicodeDecodeError as error:
        raise FloptError(f"{file}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None


def _run(name: str, rows: list[Row], place: str) -> ImportedRun:
    rounds = tuple(_round(line, cells, place) for line, cells in rows)
    settings: dict[str, Setting] = {}
    for column in rows[0][1]:
        if column in PLAN_FIELDS or column.startswith(APP):
            text = _same(column, rows, place)
            if text:
                settings[column] = _told(place, rows[0][0], column, partial(_setting, column, text))
    measured = {column: _sum(column, rows, place) for column in MEASURED}
    flop = _same("flop_per_sample", rows, place)
    count = _told(place, rows[0][0], "flop_per_sample", lambda: number_of(flop, "flop_per_sample")) if flop else None
    return ImportedRun(name, rounds, settings, {k: v for k, v in measured.items() if v is not None}, count)


_T = TypeVar("_T")


def _told(place: str, line: int, column: str, read: Callable[[], _T]) -> _T:
    """What `read` gives; its error says where."""
    try:
        return read()
    except FloptError as error:
        raise FloptError(f"{place}: line {line}, column {column}: {error}") from None


def _round(line: int, cells: Mapping[str, str], place: str) -> ImportedRound:
    def number(column: str, *, whole: bool = False) -> float | None:
        text = cells.get(column, "").strip()
        return _told(place, line, column, lambda: number_of(text, column, whole=whole)) if text else None

    position = number("round", whole=True)
    if position is None:
        raise FloptError(f"{place}: line {line}, column round: empty")
    counts = {name: int(value) for name in COUNTS if (value := number(name, whole=True)) is not None}
    try:
        return ImportedRound(int(position), number("accuracy"), number("loss"), counts)
    except FloptError as error:
        raise FloptError(f"{place}: line {line}, column {str(error).split(' ', 1)[0]}: {error}") from None


def _same(column: str, rows: Iterable[Row], place: str) -> str:
    """The one value that a column has in all lines of a run."""
    first = ""
    for index, (line, cells) in enumerate(rows):
        value = cells.get(column, "").strip()
        if index and value != first:
            raise FloptError(f"{place}: line {line}, column {column}: {value!r}; the run's first line has {first!r}")
        first = value
    return first


def _sum(column: str, rows: Iterable[Row], place: str) -> float | None:
    """Sum over a run; None where a line does not say."""
    total = 0.0
    for line, cells in rows:
        text = cells.get(column, "").strip()
        if not text:
            return None
        value = _told(place, line, column, partial(number_of, text, column))
        if value < 0:
            raise FloptError(f"{place}: line {line}, column {column}: {value:g}: must not be negative")
        total += value
    return total


def _setting(column: str, text: str) -> Setting:
    if column in WHOLE_FIELDS:
        return int(number_of(text, column, whole=True))
    if column in _TEXT_SETTINGS:
        return text
    if not column.startswith(APP):
        return number_of(text, column)
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        value = number_of(text, column)
    except FloptError:
        return text
    return int(value) if text.lstrip("+-").isdigit() else value
