"""`flopt runs`: every run of a study, the failed ones with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from optuna.trial import FrozenTrial

from flopt.cli.printing import note, print_json, print_table
from flopt.results import STUDY_FILE, kg_per_cpu_s, read_store
from flopt.search.stores.storage import in_use, stored_trace
from flopt.study import Study, load_study
from flopt.units import J_PER_KWH, quantity

__all__ = ["RunRow", "print_runs", "run_rows"]


@dataclass(frozen=True)
class RunRow:
    """One run, as the list shows it."""

    run: int
    status: str
    """`ok`, `stopped` (by the search), `failed`, `running`, or `open`: trained when the search goes on."""
    rounds: int
    """Rounds that are kept; a run whose worker was lost keeps none."""
    planned_rounds: int
    attempts: int
    cpu_s: float | None
    """CPU seconds, measured; None while the run is not done."""
    wasted_cpu_s: float
    """Those of lost attempts, as far as they were seen."""
    energy_kwh: float | None
    """Of all its attempts, estimated: CPU seconds times the study's watts."""
    co2e_kg: float | None
    """Of all its attempts, estimated with the grid of the study's `search.country`."""
    where: str
    """Host and number of the process that trained it."""
    reason: str
    """Why it failed, or was stopped."""
    oracle: str
    """What trained it; of a ladder, all but the last only predict."""


def run_rows(folder: Path) -> list[RunRow]:
    """All runs in the order of their numbers."""
    with read_store(folder) as store:
        trials = store.trials()
    study = load_study(folder / STUDY_FILE)
    searched = study.storage is not None or in_use(folder)  # a database cannot say whether its drivers live
    return [_row(trial, study, searched) for trial in trials]


def print_runs(folder: Path, *, as_json: bool) -> int:
    """Print them; returns 1 where there is none."""
    rows = run_rows(folder)
    if as_json:
        print_json([asdict(row) for row in rows])
    elif rows:
        _print(rows)
    if not rows:
        note(f"{folder}: no run yet")
        return 1
    return 0


def _row(trial: FrozenTrial, study: Study, searched: bool) -> RunRow:
    stored, trace = trial.user_attrs, stored_trace(trial)
    cpu_s = None if trace is None else float(stored.get("cpu_s", 0.0))
    status = trace.status if trace is not None else "running" if searched else "open"
    return RunRow(
        run=trial.number,
        status=status,
        rounds=0 if trace is None else len(trace),
        planned_rounds=int(stored.get("plan", {}).get("rounds", 0)),
        attempts=int(stored.get("attempts", 1 if trace is not None else 0)),
        cpu_s=cpu_s,
        wasted_cpu_s=float(stored.get("wasted_cpu_s", 0.0)),
        energy_kwh=None if cpu_s is None else cpu_s * study.search.cpu_watts / J_PER_KWH,
        co2e_kg=None if cpu_s is None else cpu_s * kg_per_cpu_s(study),
        where=stored.get("where", ""),
        reason="" if trace is None else trace.reason,
        oracle=stored.get("oracle", study.oracles[-1]),
    )


def _print(rows: Sequence[RunRow]) -> None:
    names = ["run", "status", "rounds", "attempts", "CPU", "wasted", "CO2e", "where", "reason"]
    said = [_said(row) for row in rows]
    if len({row.oracle for row in rows}) > 1:
        names[1:1], said = ["oracle"], [[line[0], row.oracle, *line[1:]] for row, line in zip(rows, said, strict=True)]
    print_table(names, said, numbers=False)
    counts = {status: sum(row.status == status for row in rows) for status in dict.fromkeys(row.status for row in rows)}
    print()
    print(f"{len(rows)} runs: " + ", ".join(f"{count} {status}" for status, count in counts.items()))
    print("CPU and wasted are measured; CO2e is that of the search itself, estimated from them")


def _said(row: RunRow) -> list[str]:
    return [
        str(row.run),
        row.status,
        f"{row.rounds}/{row.planned_rounds}",
        str(row.attempts),
        "-" if row.cpu_s is None else quantity(row.cpu_s, "s"),
        quantity(row.wasted_cpu_s, "s") if row.wasted_cpu_s else "-",
        "-" if row.co2e_kg is None else quantity(row.co2e_kg, "kg"),
        row.where or "-",
        " ".join(row.reason.split()) or "-",
    ]
