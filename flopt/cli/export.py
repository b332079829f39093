"""`flopt export`: a plan or the front, for other programs and for papers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flopt.cli.front import scored_by, tell_repairs, why_empty
from flopt.cli.printing import json_text, note
from flopt.errors import FloptError, unknown
from flopt.reading.export import FRONT_FORMATS, PLAN_FORMATS, find_point, latex_table, plan_text, write_parquet
from flopt.reading.table import csv_text, front_rows
from flopt.results import Results, open_results

__all__ = ["print_export"]

_SUFFIXES = {".json": "json", ".csv": "csv", ".tex": "latex", ".parquet": "parquet", ".toml": "toml"}


def print_export(
    folder: Path, run: str | None, kind: str | None, out: Path | None, objectives: Sequence[str] = ()
) -> int:
    """Write one point's plan, or without a run the whole front; returns 1 where the front has no point."""
    chosen = _format(run, kind, out)
    results = open_results(folder)
    results = scored_by(results, objectives)
    tell_repairs(results)
    if not results.front().points:
        note(f"{folder}: {why_empty(results)}")
        return 1
    if chosen == "parquet":
        if out is None:
            raise FloptError("--format parquet: a binary file; say where by --out FILE.parquet")
        write_parquet(front_rows(results.front(), results.problem), out)
    else:
        _write(_text(results, run, chosen), out)
    if out is not None:
        note(f"wrote {out}")
    return 0


def _format(run: str | None, kind: str | None, out: Path | None) -> str:
    """What is asked for by name, else by the file's ending, else the usual one."""
    allowed = FRONT_FORMATS if run is None else PLAN_FORMATS
    usual = "csv" if run is None else "toml"
    chosen = kind or (_SUFFIXES.get(out.suffix.lower(), usual) if out else usual)
    if chosen not in (*FRONT_FORMATS, *PLAN_FORMATS):
        raise unknown("format", chosen, allowed)
    if chosen not in allowed:
        what = "the front; name one plan by --run ID, or" if run is None else "one plan;"
        raise FloptError(f"--format {chosen}: not for {what} write {', '.join(allowed)}")
    return chosen


def _text(results: Results, run: str | None, kind: str) -> str:
    front = results.front()
    rows = front_rows(front, results.problem)
    if run is not None:
        point = find_point(front, run)
        return plan_text(point, rows[front.points.index(point)], kind)
    if kind == "latex":
        return latex_table(front)
    return csv_text(rows) if kind == "csv" else json_text(rows) + "\n"


def _write(text: str, out: Path | None) -> None:
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FloptError(f"{out}: {error.strerror}") from None
