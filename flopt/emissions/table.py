"""A table: the rows of a CSV file, each with the line it stands on."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flopt.emissions.coefficient import is_number
from flopt.errors import FloptError

__all__ = ["Row", "Table", "read_table"]


@dataclass(frozen=True)
class Row:
    """One row, by column."""

    place: str
    """File and line, for errors."""
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """A cell that must not be empty."""
        if not self.cells[column]:
            raise FloptError(f"{self.place}: {column} is empty")
        return self.cells[column]

    def number(self, column: str) -> float:
        """A cell that holds a finite number, which is not negative."""
        text = self.text(column)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not is_number(value):
            raise FloptError(f"{self.place}: {column} = {text!r}: must be a number")
        if value < 0:
            raise FloptError(f"{self.place}: {column} = {text}: must not be negative")
        return value


@dataclass(frozen=True)
class Table:
    """The rows of a file, one at least, under its columns."""

    file: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(file: Path) -> Table:
    """A CSV file with a header, in UTF-8; empty lines are skipped, cells are stripped."""
    try:
        if file.is_char_device():  # it may never end
            raise FloptError(f"{file} is a device, not a file")
        with file.open(encoding="utf-8-sig", newline="") as content:
            reader = csv.reader(content, strict=True)
            columns = tuple(cell.strip() for cell in next(reader, []))
            rows = tuple(_row(columns, line, f"{file}: line {reader.line_num}") for line in reader if line)
    except FileNotFoundError:
        raise FloptError(f"no file {file}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise FloptError(f"{file}: {error}") from None
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None
    twice = [column for number, column in enumerate(columns) if column in columns[:number]]
    if twice:
        raise FloptError(f"{file}: column {twice[0]!r} stands there twice")
    if not rows:
        raise FloptError(f"{file}: it has no row below a header")
    return Table(file, columns, rows)


def _row(columns: tuple[str, ...], line: list[str], place: str) -> Row:
    if len(line) != len(columns):
        raise FloptError(f"{place}: {len(line)} cells; the header has {len(columns)}")
    return Row(place, dict(zip(columns, (cell.strip() for cell in line), strict=True)))
