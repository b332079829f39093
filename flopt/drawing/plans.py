"""Plans: the front's settings side by side, as parallel coordinates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from numpy.typing import NDArray

from flopt.drawing.front import axes_of, sources
from flopt.drawing.style import THEMES, Theme, note, plain
from flopt.errors import FloptError
from flopt.plan import Setting
from flopt.results import Results
from flopt.units import quantity

__all__ = ["Coordinate", "PlansFigure", "draw_plans", "plans_figure"]

Array = NDArray[np.float64]
_SHORT = {"local_epochs": "epochs", "client_fraction": "fraction", "batch_size": "batch", "client_lr": "lr"}


class Coordinate(NamedTuple):
    """One upright axis."""

    name: str
    ends: tuple[str, str]
    """What stands at its lower and upper end."""
    height: Array
    """Of each point, from 0 to 1, shape (points,)."""
    marks: tuple[str, ...] = ()
    """The names along it, evenly from 0 to 1, where it is no number."""


class PlansFigure(NamedTuple):
    """The front's plans and objectives."""

    points: tuple[str, ...]
    coordinates: tuple[Coordinate, ...]
    knee: int | None
    shade: Array
    """What the lines are coloured by, from 0 to 1: the height on the last axis."""
    shade_name: str
    notes: tuple[str, ...]


def plans_figure(results: Results) -> PlansFigure:
    """The facts: the axes that are searched and differ on the front, then the objectives."""
    front = results.front()
    if not front.points:
        raise FloptError("plans: the front has no point")
    settings = front.points[0].run.plan.settings()
    # `uplink.kind` is a part of the setting `uplink`; `app.model.width` is a setting itself.
    axes = {name if name in settings else name.split(".")[0]: a for name, a in results.problem.space.axes.items()}
    found = []
    for name, axis in axes.items():
        values = [point.run.plan.settings()[name] for point in front.points]
        if len(set(values)) > 1:
            found.append(_coordinate(name, values, log=getattr(axis, "log", False) or name == "rounds"))
    _, shade = axes_of(front)
    for objective in sorted(front.objectives, key=lambda each: each is shade):
        numbers = np.array([point.values[objective.name] for point in front.points])
        log = objective is front.cost and bool(numbers.min() > 0) and len(front.objectives) > 1
        words = [quantity(float(v), objective.unit) for v in (numbers.min(), numbers.max())]
        found.append(Coordinate(objective.name, (words[0], words[1]), _height(numbers, log=log)))
    return PlansFigure(
        tuple(f"{point.number}@{point.run.rounds}" for point in front.points),
        tuple(found),
        front.points.index(front.knee()) if len(front.objectives) == 2 else None,
        found[-1].height,
        found[-1].name,
        sources(results.problem),
    )


def _coordinate(name: str, values: list[Setting], *, log: bool) -> Coordinate:
    if all(isinstance(value, int | float) for value in values):
        numbers = np.array(values, dtype=np.float64)
        ends = f"{numbers.min():.3g}", f"{numbers.max():.3g}"
        return Coordinate(_SHORT.get(name, name), ends, _height(numbers, log=log and bool(numbers.min() > 0)))
    kinds = sorted({str(value).split(":")[0] for value in values})
    level = {kind: place / max(1, len(kinds) - 1) for place, kind in enumerate(kinds)}
    height = np.array([level[str(value).split(":")[0]] for value in values])
    return Coordinate(_SHORT.get(name, name), ("", ""), height, tuple(kinds))


def _height(values: Array, *, log: bool) -> Array:
    shown = np.log10(values) if log else values
    span = shown.max() - shown.min()
    return np.asarray((shown - shown.min()) / span if span > 0 else np.full(len(shown), 0.5))


def draw_plans(facts: PlansFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """A line for each point; light is low, dark is high, and the knee is drawn thick and dashed."""
    places = np.arange(len(facts.coordinates))
    table = np.array([coordinate.height for coordinate in facts.coordinates])
    shades = colormaps["cividis_r" if theme.paper == "#FFFFFF" else "cividis"]
    for row in range(len(facts.points)):
        colour = shades(0.15 + 0.8 * float(facts.shade[row]))
        axes.plot(places, table[:, row], color=colour, linewidth=0.9, alpha=0.85)
    if facts.knee is not None:
        axes.plot(places, table[:, facts.knee], color=theme.accent, linewidth=2, linestyle="--", label="knee", zorder=5)
    size = float(axes.xaxis.label.get_fontsize()) - 1.5
    for place, coordinate in zip(places, facts.coordinates, strict=True):
        axes.plot([place, place], [0, 1], color=theme.faint, linewidth=0.7, zorder=0)
        marks = coordinate.marks or coordinate.ends
        for number, text in enumerate(marks):
            top = number == len(marks) - 1 and len(marks) > 1
            height = number / max(1, len(marks) - 1)
            axes.annotate(
                plain(text),
                (place, height),
                xytext=(0, 3 if top else -3 if number == 0 else 0),
                textcoords="offset points",
                ha="center",
                va="bottom" if top else "top" if number == 0 else "center",
                fontsize=size,
                rotation=90 if len(places) > 5 and axes.figure.get_figwidth() < 8 else 0,  # type: ignore[union-attr]
                bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 0.4, "alpha": 0.8},
            )
    names = [plain(coordinate.name.replace("_", " ")) for coordinate in facts.coordinates]
    axes.set_xticks(places, names, rotation=90)
    axes.set(ylim=(-0.3, 1.32), xlim=(-0.4, len(places) - 0.6))
    axes.set(xlabel="each from lowest to highest on the front")
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(axis="x", length=0)
    shade = f"{len(facts.points)} plans of the front; the stronger the line, the higher its {facts.shade_name}"
    note(axes, [*facts.notes, shade + ("; dashed: the knee" if facts.knee is not None else "")], theme)
    return axes
