"""How the commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from flopt.search.budget import NO_PLAN

__all__ = ["json_text", "note", "print_json", "print_json_line", "print_table", "why_ended"]


def print_json(value: Any) -> None:
    """One JSON value on stdout; NaN, which JSON does not have, becomes null."""
    print(json_text(value))


def print_json_line(value: Any) -> None:
    """The same on one line, for a program that reads line by line."""
    print(json.dumps(_strict(value)))


def json_text(value: Any) -> str:
    """A value as strict JSON."""
    return json.dumps(_strict(value), indent=2)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True) -> None:
    """A plain table on stdout; with `numbers`, all columns but the first are aligned to the right."""
    width = None if sys.stdout.isatty() else 200
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if numbers and number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=width, highlight=False, markup=False, emoji=False).print(table)


def why_ended(ended: str) -> str:
    """Why a search ended, for a person: the bound of the budget that was reached, or what else stood in the way."""
    return {
        "interrupted": "interrupted; the same command goes on from here",
        NO_PLAN: "no further plan keeps to the limits that are known before training",
        "least_gain_per_kg": "a further kg is expected to add less to the front than budget.least_gain_per_kg",
    }.get(ended, f"budget.{ended} is spent")


def note(text: str) -> None:
    """A line for the person who watches, on stderr."""
    print(f"flopt: {text}", file=sys.stderr)


def _strict(value: Any) -> Any:
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, Mapping):
        return {key: _strict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(each) for each in value]
    return value
