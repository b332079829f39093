"""Tuning: from a study to a folder with its front."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flopt.catalogue import load_oracle
from flopt.emissions.grid import annual_grid
from flopt.errors import FloptError
from flopt.fronts import Front
from flopt.objectives import Direction, NotFiniteError
from flopt.oracle import Bounded
from flopt.plan import Plan
from flopt.reading.table import write_csv
from flopt.results import STUDY_FILE, Results, kg_per_cpu_s, open_results, problem_of
from flopt.run import Run
from flopt.search.problem import Problem
from flopt.study import Study, load_study, study_of
from flopt.trace import record

if TYPE_CHECKING:
    from flopt.search.books import Progress
    from flopt.search.strategy import Strategy

__all__ = [
    "checked_problem",
    "estimate",
    "front",
    "identity",
    "run_study",
    "strategy_of",
    "tune",
    "write_results",
    "write_study",
]

# What may change when a study goes on: it ends later, or runs on another machine.
_FREE = ("workers", "executor", "storage", "run", "budget", "search")


def tune(
    study: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    out: str | os.PathLike[str] = "studies/default",
    report: Callable[[Progress], None] | None = None,
    executor: Executor | None = None,
) -> Results:
    """Search, or go on with a search, and write `front.csv`, `front.png`, `front.svg` and `report.html` into `out`.

    `study` is the path of a study file, its content as a dict, or None for the shipped study. Any `executor` of
    `concurrent.futures` takes the place of the study's own and is left open: `workers` runs at a time are trained
    where it puts them, each in a process of its own. With more than one worker, or with a model, data, oracle or app
    of its own, a script must stand behind `if __name__ == "__main__":`, as with any use of processes in Python.
    """
    if isinstance(study, Mapping):
        loaded = study_of(study).anchored(Path())
    else:
        loaded = load_study(None if study is None else Path(study))
    progress = run_study(loaded, Path(out), report, executor)
    return replace(write_results(Path(out)), repaired_bytes=progress.repaired_bytes)


def front(folder: str | os.PathLike[str]) -> Front:
    """The front of a study folder; its points go from cheap to dear."""
    return open_results(Path(folder)).front()


def estimate(plan: Plan | None = None, *, study: Mapping[str, Any] | None = None) -> Run:
    """The predicted run of a plan on the fleet and with the pricing of a study, without any training."""
    return problem_of(study_of(study or {}).anchored(Path())).run(plan or Plan())


def run_study(
    study: Study,
    folder: Path,
    report: Callable[[Progress], None] | None = None,
    executor: Executor | None = None,
) -> Progress:
    """Search until the budget is spent; what the folder already holds is not trained again."""
    from flopt.search.driver import Driver
    from flopt.search.stores.storage import Journal

    problem = checked_problem(study)
    directions = [objective.direction for objective in problem.objectives]
    if study.storage is not None:
        return _share(study, problem, directions, folder, report, executor)
    with Journal.create_or_open(folder, directions, identity(study, problem)) as journal:
        write_study(study, folder)
        with _metered(study, folder, report) as watched:
            progress = Driver(problem, strategy_of(study, executor), journal, watched).run()
        return replace(progress, repaired_bytes=journal.repaired_bytes)


@contextmanager
def _metered(
    study: Study, folder: Path, report: Callable[[Progress], None] | None
) -> Iterator[Callable[[Progress], None] | None]:
    """What to report to while the search is metered, where the study asks for it."""
    if study.search.meter == "none":
        yield report
        return
    from flopt.carbon_meter import metered

    country = study.search.country
    with metered(folder, country, annual_grid()[country].g_per_kwh) as meter:

        def watched(progress: Progress) -> None:
            meter.offer()
            if report is not None:
                report(progress)

        yield watched


def _share(
    study: Study,
    problem: Problem,
    directions: Sequence[Direction],
    folder: Path,
    report: Callable[[Progress], None] | None,
    executor: Executor | None,
) -> Progress:
    """The same beside other drivers, on a study in a database."""
    from flopt.search.stores.postgres import Postgres
    from flopt.search.stores.shared import SharedDriver

    assert study.storage is not None
    with Postgres.create_or_open(study.storage, folder, directions, identity(study, problem)) as store:
        write_study(study, folder)
        return SharedDriver(problem, strategy_of(study, executor), store, report).run()


def strategy_of(study: Study, executor: Executor | None = None) -> Strategy:
    """How a study is searched; its runs are trained where the study says, or on a given executor."""
    from flopt.search.budget import Budget
    from flopt.search.executors.engine import Engine
    from flopt.search.executors.slot import Limits
    from flopt.search.strategy import Strategy

    return Strategy(
        study.sampler,
        study.seed,
        study.lag,
        study.workers,
        Budget(**study.budget.model_dump()),
        kg_per_cpu_s(study),
        study.stopping,
        study.replicates,
        Engine(
            executor or study.executor,
            Limits(study.run.minutes, study.run.memory_gb),
            study.run.retries,
            study.run.checkpoint_s,
        ),
        study.ladder.runs,
    )


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


def checked_problem(study: Study, *, trained_here: bool = True) -> Problem:
    """The problem of a study; what would break in the middle of a search is said before anything is trained."""
    from flopt.search.executors.engine import check_executor
    from flopt.search.samplers import check_sampler
    from flopt.search.stopping import check_stopping

    problem, at = problem_of(study), study.resolve
    at("sampler", lambda: check_sampler(study.sampler))
    at("stopping", lambda: check_stopping(study.stopping))
    if trained_here:
        at("executor", lambda: check_executor(study.executor))
        if study.search.meter != "none":
            from flopt.carbon_meter import check_codecarbon

            at("search.meter", check_codecarbon)
        for oracle in study.oracles:
            at("oracle", partial(_check_oracle, oracle, problem))
    at("objectives", lambda: _check_learned(problem))
    return problem


def _check_oracle(reference: str, problem: Problem) -> None:
    """An oracle that cannot be loaded would fail every run, and so would one that knows no plan of the space."""
    oracle = load_oracle(reference, problem.source, problem.task)
    fewest = min(plan.rounds for plan in problem.spread_plans())
    if isinstance(oracle, Bounded) and fewest > oracle.most_rounds:
        known = f"{reference!r} knows {oracle.most_rounds} rounds of a plan"
        raise FloptError(f"{known}; every plan here has {fewest} or more")


def _check_learned(problem: Problem) -> None:
    """Objectives and limits that read what is learned are tried on made-up runs."""
    oracle = load_oracle("analytic", problem.source, problem.task)
    plans = list(problem.spread_plans())
    for plan in [plan for plan in plans if problem.can_run(plan)] or plans[:1]:
        trace = record(oracle(plan, problem.participation(plan, seed=0), 0), seed=0, participation="")
        run = problem.run(plan, trace)
        for objective in (*problem.objectives, *(limit.objective for limit in problem.limits)):
            objective(run.until(1))
            with suppress(NotFiniteError):  # a run counts up to where its objectives are numbers
                objective(run)


def identity(study: Study, problem: Problem) -> dict[str, Any]:
    """All that decides the outcome of a search, as plain values: two studies with equal ones are the same study."""
    free = _FREE if problem.cheaper else (*_FREE, "ladder")
    flat = {key: value for key, value in study.flat().items() if key.split(".")[0] not in free}
    axes = {f"space.{name}": repr(axis) for name, axis in problem.space.axes.items()}
    groups = {f"fleet.{group.name}": repr(group) for group in problem.fleet.groups}
    goals = {f"objective.{objective.name}": objective.direction for objective in problem.objectives}
    return flat | axes | groups | goals | {"fleet.server": repr(problem.fleet.server), "task": repr(problem.task)}


def write_study(study: Study, folder: Path) -> None:
    """Keep the study beside its runs, in `study.toml`; on a full disk the old file stays."""
    file, text = folder / STUDY_FILE, study.to_toml()
    draft = file.with_name(f".{file.name}.draft")
    try:
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            draft.write_text(text, encoding="utf-8")
            draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise FloptError(f"{file}: {error.strerror}") from None
