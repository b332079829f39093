"""Attainment: what one search reaches, and what half of them and all of them do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import moocore
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from flopt.drawing.front import axes_of, sources
from flopt.drawing.style import LINES, THEMES, Theme, axis_label, legend, log_scale, note
from flopt.errors import FloptError
from flopt.fronts import Front, find_front
from flopt.pareto import losses
from flopt.results import Results

__all__ = ["LEVELS", "AttainmentFigure", "attainment_figure", "draw_attainment"]

Array = NDArray[np.float64]

LEVELS = {0: "the best of all", 25: "a quarter", 50: "half", 75: "three quarters", 100: "every one"}
"""Percentile of the fronts that attain a surface -> what it is called."""


class AttainmentFigure(NamedTuple):
    """Surfaces that a share of the fronts attain: Grunert da Fonseca, Fonseca and Hall, EMO 2001."""

    x_label: str
    y_label: str
    log_x: bool
    over: str
    """What the fronts are of: `4 studies`, `3 seeds`."""
    surfaces: dict[int, Array]
    """Percentile -> corners of the surface, shape (corners, 2), x rising."""
    notes: tuple[str, ...]


def attainment_figure(results: Results, *, others: Sequence[tuple[str, Results]] = ()) -> AttainmentFigure:
    """The facts, over several studies or over the seeds of one."""
    if len(results.problem.objectives) != 2:
        raise FloptError(f"attainment: it needs two objectives, not {len(results.problem.objectives)}")
    fronts, over = _fronts(results, [other for _, other in others])
    fronts = [front for front in fronts if front.points]
    if len(fronts) < 2:
        raise FloptError(f"attainment: it compares fronts, and this is 1 (of {over}); add studies by --with DIR")
    x, y = axes_of(fronts[0])
    pairs = [np.array([[x(point.run), y(point.run)] for point in front.points]) for front in fronts]
    directions = [x.direction, y.direction]
    owner = np.repeat(np.arange(len(pairs)), [len(each) for each in pairs])
    found = moocore.eaf(losses(np.concatenate(pairs), directions), owner, percentiles=list(LEVELS))
    corners = np.column_stack([losses(found[:, :2], directions), found[:, 2]])
    surfaces = {level: corners[corners[:, 2] == level, :2] for level in LEVELS}
    return AttainmentFigure(
        axis_label(x),
        axis_label(y),
        all(float(each[:, 0].min()) > 0 for each in pairs),
        over,
        {level: each[np.argsort(each[:, 0])] for level, each in surfaces.items()},
        sources(results.problem),
    )


def _fronts(results: Results, others: Sequence[Results]) -> tuple[list[Front], str]:
    objectives = results.problem.objectives
    if others:
        same = [replace(other, problem=replace(other.problem, objectives=objectives)) for other in others]
        return [each.front() for each in (results, *same)], f"{1 + len(others)} studies"
    candidates = results.seen()
    seeds = sorted({c.run.trace.seed for c in candidates})
    each = [find_front([c for c in candidates if c.run.trace.seed == seed], objectives) for seed in seeds]
    return each, f"{len(seeds)} seed" + ("s" if len(seeds) > 1 else "")


def draw_attainment(facts: AttainmentFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """The median as a strong line, the middle half as a band, the best and the worst as thin lines."""
    xs = np.unique(np.concatenate([surface[:, 0] for surface in facts.surfaces.values()]))
    low, high = _stairs(facts.surfaces[25], xs), _stairs(facts.surfaces[75], xs)
    axes.fill_between(xs, low, high, step="post", color=theme.main, alpha=0.25, linewidth=0, label="middle half")
    for number, level in enumerate((50, 0, 100)):
        surface, main = facts.surfaces[level], level == 50
        axes.step(
            *surface.T,
            where="post",
            color=theme.main if main else theme.ink,
            linewidth=1.6 if main else 0.9,
            linestyle=LINES[number],
            label=LEVELS[level],
        )
    if facts.log_x:
        log_scale(axes.xaxis, float(xs.min()), float(xs.max()))
    axes.set(xlabel=facts.x_label, ylabel=facts.y_label)
    axes.grid(visible=True, linewidth=0.3, alpha=0.4)
    legend(axes)
    note(axes, [*facts.notes, f"fronts of {facts.over}: what so many of them attain"], theme)
    return axes


def _stairs(surface: Array, xs: Array) -> Array:
    """y of a surface at each x; NaN before it begins."""
    place = np.searchsorted(surface[:, 0], xs, side="right") - 1
    return np.where(place >= 0, surface[np.maximum(place, 0), 1], np.nan)
