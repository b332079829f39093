"""Watching a search: what it has spent and found, on a terminal, and pictures that are kept fresh."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from flopt.cli.sketch import sketch
from flopt.results import kg_per_cpu_s, open_results, problem_of
from flopt.search.volume import Growth, box_of
from flopt.study import Study
from flopt.units import quantity

if TYPE_CHECKING:
    from flopt.search.books import Progress as Spent

__all__ = ["Refresh", "Watch", "share_spent", "status", "time_left", "write_pictures"]

SHARE = 10.0
"""Pictures wait ten times as long as the last ones took, so that they take at most a tenth of the time."""


@dataclass
class Refresh:
    """Writes pictures as often as is cheap."""

    write: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    due: float = 0.0

    def offer(self) -> bool:
        """Write them if it is time; says whether it was."""
        began = self.clock()
        if began < self.due:
            return False
        self.write()
        ended = self.clock()
        self.due = ended + SHARE * (ended - began)
        return True


class Watch:
    """A search's progress: a bar, a line and a small front where the console is a terminal, nothing elsewhere."""

    def __init__(self, study: Study, console: Console, refresh: Refresh | None = None) -> None:
        self._study, self._refresh = study, refresh
        self._shown = console.is_terminal
        self._growth = Growth(box_of(problem_of(study))) if self._shown else None
        self._bar = Progress(BarColumn(bar_width=40), TextColumn("{task.percentage:>3.0f} %"))
        self._task = self._bar.add_task("search", total=1.0)
        self._live = Live(console=console, transient=True, refresh_per_second=4)
        self._began = time.monotonic()
        self._share_before: float | None = None

    def __enter__(self) -> Watch:
        if self._shown:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def report(self, spent: Spent) -> None:
        """Take up what the search says of itself."""
        if self._refresh is not None and not spent.ended:
            self._refresh.offer()
        if self._growth is None:
            return
        self._growth.add(spent.latest)
        elapsed = time.monotonic() - self._began
        share = share_spent(self._study, spent, elapsed)
        if self._share_before is None:  # what an earlier search had done took no time now
            self._share_before = share
        left = time_left(share - self._share_before, 1 - share, elapsed)
        self._bar.update(self._task, completed=share)
        line = status(self._study, spent, self._growth, left)
        drawing = sketch(self._growth.values, self._growth.objectives)
        self._live.update(Group(self._bar, Text(line), Text(drawing)))


def status(study: Study, spent: Spent, growth: Growth, left_s: float | None) -> str:
    """One line: runs, rounds, front, hypervolume, kilograms, time left."""
    failed = f", {spent.failed} failed" if spent.failed else ""
    kg = quantity(spent.cpu_s * kg_per_cpu_s(study), "kg")
    left = "" if left_s is None else f"; about {quantity(left_s, 's')} left"
    if spent.predicted and not spent.runs:
        of = study.ladder.runs * (len(study.oracles) - 1)
        return f"{spent.predicted} of {of} runs predicted, nothing is confirmed yet; search {kg} CO2e (estimated)"
    return (
        f"{spent.runs} runs{failed}, {spent.rounds} rounds; front of {len(growth.values)}, hypervolume "
        f"{100 * growth.share:.1f} % of its box; search {kg} CO2e (estimated){left}"
    )


def share_spent(study: Study, spent: Spent, elapsed_s: float) -> float:
    """Share of the budget that is spent: that of the bound which comes first."""
    budget = study.budget
    shares = [
        spent.runs / budget.runs if budget.runs else 0.0,
        spent.rounds / budget.rounds if budget.rounds else 0.0,
        elapsed_s / 60 / budget.minutes if budget.minutes else 0.0,
        spent.cpu_s * kg_per_cpu_s(study) / budget.search_kg if budget.search_kg else 0.0,
    ]
    return min(1.0, max(shares))


def time_left(done: float, rest: float, elapsed_s: float) -> float | None:
    """Seconds until a share `rest` is done, if it goes on as it did; None before anything is."""
    return elapsed_s * rest / done if done > 0 else None


def write_pictures(folder: Path) -> None:
    """Write `front.png` and `report.html` of a folder as it stands; the old ones stay until the new ones are whole."""
    from flopt.drawing.front import save_front
    from flopt.report.page import write_report

    results = open_results(folder)
    for name, write in (("front.png", save_front), ("report.html", write_report)):
        file = folder / name
        draft = folder / f".draft.{name}"
        write(results, draft)
        draft.replace(file)
