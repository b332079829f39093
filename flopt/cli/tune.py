"""`flopt tune`: the search, watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from flopt.cli.front import print_points, tell_repairs
from flopt.cli.printing import note
from flopt.cli.watching import Refresh, Watch, write_pictures
from flopt.results import Results
from flopt.study import Study, load_study
from flopt.tuning import run_study, write_results
from flopt.units import quantity

if TYPE_CHECKING:
    from flopt.search.books import Progress

__all__ = ["tune_study"]


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
    _summary(results, progress, folder)
    if progress.ended == "interrupted":
        return 130
    return 0 if front.points else 1


def told_stops(folder: Path) -> str:
    """How many runs were stopped, and how many of them wrongly."""
    from flopt.reading.wrong_stops import wrong_stops
    from flopt.search.storage import Journal

    with Journal.read(folder) as journal:
        return str(wrong_stops(journal.trials(), journal.traces()))


def _watched(study: Study, folder: Path, *, watch: bool) -> Progress:
    refresh = Refresh(lambda: write_pictures(folder)) if watch else None
    with Watch(study, Console(stderr=True), refresh) as watching:
        return run_study(study, folder, watching.report)


def _summary(results: Results, progress: Progress, folder: Path) -> None:
    from flopt.search.conflict import conflict
    from flopt.search.stopper import Stopper

    study = results.study
    done = sum(trace is not None for trace in results.traces)
    why = {
        "interrupted": "interrupted; the same command goes on from here",
        "no plan within the limits": "no further plan keeps to the limits that are known before training",
    }.get(progress.ended, f"budget.{progress.ended} is spent")
    failed = f", {len(results.failed)} failed" if results.failed else ""
    print(f"{done} runs{failed}, {progress.rounds} rounds; {why}")
    if progress.ended == "no plan within the limits" and (line := conflict(results.problem)):
        print(line)
    if study.stopping != "none":
        print(Stopper(results.problem, study.stopping, study.seed).silence or told_stops(folder))
    print(
        f"the search itself emitted about {quantity(results.search_kg, 'kg')} CO2e (estimated: "
        f"{quantity(progress.cpu_s, 's')} of CPU x {study.search.cpu_watts:g} W, grid of {study.search.country})"
    )
    if study.budget.minutes or study.budget.search_kg:
        note("a budget in minutes or kg depends on this machine's speed, so the front does too")
    print(f"written: {folder}/front.csv, front.png, front.svg, report.html")
