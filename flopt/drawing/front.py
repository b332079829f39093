"""The front: accuracy against kilograms, with all that a reader compares it with."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from flopt.catalogue import TOLD
from flopt.drawing.style import (
    LINES,
    MARKERS,
    THEMES,
    Theme,
    axis_label,
    canvas,
    check_file,
    dressed,
    legend,
    log_scale,
    note,
    plain,
    save,
)
from flopt.emissions.device_file import shipped_devices
from flopt.errors import FloptError
from flopt.fronts import LEAST, Candidate, Front, Point
from flopt.objectives import Objective
from flopt.reading.certainty import certainty
from flopt.reading.compare import Centre, compare, federated_samples
from flopt.reading.recommend import recommend
from flopt.results import Results
from flopt.run import NotYetTrained, Run
from flopt.search.problem import Limit, Problem

__all__ = ["FrontFigure", "Overlay", "draw_front", "front_figure", "save_front", "sources"]

Array = NDArray[np.float64]
CENTRAL_DEVICE = "gpu_v100"

_ROUNDS = Objective("rounds", lambda run: run.rounds, "minimize", "")


class Overlay(NamedTuple):
    """The front of another study in the same picture."""

    name: str
    points: Array
    """Shape (points, 2)."""


class FrontFigure(NamedTuple):
    """What the picture of a front shows; the dearer objective lies on the x axis, the rounds where it is alone."""

    x_label: str
    y_label: str
    log_x: bool
    front: Array
    """Shape (points, 2): x and y of the front."""
    x_ranges: Array | None
    """Low and high x of each point, shape (points, 2); None where nothing has a width."""
    y_ranges: Array | None
    doubtful: Array
    """Points that are likelier dominated than not, shape (points, 2), and `doubtful_ranges` low and high y of each."""
    doubtful_ranges: Array
    stepped: bool
    """Whether a line joins the points: only fronts of two objectives are stairs."""
    knee: int | None
    """Row of the knee."""
    recommended: int | None
    """Row of the recommended point."""
    trajectories: list[Array]
    """Each of shape (rounds, 2): every round of every run."""
    dominated: Array
    """The ends of the runs that do not end on the front, shape (runs, 2)."""
    baseline: tuple[float, float | None] | None
    """The study's own plan: x, and y where a run has trained it; None where x is not known before training."""
    centralised: float | None
    """x of training the recommended point's samples in one data centre; None where x is no emission."""
    x_limits: tuple[float, ...]
    y_limits: tuple[float, ...]
    notes: tuple[str, ...]
    overlays: tuple[Overlay, ...] = ()
    name: str = "front"


def front_figure(
    results: Results, *, limits: Sequence[Limit] = (), others: Sequence[tuple[str, Results]] = (), name: str = "front"
) -> FrontFigure:
    """The facts of the picture of a front: its cost, and the first other objective.

    `limits` choose the recommended point; `others` are studies whose fronts are laid over this one.
    """
    candidates, problem = results.candidates(), results.problem
    front = results.front()
    x, y = axes_of(front)
    found = recommend(front, limits)
    sure = certainty(front, problem)
    paths = [np.column_stack([x.along(c.run), y.along(c.run)]) for c in results.seen()]
    ends = np.array([[x(c.run), y(c.run)] for c in candidates]).reshape(-1, 2)
    points = _points(front.points, x, y)
    on_front = {tuple(point) for point in points}
    pair = len(front.objectives) == 2
    return FrontFigure(
        x_label=axis_label(x),
        y_label=axis_label(y),
        log_x=bool(paths) and min(float(path[:, 0].min()) for path in paths) > 0,
        front=points,
        x_ranges=_ranges([each.intervals.get(x.name) for each in sure]),
        y_ranges=_ranges([each.intervals.get(y.name) for each in sure]),
        doubtful=_points(front.doubtful, x, y),
        doubtful_ranges=np.array([p.intervals.get(y.name, (y(p.run),) * 2) for p in front.doubtful]).reshape(-1, 2),
        stepped=pair,
        knee=front.points.index(front.knee()) if front.points and pair else None,
        recommended=None if found is None else front.points.index(found.point),
        trajectories=paths,
        dominated=ends[[tuple(end) not in on_front for end in ends]] if len(ends) else ends,
        baseline=_baseline(problem, candidates, x, y),
        centralised=None if found is None else _centralised(problem, found.point.run, x),
        x_limits=_bounds(problem.limits, x),
        y_limits=_bounds(problem.limits, y),
        notes=(*sources(problem), *_said(front, results.unconfirmed)),
        overlays=tuple(Overlay(label, _points(_same(other, front).front().points, x, y)) for label, other in others),
        name=name,
    )


def _said(front: Front, unconfirmed: str) -> list[str]:
    if not front.points:
        return [unconfirmed or "no run has a point within the limits yet"]
    grey = f"; grey: on the front with a probability below {LEAST}" if front.doubtful else ""
    bars = "bars: nine of ten draws of all coefficients, or over seeds"
    return [f"{bars}{grey}; centralised: the same samples in one data centre"]


def axes_of(front: Front) -> tuple[Objective, Objective]:
    """What lies on x and on y: the front's cost (rounds where there is one objective only), and the first other."""
    x = front.cost if len(front.objectives) > 1 else _ROUNDS
    return x, next(objective for objective in front.objectives if objective is not x)


def sources(problem: Problem) -> tuple[str, ...]:
    """What a picture was made from: task, fleet, and what kind of accuracy it shows."""
    learned = "accuracy measured"
    if problem.oracle == "analytic":
        learned = "analytic curve, not a measurement"
    elif problem.oracle == "recorded" or problem.oracle.endswith(".npz"):
        learned = "accuracy from recorded runs"
    elif problem.oracle == TOLD:
        learned = "accuracy as told by its trainer"
    else:
        learned = f"accuracy measured ({problem.oracle})"
    return (f"{problem.task.name}, fleet {problem.fleet.name}; {learned}; emissions predicted",)


def draw_front(facts: FrontFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """Draw the facts on a matplotlib axes."""
    _draw_runs(facts, axes, theme)
    _draw_references(facts, axes, theme)
    _draw_points(facts, axes, theme)
    for number, overlay in enumerate(facts.overlays, start=1):
        if len(overlay.points):
            colour = theme.series[number % len(theme.series)]
            style = {"marker": MARKERS[number % 8], "linestyle": LINES[number % 8], "markersize": 3.5, "linewidth": 1}
            axes.step(*overlay.points.T, where="post", color=colour, label=plain(overlay.name), zorder=3, **style)
    if facts.log_x:
        log_scale(axes.xaxis, *_extent(facts))
    axes.set(xlabel=facts.x_label, ylabel=facts.y_label)
    axes.grid(visible=True, linewidth=0.3, alpha=0.4)
    legend(axes)
    note(axes, facts.notes, theme)
    return axes


def _draw_runs(facts: FrontFigure, axes: Axes, theme: Theme) -> None:
    for path in facts.trajectories:
        axes.plot(path[:, 0], path[:, 1], color=theme.faint, linewidth=0.4, alpha=0.35, zorder=1)
    if len(facts.dominated):
        axes.plot(*facts.dominated.T, ".", color=theme.faint, markersize=3, alpha=0.6, zorder=1, label="other runs")


def _draw_references(facts: FrontFigure, axes: Axes, theme: Theme) -> None:
    for number, bound in enumerate(facts.x_limits):
        axes.axvline(bound, color=theme.ink, linestyle=":", linewidth=1, label=None if number else "limit")
    for number, bound in enumerate(facts.y_limits):
        label = None if number or facts.x_limits else "limit"
        axes.axhline(bound, color=theme.ink, linestyle=":", linewidth=1, label=label)
    if facts.centralised is not None:
        axes.axvline(facts.centralised, color=theme.series[2], linestyle=LINES[5], linewidth=1, label="centralised")
    if facts.baseline is not None:
        x, y = facts.baseline
        if y is None:  # its cost is known, its accuracy is not
            axes.axvline(x, color=theme.series[3], linestyle=LINES[2], linewidth=1, label="baseline (cost)")
        else:
            axes.plot(x, y, "s", color=theme.series[3], markersize=5.5, label="baseline", zorder=4)


def _draw_points(facts: FrontFigure, axes: Axes, theme: Theme) -> None:
    points = facts.front
    if not len(points):
        return
    if facts.stepped:
        axes.step(points[:, 0], points[:, 1], where="post", color=theme.main, linewidth=1, zorder=2)
    if len(facts.doubtful):
        xs, ys = facts.doubtful.T
        low, high = np.abs(facts.doubtful_ranges.T - ys)
        axes.errorbar(xs, ys, yerr=(low, high), fmt="none", ecolor=theme.faint, elinewidth=4, alpha=0.35)
        axes.plot(xs, ys, "o", color=theme.faint, markersize=3.2, label="doubtful", zorder=2)
    x_bars, y_bars = (
        None if ranges is None else np.abs(ranges.T - points[:, column])
        for column, ranges in enumerate((facts.x_ranges, facts.y_ranges))
    )
    axes.errorbar(
        points[:, 0], points[:, 1], xerr=x_bars, yerr=y_bars, fmt="none", ecolor=theme.main, elinewidth=0.5, alpha=0.35
    )
    axes.plot(points[:, 0], points[:, 1], "o", markersize=3.2, label=plain(facts.name), color=theme.main, zorder=3)
    if facts.knee is not None:
        label = "knee, recommended" if facts.knee == facts.recommended else "knee"
        axes.plot(*points[facts.knee], "D", color=theme.accent, markersize=7, label=label, zorder=5, mec=theme.paper)
    if facts.recommended is not None and facts.recommended != facts.knee:
        axes.plot(
            *points[facts.recommended],
            "*",
            color=theme.series[4],
            markersize=11,
            label="recommended",
            zorder=6,
            mec=theme.ink,
            mew=0.6,
        )


def save_front(results: Results, file: Path, *, label: str = "") -> None:
    """Draw the front into a `.png`, `.svg` or `.pdf` file; `label` is added to the lines under it."""
    check_file(file)
    theme = THEMES["light"]
    facts = front_figure(results)
    axes = canvas(theme, 16)
    with dressed(theme):
        draw_front(facts._replace(notes=(*facts.notes, label)) if label else facts, axes, theme)
    save(axes, file)


def _points(points: Sequence[Point], x: Objective, y: Objective) -> Array:
    return np.array([[x(point.run), y(point.run)] for point in points]).reshape(-1, 2)


def _same(other: Results, front: Front) -> Results:
    """Another study, scored by the same objectives."""
    from dataclasses import replace

    return replace(other, problem=replace(other.problem, objectives=front.objectives))


def _ranges(intervals: Sequence[object]) -> Array | None:
    """Low and high of each; None where there is no interval, or none has a width."""
    ends = [(getattr(each, "low", np.nan), getattr(each, "high", np.nan)) for each in intervals]
    table = np.array(ends).reshape(-1, 2)
    return table if bool((table[:, 0] < table[:, 1]).any()) else None


def _baseline(
    problem: Problem, candidates: Sequence[Candidate], x: Objective, y: Objective
) -> tuple[float, float | None] | None:
    for candidate in candidates:
        if candidate.run.whole_plan == problem.base and candidate.run.length == problem.base.rounds:
            return x(candidate.run), y(candidate.run)
    try:
        return x(problem.run(problem.base)), None
    except (NotYetTrained, FloptError):  # learned, or a plan that this fleet cannot run
        return None


def _centralised(problem: Problem, run: Run, x: Objective) -> float | None:
    """The same samples trained in the server's country on a data centre's GPU, as `flopt compare` has it."""
    if x.name not in ("co2e", "energy"):
        return None
    moved = problem.fleet.moved(problem.pricing.country, problem.pricing.server_country)
    centre = Centre(shipped_devices()[CENTRAL_DEVICE], federated_samples(problem, run), moved.server.country)
    with suppress(FloptError):  # grids of two kinds, or no embodied carbon to count
        found = compare(problem, run, centre, draws=1)
        return found.centralised_kg.central if x.name == "co2e" else found.centralised_kwh
    return None


def _extent(facts: FrontFigure) -> tuple[float, float]:
    values = np.concatenate([path[:, 0] for path in facts.trajectories])
    return float(values.min()), float(values.max())


def _bounds(limits: Sequence[Limit], objective: Objective) -> tuple[float, ...]:
    named = [limit for limit in limits if limit.objective.name == objective.name]
    return tuple(bound for limit in named for bound in (limit.at_least, limit.at_most) if bound is not None)
