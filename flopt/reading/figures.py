"""Figures: facts first, drawing second, so that tests test facts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from flopt.errors import FloptError
from flopt.fronts import Candidate, Front
from flopt.objectives import Objective
from flopt.search.problem import Limit, Problem

__all__ = ["FrontFigure", "draw_front", "front_figure", "save_front"]

Array = NDArray[np.float64]
SUFFIXES = (".png", ".svg", ".pdf")

# Okabe and Ito's colours, which people with colour blindness can tell apart.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"

_ROUNDS = Objective("rounds", lambda run: run.rounds, "minimize", "")


class FrontFigure(NamedTuple):
    """What the picture of a front shows; the dearer objective lies on the x axis, the rounds where it is alone."""

    x_label: str
    y_label: str
    log_x: bool
    front: Array
    """Shape (points, 2): x and y of the front."""
    stepped: bool
    """Whether a line joins the points: only fronts of two objectives are stairs."""
    knee: int | None
    """Row of the knee."""
    trajectories: list[Array]
    """Each of shape (rounds, 2): every round of every run."""
    x_limits: tuple[float, ...]
    y_limits: tuple[float, ...]
    note: str


def front_figure(front: Front, candidates: Sequence[Candidate], problem: Problem) -> FrontFigure:
    """The facts of the picture of a front: its cost, and the first other objective."""
    x = front.cost if len(front.objectives) > 1 else _ROUNDS
    y = next(objective for objective in front.objectives if objective is not x)
    points = np.array([[x(point.run), y(point.run)] for point in front.points]).reshape(-1, 2)
    paths = [np.column_stack([x.along(c.run), y.along(c.run)]) for c in candidates]
    drawn = [path[:, 0] for path in paths]
    pair = len(front.objectives) == 2
    return FrontFigure(
        x_label=_label(x),
        y_label=_label(y),
        log_x=bool(drawn) and min(float(path.min()) for path in drawn) > 0,
        front=points,
        stepped=pair,
        knee=front.points.index(front.knee()) if front.points and pair else None,
        trajectories=paths,
        x_limits=_bounds(problem.limits, x),
        y_limits=_bounds(problem.limits, y),
        note=f"{problem.task.name}, fleet {problem.fleet.name}; {_kind(problem)}",
    )


def draw_front(facts: FrontFigure, axes: Axes) -> Axes:
    """Draw the facts on a matplotlib axes."""
    for path in facts.trajectories:
        axes.plot(path[:, 0], path[:, 1], color=GREY, linewidth=0.5, alpha=0.4, zorder=1)
    if len(facts.front):
        if facts.stepped:
            axes.step(facts.front[:, 0], facts.front[:, 1], where="post", color=BLUE, linewidth=1, zorder=2)
        axes.plot(facts.front[:, 0], facts.front[:, 1], "o", color=BLUE, markersize=4, label="front", zorder=3)
    if facts.knee is not None:
        knee = facts.front[facts.knee]
        axes.plot(*knee, "D", color=ORANGE, markersize=8, label="knee", zorder=4)
    for bound in facts.x_limits:
        axes.axvline(bound, color="black", linestyle=":", linewidth=1)
    for bound in facts.y_limits:
        axes.axhline(bound, color="black", linestyle=":", linewidth=1)
    if facts.log_x:
        axes.set_xscale("log")
    axes.set(xlabel=facts.x_label, ylabel=facts.y_label)
    axes.set_title(facts.note, fontsize=8, loc="left")
    axes.grid(visible=True, linewidth=0.3, alpha=0.5)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc="lower right")
    return axes


def save_front(front: Front, candidates: Sequence[Candidate], problem: Problem, file: Path, *, label: str = "") -> None:
    """Draw the front into a `.png`, `.svg` or `.pdf` file; `label` is added to the line above it."""
    kind = file.suffix.lower()
    if kind not in SUFFIXES:
        raise FloptError(f"picture {file}: must end in {', '.join(SUFFIXES)}")
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    facts = front_figure(front, candidates, problem)
    draw_front(facts._replace(note=f"{facts.note}; {label}") if label else facts, figure.add_subplot())
    # No date in the file, and no random ids: equal fronts give equal pictures.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(kind)
    try:
        with rc_context({"svg.hashsalt": "flopt"}):
            figure.savefig(file, dpi=150, metadata=metadata)
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None


def _label(objective: Objective) -> str:
    words = {"co2e": "expected CO2e of the training", "accuracy": "validation accuracy"}
    unit = f" ({objective.unit})" if objective.unit else ""
    return words.get(objective.name, objective.name) + unit


def _kind(problem: Problem) -> str:
    return (
        "analytic curve, not a measurement" if problem.oracle == "analytic" else f"accuracy measured ({problem.oracle})"
    )


def _bounds(limits: Sequence[Limit], objective: Objective) -> tuple[float, ...]:
    named = [limit for limit in limits if limit.objective.name == objective.name]
    return tuple(bound for limit in named for bound in (limit.at_least, limit.at_most) if bound is not None)
