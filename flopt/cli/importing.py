"""`flopt import`: a study folder from runs that were made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flopt.cli.printing import note, print_json, print_table
from flopt.errors import FloptError
from flopt.importing.reading import read_runs
from flopt.importing.writing import Prepared, prepare, write_study
from flopt.results import problem_of
from flopt.search.problem import Problem
from flopt.search.stores.database_url import check_journal
from flopt.study import load_study
from flopt.units import quantity

__all__ = ["import_runs"]


def import_runs(
    folder: Path,
    kind: str,
    files: Sequence[Path],
    study_file: Path | None,
    settings: Sequence[str],
    *,
    predict_counts: bool,
    as_json: bool,
) -> int:
    """Read the files and write the folder; returns 1 where no run of them can be a point."""
    if study_file is None:
        raise FloptError("import: give --study FILE: task, fleet and pricing, which no log of runs says")
    study = load_study(study_file, settings)
    check_journal(study.storage, "what is imported")
    problem = problem_of(study)
    runs, notes = read_runs(kind, files, study.task.metric)
    ready, flawed = prepare(runs, study, problem, predict_counts=predict_counts)
    for line in [*notes, *(line for each in ready for line in each.notes)]:
        note(line)
    for name, flaw in flawed.items():
        note(f"run {name!r} is left out: {flaw}")
    if ready:
        write_study(folder, ready, study)
    rows = [_row(number, each, problem) for number, each in enumerate(ready)]
    if as_json:
        print_json({"runs": rows, "left_out": flawed})
    elif rows:
        _print(rows)
    note(f"{folder}: {len(ready)} runs" if ready else "no run could be imported; nothing was written")
    return 0 if ready else 1


def _row(number: int, each: Prepared, problem: Problem) -> dict[str, object]:
    predicted = problem.run(each.plan, each.trace)
    return {
        "run": number,
        "name": each.run.name,
        "rounds": len(each.trace),
        "accuracy": float(each.trace.accuracy[-1]),
        "predicted_co2e_kg": predicted.co2e_kg,
        "measured": dict(each.run.measured),
    }


def _print(rows: Sequence[dict[str, object]]) -> None:
    cells = []
    for row in rows:
        measured = row["measured"]
        seen = measured.get("co2e_kg") if isinstance(measured, dict) else None
        kg = float(str(row["predicted_co2e_kg"]))
        told = "-" if seen is None else quantity(seen, "kg")
        cells.append(
            [str(row["run"]), str(row["name"]), str(row["rounds"]), f"{row['accuracy']:.4f}", quantity(kg, "kg"), told]
        )
    print_table(["run", "name", "rounds", "last accuracy", "CO2e predicted", "CO2e measured"], cells)
