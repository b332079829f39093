"""`flopt tune`: the search, watched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from flopt.carbon_meter import read_metered
from flopt.cli.front import print_points, tell_repairs, why_empty
from flopt.cli.printing import note, why_ended
from flopt.cli.watching import Refresh, Watch, write_pictures
from flopt.payback import Payback, payback
from flopt.results import Results
from flopt.search.budget import NO_PLAN
from flopt.search.ensembles import same_plan
from flopt.search.finite import KEPT
from flopt.search.obstacle import find_obstacle
from flopt.study import Study, load_study
from flopt.tuning import run_study, write_results
from flopt.units import quantity

if TYPE_CHECKING:
    from flopt.search.books import Progress

__all__ = ["tune_study"]

_REMARKS = 3
"""Runs kept in part that are named one by one."""


def tune_study(
    file: Path | None,
    out: Path | None,
    settings: Sequence[str],
    objectives: Sequence[str],
    workers: int | None,
    *,
    dry_run: bool,
    watch: bool = False,
) -> int:
    """Search and print the front; returns 0, 1 where no point was found, 130 after Ctrl-C."""
    options = {"objectives": tuple(objectives) or None, "workers": workers}
    study = load_study(file, settings, {key: value for key, value in options.items() if value is not None})
    if dry_run:
        from flopt.cli.dry_run import print_dry_run

        print_dry_run(study)
        return 0
    folder = out or Path("studies") / (file.stem if file else "default")
    progress = _watched(study, folder, watch=watch)
    results = replace(write_results(folder), repaired_bytes=progress.repaired_bytes)
    tell_repairs(results)
    front = results.front()
    if front.points:
        print_points(front, results)
    _summary(results, progress, folder, empty=not front.points)
    if progress.ended == "interrupted":
        return 130
    return 0 if front.points else 1


def told_stops(folder: Path, oracle: str) -> str:
    """How many runs of an oracle were stopped, and how many of them wrongly."""
    from flopt.reading.wrong_stops import wrong_stops
    from flopt.results import read_store

    with read_store(folder) as journal:
        dear = [trial for trial in journal.trials() if trial.user_attrs.get("oracle", oracle) == oracle]
        traces = journal.traces()
        return str(wrong_stops(dear, [traces[trial.number] for trial in dear]))


def _watched(study: Study, folder: Path, *, watch: bool) -> Progress:
    refresh = Refresh(lambda: write_pictures(folder)) if watch else None
    with Watch(study, Console(stderr=True), refresh) as watching:
        return run_study(study, folder, watching.report)


def _summary(results: Results, progress: Progress, folder: Path, *, empty: bool) -> None:
    from flopt.search.stopper import Stopper

    study = results.study
    done = sum(trace is not None for trace in results.traces)
    failed = f", {len(results.failed)} failed" if results.failed else ""
    print(f"{done} runs{failed}, {progress.rounds} rounds; {why_ended(progress.ended)}")
    if progress.predicted:
        print(results.unconfirmed or _told_predictions(results))
    for line in _remarks(results, progress, empty=empty):
        note(line)
    if study.stopping != "none":
        silence = Stopper(results.problem, study.stopping, study.seed).silence
        print(silence or told_stops(folder, results.problem.oracle))
    print(
        f"the search itself emitted about {quantity(results.search_kg, 'kg')} CO2e (estimated: "
        f"{quantity(progress.cpu_s, 's')} of CPU x {study.search.cpu_watts:g} W, grid of {study.search.country})"
    )
    if (second := read_metered(folder)) is not None:
        print(f"or {second}, proposals included")
    elif study.search.meter != "none":
        note("CodeCarbon gave no figure here")
    _pay(payback(results))
    if study.storage:
        note("several drivers may share this study: another run of it may find another front")
    if study.budget.minutes or study.budget.search_kg:
        note("a budget in minutes or kg depends on this machine's speed, so the front does too")
    print(f"written: {folder}/front.csv, front.png, front.svg, report.html")


def _told_predictions(results: Results) -> str:
    """What a ladder did: only runs of its last oracle are counted and shown."""
    problem = results.problem
    told = [same_plan(plan) for plan, trace in zip(results.plans, results.traces, strict=True) if trace is not None]
    again = {same_plan(results.plans[number]) for number in results.predicted} & set(told)
    return (
        f"before them {len(results.predicted)} runs were predicted by {' and '.join(problem.cheaper)}: "
        f"{len(again)} of their plans are trained by {problem.oracle}, whose runs alone make the front"
    )


def _pay(found: Payback | None) -> None:
    """What each training saves against the baseline plan, and when that makes up for the search."""
    if found is None:
        return
    point = f"run {found.point.number} to round {found.point.run.rounds}"
    if found.baseline_accuracy is None:
        against = "the baseline plan [plan], whose accuracy no run has told"
    else:
        against = f"the baseline plan [plan] at no less than its accuracy ({found.baseline_accuracy:.4f} expected)"
    kg = quantity(abs(found.saved_kg), "kg")
    if found.trainings is None:
        print(f"{point} saves nothing against {against}: {kg} more in each training (predicted)")
        return
    after = f"{found.trainings:,} training" + ("s" if found.trainings > 1 else "")
    print(f"{point} saves {kg} in each training (predicted) against {against};")
    print(f"after {after} that is what the search emitted")


def _remarks(results: Results, progress: Progress, *, empty: bool) -> Iterator[str]:
    """What the person who set the limits and wrote the objectives should know."""
    if progress.ended == NO_PLAN and (found := find_obstacle(results.problem)):
        yield str(found)
    elif empty and results.problem.limits and not results.unconfirmed:  # which is said already
        yield why_empty(results)
    cut = [(n, t.reason) for n, t in enumerate(results.traces) if t is not None and t.reason.startswith(KEPT)]
    yield from (f"run {number}: {reason}" for number, reason in cut[:_REMARKS])
    if len(cut) > _REMARKS:
        yield f"and {len(cut) - _REMARKS} more runs are kept in part"
