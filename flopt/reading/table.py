"""The front as a table: one row for each point, every number with its unit in the column's name."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flopt.emissions.footprint import PARTS
from flopt.emissions.uncertainty import Interval
from flopt.fronts import Front, Point
from flopt.objectives import Objective
from flopt.reading.certainty import Certainty, certainty
from flopt.search.problem import Problem

__all__ = ["Row", "column", "csv_text", "front_rows", "write_csv"]

Row = dict[str, int | float | str]


def column(objective: Objective) -> str:
    """The name of an objective's column: `co2e_kg`, or `accuracy` for a plain number."""
    return f"{objective.name}_{objective.unit}" if objective.unit else objective.name


def front_rows(front: Front, problem: Problem, *, realised: bool = True) -> list[Row]:
    """A row for each point: where it stands, its plan, its objectives, its parts, and what was realised.

    `realised` is False where the runs took place with other clients than the problem's; its kilograms are then NaN.
    """
    sure = certainty(front, problem)
    ranged = [o for o in front.objectives if any(_wide(each.intervals[o.name]) for each in sure)]
    return [_row(point, each, front, problem, realised, ranged) for point, each in zip(front.points, sure, strict=True)]


def write_csv(front: Front, problem: Problem, file: Path) -> None:
    """Write the rows; equal fronts give equal bytes. The old file stays until the new one is whole."""
    draft = file.with_name(f".{file.name}.draft")
    draft.write_text(csv_text(front_rows(front, problem)), encoding="utf-8", newline="")
    draft.replace(file)


def csv_text(rows: Sequence[Row]) -> str:
    """Rows as CSV with a header; without rows there are two columns and no line."""
    columns = list(rows[0]) if rows else ["run", "round"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _wide(found: Interval) -> bool:
    return found.low < found.high


def _row(
    point: Point, sure: Certainty, front: Front, problem: Problem, realised: bool, ranged: Sequence[Objective]
) -> Row:
    run = point.run
    bounds = {f"{column(o)}_{end}": getattr(sure.intervals[o.name], end) for o in ranged for end in ("low", "high")}
    parts = {f"co2e_{part}_kg": float(getattr(run.co2e_kg_by_part, part)) for part in PARTS}
    return {
        "run": point.number,
        "round": run.rounds,
        **run.plan.settings(),
        **{column(objective): point.values[objective.name] for objective in front.objectives},
        **bounds,
        "seeds": point.seeds,
        "probability_non_dominated": point.probability,
        "probability_under_coefficients": sure.probability,
        **parts,
        "expected_co2e_kg": run.co2e_kg,
        "expected_energy_kwh": run.energy_kwh,
        "expected_duration_s": run.duration_s,
        "test_accuracy": float(run.trace.columns["test_accuracy"][-1]),
        **_realised(point, problem if realised else None),
        "oracle": problem.oracle,
        "network": problem.pricing.network,
    }


def _realised(point: Point, problem: Problem | None) -> Row:
    """What the run did, beside what its plan was expected to do; for the task's own clients."""
    trace, plan = point.run.trace, point.run.plan
    counts = {
        f"realised_{name}": int(trace.columns[name].sum()) for name in ("samples", "download_bytes", "upload_bytes")
    }
    if problem is None or problem.oracle == "flower":  # an app's strategy draws clients of its own
        return {**counts, "realised_co2e_kg": math.nan}
    footprint = replace(problem, population=None).realised(plan, trace.seed)
    return {**counts, "realised_co2e_kg": float(footprint.co2e_kg.total.sum())}
