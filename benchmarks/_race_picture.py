"""The picture of the search race: growth over the rounds, and what the honest fronts of all seeds attain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import moocore
import numpy as np
from _race_results import PREFIXES, Row
from _race_score import Scorer, Trail
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from flopt.drawing.style import LINES, THEMES

__all__ = ["PICTURED", "attained", "draw"]

Array = NDArray[np.float64]

PICTURED = ("tpe", f"tpe{PREFIXES}", "nsga2", f"random{PREFIXES}")
"""Methods that are drawn beside ours."""

_QUARTERS = (25, 50, 75)


def draw(rows: Sequence[Row], scorer: Scorer, metric: int, file: Path) -> None:
    """One picture of a few methods, at most as many as there are colours."""
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for row, color, line in zip(rows, THEMES["light"].series, LINES, strict=False):
        _draw_growth(left, row, metric, color, line)
        _draw_fronts(right, row, color, line)
    name = scorer.metrics[metric].name
    left.set(xscale="log", xlabel="rounds trained", ylabel=f"honest hypervolume, share of best-known ({name})")
    right.set(xscale="log", xlabel="deployment price (kg CO2e, expected)", ylabel="accuracy over seeds not seen")
    left.legend(fontsize=8)
    figure.suptitle(f"{scorer.world.name}: medians and middle halves over search seeds", fontsize=10)
    figure.savefig(file, dpi=150)


def attained(row: Row) -> dict[int, Array]:
    """Corners of the surfaces that a quarter, half and three quarters of the honest fronts attain, shape (corners, 2).

    Kg and accuracy, from cheap to dear. Grunert da Fonseca, Fonseca and Hall, EMO 2001.
    """
    fronts = [trail.front[:, [0, 2]] * [1.0, -1.0] for trail in row.trails.values()]
    owner = np.repeat(np.arange(len(fronts)), [len(front) for front in fronts])
    found = moocore.eaf(np.concatenate(fronts), owner, percentiles=list(_QUARTERS))
    surfaces = {level: found[found[:, 2] == level, :2] * [1.0, -1.0] for level in _QUARTERS}
    return {level: each[np.argsort(each[:, 0])] for level, each in surfaces.items()}


def _draw_growth(axes: Axes, row: Row, metric: int, color: str, line: Any) -> None:
    end = min(trail.rounds[-1] for trail in row.trails.values())
    looks = np.geomspace(20, end, 120)
    table = np.array([[_at(trail, look, metric) for look in looks] for trail in row.trails.values()])
    low, middle, high = np.quantile(table, [0.25, 0.5, 0.75], axis=0)
    axes.step(looks, middle, where="post", color=color, linestyle=line, label=row.name)
    axes.fill_between(looks, low, high, step="post", color=color, alpha=0.15, linewidth=0)


def _at(trail: Trail, rounds: float, metric: int) -> float:
    at = trail.at(trail.rounds, rounds)
    return float(trail.honest[at, metric]) if at >= 0 else 0.0


def _draw_fronts(axes: Axes, row: Row, color: str, line: Any) -> None:
    surfaces = attained(row)
    axes.step(*surfaces[50].T, where="post", color=color, linestyle=line, label=row.name)
    xs = np.unique(np.concatenate([each[:, 0] for each in surfaces.values()]))
    low, high = (_stairs(surfaces[level], xs) for level in (25, 75))
    axes.fill_between(xs, low, high, step="post", color=color, alpha=0.15, linewidth=0)


def _stairs(corners: Array, xs: Array) -> Array:
    """Height of a surface at each x; NaN before it begins."""
    place = np.searchsorted(corners[:, 0], xs, side="right") - 1
    return np.where(place >= 0, corners[np.maximum(place, 0), 1], np.nan)
