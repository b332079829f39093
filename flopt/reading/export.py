"""Export: a plan, or the front, in the formats that others read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit

from flopt.errors import FloptError
from flopt.fronts import Front, Point
from flopt.plan import Plan, Setting
from flopt.reading.table import Row, csv_text
from flopt.units import quantity

__all__ = ["FRONT_FORMATS", "PLAN_FORMATS", "find_point", "flower_config", "latex_table", "plan_text", "write_parquet"]

PLAN_FORMATS = ("flower", "json", "toml", "csv", "latex")
FRONT_FORMATS = ("csv", "json", "latex", "parquet")

# Flower's own keys of [tool.flwr.app.config] (flwr 1.22 and later); the rest are flopt's names with hyphens.
_FLOWER = {"rounds": "num-server-rounds", "client_fraction": "fraction-train", "client_lr": "learning-rate"}
_MESSAGES = ("uplink", "downlink")
_ESCAPED = {"\\": r"\textbackslash{}"} | {sign: f"\\{sign}" for sign in "&%$#_{}"}
_ESCAPED |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "µ": r"\textmu{}"}


def find_point(front: Front, text: str) -> Point:
    """A point by `RUN@ROUND`, or by `RUN`: then its last one on the front."""
    found = re.fullmatch(r"(\d{1,9})(?:@(\d{1,9}))?", text.strip())
    if found is None:
        raise FloptError(f"--run {text!r}: write RUN@ROUND or RUN, such as 34@37")
    run, rounds = int(found[1]), found[2]
    points = [point for point in front.points if point.number == run]
    exact = [point for point in points if rounds is None or point.run.rounds == int(rounds)]
    if exact:
        return exact[-1]
    there = [f"{point.number}@{point.run.rounds}" for point in points or front.points]
    shown = ", ".join(there[:8]) + (", ..." if len(there) > 8 else "")
    raise FloptError(f"--run {text}: not on the front; there are {shown or 'no points'}")


def flower_config(plan: Plan) -> dict[str, Setting]:
    """The plan as keys of a Flower app's run config; compression is none of them, it is done to the messages."""
    usual = {name: value for name, value in plan.spoken().items() if name not in _MESSAGES}
    return {_FLOWER.get(name, name.replace("_", "-")): value for name, value in usual.items()}


def plan_text(point: Point, row: Row, kind: str) -> str:
    """One point's plan as `flower` (TOML for pyproject.toml), `json`, `toml` (a study's [plan]), `csv` or `latex`."""
    plan = point.run.plan
    if kind == "flower":
        text = _toml({"tool": {"flwr": {"app": {"config": flower_config(plan)}}}}, point)
        sent = [f"{name} {value}" for name in _MESSAGES if (value := plan.settings()[name]) != "none"]
        return text + (f"# and compress the messages: {', '.join(sent)}\n" if sent else "")
    if kind == "toml":
        return _toml({"plan": plan.settings()}, point)
    if kind == "json":
        head = {"run": point.number, "round": point.run.rounds, **point.values}
        return json.dumps({**head, "plan": plan.settings()}, indent=2) + "\n"
    if kind == "csv":
        return csv_text([row])
    if kind == "latex":
        values = {str(name): value for name, value in plan.spoken().items()}
        return _booktabs(["setting", "value"], [[name, _cell(value)] for name, value in values.items()], "ll")
    raise FloptError(f"--format {kind}: of one plan, write {', '.join(PLAN_FORMATS)}")


def latex_table(
    front: Front, names: Sequence[str] = ("local_epochs", "client_fraction", "batch_size", "uplink")
) -> str:
    """The front as a LaTeX table for the package booktabs."""
    head = ["run@round", *(o.name for o in front.objectives), *names]
    rows = []
    for point in front.points:
        values = [_value(point.values[o.name], o.unit) for o in front.objectives]
        settings = point.run.plan.settings()
        rows.append([f"{point.number}@{point.run.rounds}", *values, *(_cell(settings[name]) for name in names)])
    return _booktabs(head, rows, "l" + "r" * (len(head) - 2) + "l")


def write_parquet(rows: Sequence[Row], file: Path) -> None:
    """Write the front's rows as Parquet; needs pyarrow."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise FloptError("--format parquet needs pyarrow: pip install 'flopt-carbon[parquet]'") from None
    draft = file.with_name(f".{file.name}.draft")
    try:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist([dict(row) for row in rows]), draft)
        draft.replace(file)
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None


def _toml(tables: Mapping[str, Any], point: Point) -> str:
    where = f"# flopt: run {point.number}, stopped after round {point.run.rounds}"
    values = ", ".join(f"{name} {value:.6g}" for name, value in point.values.items())
    return f"{where}; {values} (emissions predicted)\n{tomlkit.dumps(tables)}"


def _booktabs(head: Sequence[str], rows: Sequence[Sequence[str]], columns: str) -> str:
    lines = [" & ".join(map(_latex, line)) + r" \\" for line in (head, *rows)]
    body = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    return "\n".join(["% needs \\usepackage{booktabs}", *body, r"\end{tabular}"]) + "\n"


def _latex(text: str) -> str:
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


def _cell(value: Setting) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _value(value: float, unit: str) -> str:
    return quantity(value, unit) if unit else f"{value:.4f}"
