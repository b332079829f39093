"""Tuning: from a study to a folder with its front."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flopt.catalogue import load_oracle
from flopt.errors import FloptError
from flopt.fronts import Front
from flopt.plan import Plan
from flopt.reading.table import write_csv
from flopt.results import STUDY_FILE, Results, kg_per_cpu_s, open_results, problem_of
from flopt.run import Run
from flopt.search.problem import Problem
from flopt.study import Study, load_study, study_of
from flopt.trace import record

if TYPE_CHECKING:
    from flopt.search.books import Progress

__all__ = ["checked_problem", "estimate", "front", "identity", "run_study", "tune", "write_results"]

# What may change when a study goes on: it ends later, or runs on another machine.
_FREE = ("workers", "budget", "search")


def tune(
    study: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    out: str | os.PathLike[str] = "studies/default",
    report: Callable[[Progress], None] | None = None,
) -> Results:
    """Search, or go on with a search, and write `front.csv`, `front.png`, `front.svg` and `report.html` into `out`.

    `study` is the path of a study file, its content as a dict, or None for the shipped study. With more than one
    worker a script must stand behind `if __name__ == "__main__":`, as with any use of processes in Python.
    """
    if isinstance(study, Mapping):
        loaded = study_of(study).anchored(Path())
    else:
        loaded = load_study(None if study is None else Path(study))
    progress = run_study(loaded, Path(out), report)
    return replace(write_results(Path(out)), repaired_bytes=progress.repaired_bytes)


def front(folder: str | os.PathLike[str]) -> Front:
    """The front of a study folder; its points go from cheap to dear."""
    return open_results(Path(folder)).front()


def estimate(plan: Plan | None = None, *, study: Mapping[str, Any] | None = None) -> Run:
    """The predicted run of a plan on the fleet and with the pricing of a study, without any training."""
    return problem_of(study_of(study or {}).anchored(Path())).run(plan or Plan())


def run_study(study: Study, folder: Path, report: Callable[[Progress], None] | None = None) -> Progress:
    """Search until the budget is spent; what the folder already holds is not trained again."""
    from flopt.search.budget import Budget
    from flopt.search.driver import Driver
    from flopt.search.storage import Journal
    from flopt.search.strategy import Strategy

    problem = checked_problem(study)
    strategy = Strategy(
        study.sampler,
        study.seed,
        study.lag,
        study.workers,
        Budget(**study.budget.model_dump()),
        kg_per_cpu_s(study),
        study.stopping,
        study.replicates,
    )
    directions = [objective.direction for objective in problem.objectives]
    with Journal.create_or_open(folder, directions, identity(study, problem)) as journal:
        _write(folder / STUDY_FILE, study.to_toml())
        return replace(Driver(problem, strategy, journal, report).run(), repaired_bytes=journal.repaired_bytes)


def write_results(folder: Path) -> Results:
    """Write the front of a folder as a table, as pictures and as a report."""
    from flopt.drawing.front import save_front
    from flopt.report.page import write_report

    results = open_results(folder)
    found = results.front()
    try:
        write_csv(found, results.problem, folder / "front.csv")
        for suffix in ("png", "svg"):
            save_front(results, folder / f"front.{suffix}")
    except OSError as error:
        raise FloptError(f"{folder}: {error.strerror}") from None
    write_report(results, folder / "report.html")
    return results


def checked_problem(study: Study) -> Problem:
    """The problem of a study; what would break in the middle of a search is said before anything is trained."""
    from flopt.search.samplers import check_sampler
    from flopt.search.stopping import check_stopping

    problem = problem_of(study)
    check_sampler(study.sampler)
    check_stopping(study.stopping)
    load_oracle(problem.oracle, problem.source, problem.task)
    _check_learned(problem)
    return problem


def _check_learned(problem: Problem) -> None:
    """Objectives and limits that read what is learned are tried on made-up runs."""
    oracle = load_oracle("analytic", problem.source, problem.task)
    plans = list(problem.spread_plans())
    for plan in [plan for plan in plans if problem.can_run(plan)] or plans[:1]:
        trace = record(oracle(plan, problem.participation(plan, seed=0), 0), seed=0, participation="")
        run = problem.run(plan, trace)
        for objective in (*problem.objectives, *(limit.objective for limit in problem.limits)):
            objective(run.until(1))
            objective(run)


def identity(study: Study, problem: Problem) -> dict[str, Any]:
    """All that decides the outcome of a search, as plain values: two studies with equal ones are the same study."""
    flat = {key: value for key, value in study.flat().items() if key.split(".")[0] not in _FREE}
    axes = {f"space.{name}": repr(axis) for name, axis in problem.space.axes.items()}
    groups = {f"fleet.{group.name}": repr(group) for group in problem.fleet.groups}
    goals = {f"objective.{objective.name}": objective.direction for objective in problem.objectives}
    return flat | axes | groups | goals | {"fleet.server": repr(problem.fleet.server), "task": repr(problem.task)}


def _write(file: Path, text: str) -> None:
    try:
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None
