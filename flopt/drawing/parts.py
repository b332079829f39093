"""Parts: what the emissions of the front's plans are made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from flopt.drawing.front import sources
from flopt.drawing.style import HATCHES, THEMES, Theme, legend, note
from flopt.emissions.footprint import PARTS
from flopt.results import Results
from flopt.units import quantity

__all__ = ["BARS", "PartsFigure", "draw_parts", "parts_figure"]

Array = NDArray[np.float64]

BARS = 12
"""At most so many plans stand side by side; of a longer front, evenly chosen ones and the knee."""


class PartsFigure(NamedTuple):
    """CO2e by part, for points of the front from cheap to dear."""

    points: tuple[str, ...]
    """run@round of each."""
    knee: int | None
    kg: dict[str, Array]
    """Part -> kg of each point, shape (points,); parts that are zero everywhere are left out."""
    of: int
    """Points that the front has in all."""
    notes: tuple[str, ...]

    @property
    def total_kg(self) -> Array:
        """Shape (points,)."""
        return np.asarray(np.sum([*self.kg.values(), np.zeros(len(self.points))], axis=0))


def parts_figure(results: Results, *, bars: int = BARS) -> PartsFigure:
    """The facts: of a long front every so manieth point, and always the knee and both ends."""
    front = results.front()
    knee = front.points.index(front.knee()) if front.points and len(front.objectives) == 2 else None
    rows = sorted({*np.linspace(0, len(front) - 1, min(bars, len(front)), dtype=int).tolist(), *_one(knee)})
    points = [front.points[row] for row in rows]
    kg = {part: np.array([float(getattr(p.run.co2e_kg_by_part, part)) for p in points]) for part in PARTS}
    return PartsFigure(
        tuple(f"{point.number}@{point.run.rounds}" for point in points),
        None if knee is None else rows.index(knee),
        {part: values for part, values in kg.items() if values.any()},
        len(front),
        sources(results.problem),
    )


def draw_parts(facts: PartsFigure, axes: Axes, theme: Theme = THEMES["light"]) -> Axes:
    """Shares of each point's CO2e as stacked bars; kilograms, which span decades, stand in words under them."""
    total, places = facts.total_kg, np.arange(len(facts.points))
    bottom = np.zeros(len(places))
    for number, (part, kg) in enumerate(facts.kg.items()):
        share = 100 * kg / total
        axes.bar(
            places,
            share,
            0.8,
            bottom=bottom,
            label=part,
            color=theme.series[number % len(theme.series)],
            hatch=HATCHES[number % len(HATCHES)],
            edgecolor=theme.paper,
            linewidth=0.4,
        )
        bottom += share
    names = [f"{point}, {quantity(float(kg), 'kg')}" for point, kg in zip(facts.points, total, strict=True)]
    axes.set_xticks(places, names, rotation=90)
    if facts.knee is not None:
        axes.get_xticklabels()[facts.knee].set_color(theme.accent)
        axes.get_xticklabels()[facts.knee].set_fontweight("bold")
    axes.set(ylabel="share of the expected CO2e (%)", ylim=(0, 100), xlabel="run@round on the front, its CO2e")
    legend(axes)
    shown = f"{len(facts.points)} of {facts.of} points of the front, from cheap to dear"
    note(axes, [*facts.notes, shown + ("; bold: the knee" if facts.knee is not None else "")], theme)
    return axes


def _one(row: int | None) -> list[int]:
    return [] if row is None else [row]
