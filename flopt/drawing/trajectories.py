"""Trajectories: how every run went, round by round, and which rounds the front owns."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from flopt.drawing.front import axes_of, sources
from flopt.drawing.style import LINES, MARKERS, THEMES, Theme, axis_label, legend, note
from flopt.results import Results

__all__ = ["OWNERS", "TrajectoriesFigure", "draw_trajectories", "trajectories_figure"]

Array = NDArray[np.float64]

OWNERS = 6
"""Runs that are drawn with a line and a name of their own: those with the most points on the front."""


class TrajectoriesFigure(NamedTuple):
    """An objective after every round of every run."""

    y_label: str
    runs: dict[int, Array]
    """Run -> value after each of its rounds."""
    owned: dict[int, list[int]]
    """Run -> its rounds on the front, the run with the most first."""
    notes: tuple[str, ...]


def trajectories_figure(results: Results) -> TrajectoriesFigure:
    """The facts: the first objective that is not the cost, over the rounds."""
    front = results.front()
    _, y = axes_of(front)
    counted = Counter(point.number for point in front.points)
    owned = {
        run: [point.run.rounds for point in front.points if point.number == run] for run, _ in counted.most_common()
    }
    runs = {candidate.number: y.along(candidate.run) for candidate in results.candidates()}
    return TrajectoriesFigure(axis_label(y), runs, owned, sources(results.problem))


def draw_trajectories(facts: TrajectoriesFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """Faint lines for all runs, strong ones for those that own most of the front; a mark for each owned round."""
    for values in facts.runs.values():
        axes.plot(np.arange(1, len(values) + 1), values, color=theme.faint, linewidth=0.4, alpha=0.4)
    for number, (run, rounds) in enumerate(facts.owned.items()):
        values, named = facts.runs[run], number < OWNERS
        colour = theme.series[number % len(theme.series)] if named else theme.ink
        if named:
            axes.plot(
                np.arange(1, len(values) + 1),
                values,
                color=colour,
                linestyle=LINES[number],
                linewidth=1,
                marker=MARKERS[number],
                markevery=[r - 1 for r in rounds],
                markersize=3.5,
                label=f"run {run} ({len(rounds)})",
            )
        else:
            axes.plot(rounds, values[np.array(rounds) - 1], ".", color=colour, markersize=4)
    axes.set(xlabel="rounds", ylabel=facts.y_label)
    axes.grid(visible=True, linewidth=0.3, alpha=0.4)
    legend(axes)
    kept = f"{len(facts.runs)} runs; marks: rounds on the front, in brackets how many"
    note(axes, [*facts.notes, kept], theme)
    return axes
